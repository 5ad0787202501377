# SPDX-License-Identifier: MIT
"""The virtual board's microphone: the host's wav at the pace of the board's clock."""

import time
import wave

import numpy as np
import pytest
import serial
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.native import LNN
from virtual_board import MODEL


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


def test_a_buffer_may_be_resized_while_the_microphone_waits(m4f, ramp):
    """The samples go into the buffer as it is then, not into the memory that it had (r6)."""
    assert eval(
        m4f.exec(
            READ
            + f"""
import micropython
mic = liquid_audio.Mic({str(ramp)!r})
mic.readinto(block)
audio, victims = bytearray(640), []
def grow(_):
    audio.extend(bytes(5000))
    for i in range(60): victims.append(bytes([i]) * 639)
micropython.schedule(grow, 0)
n = mic.readinto(audio)
print((n, audio[0] | audio[1] << 8, [i for i, v in enumerate(victims) if v != bytes([i]) * 639]))
"""
        )
    ) == (320, 320, [])


@pytest.mark.parametrize("target", ["mic", "net"])
def test_closing_while_the_microphone_waits(m4f, ramp, target):
    with pytest.raises(RemoteError, match="closed by deinit"):
        m4f.exec(
            READ
            + f"""
import micropython
net = liquid_audio.LNN.load('/models/keywords.lnn')
mic = liquid_audio.Mic({str(ramp)!r})
for heard in net.listen(mic):
    micropython.schedule(lambda _: {target}.deinit(), 0)
"""
        )


@pytest.mark.parametrize("target", ["mic", "net"])
def test_closing_inside_the_loop(m4f, ramp, target):
    with pytest.raises(RemoteError, match="closed by deinit"):
        m4f.exec(
            f"import liquid_audio\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\n"
            f"mic = liquid_audio.Mic({str(ramp)!r})\nfor heard in net.listen(mic): {target}.deinit()"
        )


def test_the_recording_starts_again_after_its_end(m4f, ramp):
    assert (
        eval(
            m4f.exec(
                READ
                + f"""
mic, found = liquid_audio.Mic({str(ramp)!r}, rate=0), []
for i in range(2):
    total = 0
    while n := mic.readinto(block): total += n
    found += [total, mic.readinto(block), block[0]]
    mic.readinto(block)
    while mic.readinto(block): pass
print(found)
"""
            )
        )
        == [16000, 320, 0] * 2
    )


def test_soft_reset_while_the_microphone_runs(m4f, ramp):
    """Ctrl-C, then Ctrl-D, in the middle of listen(): the next script has a microphone and all of the memory."""
    listens = (
        "import liquid_audio, gc\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\n"
        f"mic = liquid_audio.Mic({str(ramp)!r})\nfor heard in net.listen(mic): pass\n"
        "gc.collect()\nprint((net.counters()['samples'], mic.overruns, gc.mem_alloc()))"
    )
    m4f.mpremote("soft-reset")
    heard = eval(m4f.exec(listens))
    for _ in range(3):
        m4f.release()
        with serial.Serial(m4f.port, timeout=10) as port:
            port.write(b"\r\x03\x03")
            port.read_until(b">>> ")
            port.write(
                f"import liquid_audio; net = liquid_audio.LNN.load('/models/keywords.lnn'); "
                f"mic = liquid_audio.Mic({str(ramp)!r})\r".encode()
            )
            port.read_until(b">>> ")
            port.write(b"while 1: n = sum(1 for heard in net.listen(mic))\r\r\r")
            time.sleep(0.5)
            port.write(b"\x03\x04")
            assert b"soft reboot" in port.read_until(b"soft reboot")
            assert port.read_until(b">>> ").endswith(b">>> ")
    again = eval(m4f.exec(listens))
    assert again[:2] == heard[:2] == (16000, 0)
    assert again[2] - heard[2] < 2000  # the lines that were typed, and no model


def test_two_scripts_one_after_the_other(m4f, ramp):
    """The second finds the names of the first, and a microphone that the first left open and half read."""
    script = (
        "import liquid_audio\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\n"
        f"mic = liquid_audio.Mic({str(ramp)!r})\n"
    )
    m4f.exec(script + "next(net.listen(mic))")
    m4f.exec("old_net, old_mic = net, mic\n" + script)
    assert m4f.exec("print(sum(1 for heard in net.listen(mic)), mic.overruns)").split() == ["50", "0"]
    assert m4f.exec("next(old_net.listen(old_mic))\nprint(old_net.counters()['samples'])").strip() != "0"


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


def test_every_detection_is_yielded(net, speech):
    """Several of one block, too, each with its own label, confidence and timestep (r12)."""
    settings = """
for name in net.labels: net.thresholds[name], net.refractory[name] = 0.2, 0.05
"""
    found = eval(
        net.exec(f"""{settings}
net.reset(); net.counters(clear=True)
mic = liquid_audio.Mic({str(speech[0])!r}, rate=0)
heard = [(r.keyword, round(r.confidence, 3), round(r.timestep, 3)) for r in net.listen(mic, 1000) if r.keyword_detected]
counted = net.counters()
print((heard, counted['detections'], counted['lost_events'], net.events()))
net = liquid_audio.LNN.load('/models/keywords.lnn')
""")
    )
    with LNN.load(MODEL) as host:
        exec(settings, {"net": host})
        expected = []
        for at in range(0, len(speech[1]), 16000):
            host.process(speech[1][at : at + 16000])
            expected += [(e.label, round(e.confidence, 3), round(e.timestep, 3)) for e in host.events()]
    heard, detections, lost, left = found
    assert [row[0] for row in heard] == [row[0] for row in expected]
    assert np.allclose([row[1:] for row in heard], [row[1:] for row in expected], atol=2e-3)
    assert len(heard) == detections > len(speech[1]) // 16000 + 1 and lost == 0 and left == []


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
        ("own.n, own.lost = 320, -1", "ValueError: the number of lost samples"),
        ("own.rate = 8000", "ValueError: the microphone has 8000 Hz, the model needs 16000 Hz"),
    ):
        with pytest.raises(RemoteError, match=error):
            net.exec(f"{change}\nnext(net.listen(own))")
    for wrong in ("net.listen()", "net.listen(3)", "net.listen(liquid_audio.Mic('/none.wav'))", "net.listen(own, 0)"):
        with pytest.raises(RemoteError, match=r"TypeError|AttributeError|OSError|ValueError"):
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
    with pytest.raises(RemoteError, match=r"ENOENT: /no/such\.wav"):
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
