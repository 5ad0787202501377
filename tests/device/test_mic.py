"""The virtual board's microphone: the host's wav at the pace of the board's clock."""

import wave

import numpy as np
import pytest
from liquid_audio_nets.link import RemoteError


def write(path, samples, rate=16000, channels=1, width=2):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(np.asarray(samples).tobytes())
    return path


@pytest.fixture
def ramp(tmp_path):
    return write(tmp_path / "ramp.wav", np.arange(16000, dtype=np.int16))


READ = """
import liquid_audio, array, time
block = array.array('h', [0] * 320)
"""


def test_audio_arrives_as_it_is(m4f, ramp):
    assert eval(
        m4f.exec(
            READ
            + f"""
mic = liquid_audio.Mic({str(ramp)!r}, rate=0)
total, good, n = 0, True, 320
while n:
    n = mic.readinto(block)
    good = good and all(block[i] == total + i for i in range(n))
    total += n
print((total, good, mic.rate, mic.overruns))
"""
        )
    ) == (16000, True, 16000, 0)


def test_pace_is_the_clocks(m4f, ramp):
    us, work = eval(
        m4f.exec(
            READ
            + f"""
mic = liquid_audio.Mic({str(ramp)!r})
start, w = time.ticks_us(), liquid_audio.clock()
while mic.readinto(block): pass
print((time.ticks_diff(time.ticks_us(), start), liquid_audio.clock() - w))
"""
        )
    )
    assert 1_000_000 <= us < 1_005_000
    assert work < 200_000  # a second of waiting


def test_who_reads_too_late_loses_the_oldest(m4f, ramp):
    lost, overruns, first = eval(
        m4f.exec(
            READ
            + f"""
mic = liquid_audio.Mic({str(ramp)!r}, block=160)
mic.readinto(block)
time.sleep(0.5)
mic.readinto(block)
print((mic.lost, mic.overruns, block[0]))
"""
        )
    )
    assert overruns == 1 and first == 320 + lost
    assert abs(lost - (8000 - 8 * 160)) < 32  # eight buffers of 160 samples are kept


@pytest.fixture
def net(m4f):
    m4f.exec("import liquid_audio, gc, time\nnet = liquid_audio.LNN.load('/models/keywords.lnn')")
    return m4f


def test_listening_is_reading_skipping_and_processing(net, speech):
    """As a loop by hand, block by block; a pause in it loses audio, which counts as elapsed time."""
    found = []
    for loop in (
        "for r in net.listen(mic, 32):",
        "while n := mic.readinto(block):\n    net.skip(mic.lost)\n    r = net.process(memoryview(block)[: n])",
    ):
        found.append(
            eval(
                net.exec(f"""
net.reset(); net.counters(clear=True)
import array
block, mic, heard, blocks = array.array('h', [0] * 512), liquid_audio.Mic({str(speech[0])!r}, block=512), [], 0
{loop}
    blocks += 1
    if blocks == 20: time.sleep_ms(600)
    if r.keyword_detected: heard.append((r.keyword, r.steps))
c = net.counters()
print((heard, blocks, mic.overruns, c['samples'], c['steps']))
""")
            )
        )
    assert found[0] == found[1] and found[0][0] and found[0][2] == 1 and found[0][3] == len(speech[1])


def test_listening_allocates_nothing(net, speech):
    growth, blocks = eval(
        net.exec(f"""
mic = liquid_audio.Mic({str(speech[0])!r}, rate=0)
listening, r, before = net.listen(mic), 0, 0
next(listening); gc.collect(); gc.disable(); before = gc.mem_alloc()
for r in listening: pass
grown = gc.mem_alloc() - before
gc.enable()
print((grown, net.counters()['samples'] // 320))
""")
    )
    assert growth == 0 and blocks > 200


def test_a_microphone_of_ones_own(net):
    """Anything with rate, lost and readinto(); what it says is checked."""
    net.exec(
        "class Own:\n    rate, lost = 16000, 0\n    def readinto(self, block):\n        return self.n\nown = Own()"
    )
    assert net.exec("own.n = 0\nprint(list(net.listen(own)))").strip() == "[]"
    counted = net.exec(
        "own.lost = 700\nnet.counters(clear=True)\nlist(net.listen(own))\nprint(net.counters()['samples'])\nown.lost = 0"
    )
    assert counted.strip() == "0"  # of a gap before the last block, told once already
    for change, error in (
        ("own.n = 321", "ValueError: readinto"),
        ("own.n = -1", "ValueError: readinto"),
        ("own.n, own.lost = 320, -1", "ValueError: lost samples"),
        ("own.rate = 8000", "ValueError: the microphone has 8000 Hz, the model needs 16000 Hz"),
    ):
        with pytest.raises(RemoteError, match=error):
            net.exec(f"{change}\nnext(net.listen(own))")
    for wrong in ("net.listen()", "net.listen(3)", "net.listen(liquid_audio.Mic('/none.wav'))", "net.listen(own, 0)"):
        with pytest.raises(RemoteError, match="TypeError|AttributeError|OSError|ValueError"):
            net.exec(f"own.rate = 16000\n{wrong}")
    net.exec("own.n, own.lost = 320, 0\nlistening = net.listen(own)\nnext(listening)\nnet.deinit()")
    with pytest.raises(RemoteError, match="closed by deinit"):
        net.exec("next(listening)")


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda p: write(p, np.zeros(100, np.int16), rate=44100), "44100 Hz, the microphone needs 16000 Hz"),
        (lambda p: write(p, np.zeros(100, np.int16), channels=2), "the microphone needs one channel"),
        (lambda p: write(p, np.zeros(100, np.uint8), width=1), "the microphone needs 16-bit PCM"),
        (lambda p: p.write_bytes(b""), "not a wav file"),
        (lambda p: p.write_bytes(b"RIFF1234WAVE"), "a wav file without audio"),
        (lambda p: p.write_bytes(b"RIFF1234WAVEfmt \xff\xff\xff\xff"), "wav file"),
        (lambda p: p.write_bytes(bytes(5000)), "not a wav file"),
    ],
)
def test_what_is_no_microphone(m4f, tmp_path, make, error):
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises(RemoteError, match=error) as caught:
        m4f.exec(f"import liquid_audio\nliquid_audio.Mic({str(path)!r})")
    assert caught.value.last_line.startswith("ValueError: ")


def test_missing_file(m4f):
    with pytest.raises(RemoteError, match="ENOENT: /no/such.wav"):
        m4f.exec("import liquid_audio\nliquid_audio.Mic('/no/such.wav')")


@pytest.mark.parametrize(
    "arguments, error", [("rate=-1", "ValueError"), ("block=0", "ValueError"), ("speed=1", "TypeError")]
)
def test_wrong_arguments(m4f, ramp, arguments, error):
    with pytest.raises(RemoteError, match=error):
        m4f.exec(f"import liquid_audio\nliquid_audio.Mic({str(ramp)!r}, {arguments})")


def test_closing(m4f, ramp):
    with pytest.raises(RemoteError, match="closed by deinit"):
        m4f.exec(READ + f"with liquid_audio.Mic({str(ramp)!r}) as mic: pass\nmic.readinto(block)")


def test_many_are_collected(m4f, ramp):
    """Forgotten microphones give their files back to the host."""
    m4f.exec(
        f"import liquid_audio, gc\nfor i in range(2000):\n    liquid_audio.Mic({str(ramp)!r})\n    if i % 50 == 0: gc.collect()"
    )
