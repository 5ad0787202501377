# SPDX-License-Identifier: MIT
"""MicroPython with liquid_audio on Zephyr: files, speech through the emulated DMIC, the same results as on the host."""

import ast
import re

import numpy as np
import pytest
from liquid_audio_nets.board import machine
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.native import LNN
from trust import refuses_what_it_does_not_trust

LISTEN = """
import liquid_audio, array
net = liquid_audio.LNN.load({model!r})
mic = liquid_audio.Mic({wav!r})
block = array.array('h', [0] * 320)
heard, n = [], 320
while n:
    n = mic.readinto(block)
    if mic.lost:
        net.skip(mic.lost)
    if n:
        result = net.process(memoryview(block)[:n])
        if result.keyword_detected:
            heard.append((result.keyword, result.confidence, result.scores))
c = net.counters()
print((heard, c['samples'], c['steps'], c['ticks'], c['gated_ticks'], mic.overruns, mic.restarts))
"""


CLOCK_US = 1000  # a tick of Zephyr's clock on these boards


def test_files_come_and_go(m4f, tmp_path):
    data = np.random.default_rng(1).bytes(60_000)
    (tmp_path / "random.bin").write_bytes(data)
    m4f.mpremote("cp", tmp_path / "random.bin", ":random.bin")
    assert "60000 random.bin" in m4f.mpremote("ls")
    m4f.mpremote("cp", ":random.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    m4f.mpremote("rm", ":random.bin")


def test_integer_model_is_bit_identical(m4f, integer_model_path, babble_wav):
    hears_what_the_host_hears(m4f, integer_model_path, babble_wav)


def test_other_machines_are_bit_identical_too(other, root, integer_model_path, babble_wav):
    assert (
        eval(
            other.exec("""
import liquid_audio
net = liquid_audio.LNN.load(liquid_audio.baked_model())
net.selftest()
print(net.labels)
""")
        )
        == LNN.load(root / "device/models/keywords.lnn").labels
    )
    hears_what_the_host_hears(other, integer_model_path, babble_wav)


def hears_what_the_host_hears(player, integer_model_path, babble_wav):
    path, samples = babble_wav
    player.mpremote("cp", integer_model_path, ":integer.lnn")
    heard, n, steps, ticks, gated, overruns, restarts = eval(
        player.exec(LISTEN.format(model="integer.lnn", wav=str(path)))
    )
    net, expected = LNN.load(integer_model_path), []
    for at in range(0, len(samples), 320):
        result = net.process(samples[at : at + 320])
        if result.keyword_detected:
            expected.append((result.keyword, result.confidence, tuple(result.scores)))
    counters = net.counters()
    assert (n, overruns, restarts) == (len(samples), 0, 0)
    assert (steps, ticks, gated) == (counters["steps"], counters["ticks"], counters["gated_ticks"])
    assert len(heard) == len(expected) > 0
    for (word, confidence, scores), (host_word, host_confidence, host_scores) in zip(heard, expected, strict=True):
        assert word == host_word
        # the board prints seven digits
        assert np.float32(confidence) == pytest.approx(np.float32(host_confidence), rel=1e-6)
        assert scores == pytest.approx(host_scores, rel=1e-6)


def test_shipped_model_hears_speech(m4f, root, tmp_path):
    from liquid_audio_nets.audio import say, write_wav

    pause = (np.random.default_rng(3).normal(size=12000) * 6).astype(np.int16)
    samples = np.concatenate([pause, say("yes"), pause, say("no"), pause])
    write_wav(tmp_path / "speech.wav", samples)
    m4f.mpremote("cp", root / "device/models/keywords.lnn", ":keywords.lnn")
    heard, *_ = eval(m4f.exec(LISTEN.format(model="keywords.lnn", wav=str(tmp_path / "speech.wav"))))
    net, expected = LNN.load(root / "device/models/keywords.lnn"), []
    for at in range(0, len(samples), 320):
        result = net.process(samples[at : at + 320])
        if result.keyword_detected:
            expected.append((result.keyword, result.confidence))
    assert [(word, confidence) for word, confidence, _ in heard] == [
        (word, pytest.approx(confidence, abs=1e-3)) for word, confidence in expected
    ]


def test_gain_and_times(m4f, babble_wav):
    path, samples = babble_wav
    blocks = eval(
        m4f.exec(f"""
import liquid_audio, array
block, blocks = array.array('h', [0] * 320), []
with liquid_audio.Mic({str(path)!r}, gain=2.5) as mic:
    for i in range(4):
        n = mic.readinto(block)
        blocks.append((mic.lost, mic.time_us, list(block)[:n]))
print(blocks)
""")
    )
    louder, at, start_us = np.clip(samples.astype(int) * 640 >> 8, -32768, 32767), 0, blocks[0][1]
    for lost, time_us, heard in blocks:
        assert lost == 0 and heard == louder[at : at + len(heard)].tolist()
        assert time_us - start_us == pytest.approx(at * 62.5, abs=CLOCK_US)
        at += len(heard)


def test_who_opens_a_file_last_hears_it_from_its_start(m4f, babble_wav):
    path, samples = babble_wav
    assert eval(
        m4f.exec(f"""
import liquid_audio, array
old, new = array.array('h', [0] * 320), array.array('h', [0] * 320)
first = liquid_audio.Mic({str(path)!r})
first.readinto(old)
with liquid_audio.Mic({str(path)!r}) as mic:
    mic.readinto(new)
    print((list(new), first.readinto(old)))
""")
    ) == (samples[:320].tolist(), 0)


FIRST_BLOCK = """
import liquid_audio, array
mic, block = liquid_audio.Mic({wav!r}), array.array('h', [0] * 320)
n = mic.readinto(block)
print((n, list(block)))
"""


def test_a_soft_reset_stops_the_microphone(m4f, babble_wav):
    """Ctrl-D while it captures, and one script after another."""
    path, samples = babble_wav
    expected = (320, samples[:320].tolist())
    for _ in range(2):
        assert eval(m4f.exec(FIRST_BLOCK.format(wav=str(path)))) == expected
    m4f.mpremote("soft-reset")
    assert eval(m4f.exec(FIRST_BLOCK.format(wav=str(path)))) == expected
    slept, took = eval(
        m4f.exec("""
import gc, time
del mic
gc.collect()
start, slept = time.ticks_us(), liquid_audio.slept_us()
liquid_audio.lightsleep(200)
print((liquid_audio.slept_us() - slept, time.ticks_diff(time.ticks_us(), start)))
""")
    )
    assert slept > 0.9 * took


def test_a_closed_microphone_ends_a_loop(m4f, babble_wav):
    code = FIRST_BLOCK.format(wav=str(babble_wav[0])) + "while True:\n    mic.readinto(block)\n    mic.deinit()\n"
    with pytest.raises(RemoteError, match=r"the microphone was closed by deinit\(\)"):
        m4f.exec(code)
    assert eval(m4f.exec(FIRST_BLOCK.format(wav=str(babble_wav[0]))))[0] == 320


def test_waiting_for_sound_is_sleeping(m4f, babble_wav):
    slept, took = eval(
        m4f.exec(f"""
import liquid_audio, time
mic, block = liquid_audio.Mic({str(babble_wav[0])!r}), bytearray(640)
start, slept = time.ticks_us(), liquid_audio.slept_us()
for i in range(50):
    mic.readinto(block)
print((liquid_audio.slept_us() - slept, time.ticks_diff(time.ticks_us(), start)))
mic.deinit()
""")
    )
    assert took == pytest.approx(1_000_000, abs=20_000)  # a block more or less
    assert slept > 0.9 * took


def test_light_sleep_is_sleep(m4f):
    slept, took = eval(
        m4f.exec("""
import liquid_audio, time
start, slept = time.ticks_us(), liquid_audio.slept_us()
liquid_audio.lightsleep(300)
liquid_audio.lightsleep(0)
print((liquid_audio.slept_us() - slept, time.ticks_diff(time.ticks_us(), start)))
""")
    )
    assert took == pytest.approx(300_000, abs=5_000) and slept > 0.9 * took


def test_microphone_says_what_is_wrong(m4f, tmp_path):
    with pytest.raises(RemoteError, match=r"ENODEV|19, 'emul-dmic'"):
        m4f.exec("import liquid_audio\nliquid_audio.Mic()")
    with pytest.raises(RemoteError, match="ENOENT"):
        m4f.exec("import liquid_audio\nliquid_audio.Mic('/no/such.wav')")
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(RemoteError, match="needs 16-bit mono PCM at 16000 Hz"):
        m4f.exec(f"import liquid_audio\nliquid_audio.Mic({str(tmp_path / 'bad.wav')!r})")
    with pytest.raises(RemoteError, match="gain must be a factor"):
        m4f.exec("import liquid_audio\nliquid_audio.Mic(gain=0)")


def test_script_hears_with_the_model_in_the_firmware(m4f, root, tmp_path):
    """No models/keywords.lnn on the board: kws.py takes the baked one."""
    from liquid_audio_nets.audio import say, write_wav

    pause = (np.random.default_rng(4).normal(size=12000) * 6).astype(np.int16)
    samples = np.concatenate([pause, say("yes"), pause, say("no"), pause])
    write_wav(tmp_path / "speech.wav", samples)
    machine.set_audio(m4f.board, tmp_path / "speech.wav")
    text = m4f.mpremote("run", root / "device/kws.py")
    net, expected = LNN.load(root / "device/models/keywords.lnn"), []
    for at in range(0, len(samples), 320):
        result = net.process(samples[at : at + 320])
        if result.keyword_detected:
            expected.append(result.keyword)
    assert re.findall(r"^ *[\d.]+ s  (\S+) ", text, re.M) == expected
    assert f"{len(samples) / 16000:.1f} s of audio" in text


def test_model_larger_than_the_heap_is_refused_with_both_sizes(m4f, integer_model_path):
    m4f.mpremote("cp", integer_model_path, ":integer.lnn")
    ram_bytes = LNN.load(integer_model_path).ram_bytes
    with pytest.raises(RemoteError, match=rf"MemoryError: the model needs {ram_bytes} bytes of RAM, \d+ are free"):
        m4f.exec("""
import liquid_audio, gc
with open("integer.lnn", "rb") as file:
    data = file.read()
hog, n = [], gc.mem_free()
while n > 2000:
    try:
        hog.append(bytearray(n))
    except MemoryError:
        n //= 2
try:
    liquid_audio.LNN.load(data)
finally:
    hog = None
""")


def test_a_key_in_the_firmware(trusting_m4f):
    """The model in flash is signed, too; others come as files."""
    machine, private_key = trusting_m4f
    baked = "import liquid_audio\nprint(liquid_audio.LNN.load(liquid_audio.baked_model()).model_version)"
    assert machine.exec(baked).strip() == "2"
    refuses_what_it_does_not_trust(machine, private_key, "/flash")


def test_board_without_microphone_and_file_system(bare_m3, root):
    assert (
        eval(
            bare_m3.exec("""
import liquid_audio
net = liquid_audio.LNN.load(liquid_audio.baked_model())
net.selftest()
print(net.labels)
""")
        )
        == LNN.load(root / "device/models/keywords.lnn").labels
    )
    with pytest.raises(RemoteError, match=r"OSError: \(19, 'liquid-audio,microphone'\)|ENODEV"):
        bare_m3.exec("liquid_audio.Mic()")
    text = bare_m3.mpremote("run", root / "device/kws.py")
    assert "liquid-audio,microphone" in text and "Traceback" not in text


def test_stubs_name_what_zephyr_adds(m4f, root):
    stub = ast.parse((root / "device/typings/liquid_audio.pyi").read_text())
    mic = next(node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "Mic")

    def declared(nodes):
        """Names, those below `if sys.platform == "zephyr"` included."""
        names = {node.target.id for node in nodes if isinstance(node, ast.AnnAssign)}
        names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        return names.union(*(declared(node.body) for node in nodes if isinstance(node, ast.If)))

    has = set(eval(m4f.exec("import liquid_audio\nprint(dir(liquid_audio))"))) - {"__name__", "__class__", "__dict__"}
    assert has | {"baked_model"} == declared(stub.body) - {"Result", "Thresholds", "PerLabel"}
    names = [name for name in declared(mic.body) if not name.startswith("__")]
    assert not eval(
        m4f.exec(
            f"print([n for n in {names} if n not in ('lost', 'overruns', 'rate', 'restarts', 'time_us') "
            "and n not in dir(liquid_audio.Mic)])"
        )
    )
