# SPDX-License-Identifier: MIT
"""import liquid_audio: the same results as on the host, no allocation, clear errors."""

import binascii

import numpy as np
import pytest
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.lnn import LnnError, write
from liquid_audio_nets.lnn.writer import assemble
from liquid_audio_nets.native import LNN, add_golden
from mpremote.romfs import VfsRomWriter
from small_model import noise, small_model, tiny_int16_model, tiny_integer_model, tiny_timetable_model
from virtual_board import MODEL

LOAD = "import liquid_audio, array\nnet = liquid_audio.LNN.load('/models/keywords.lnn')\n"


@pytest.fixture
def board(m4f):
    m4f.exec(LOAD)
    return m4f


def fails(machine, code: str) -> str:
    """The last line of the exception that the code raises."""
    with pytest.raises(RemoteError) as caught:
        machine.exec(code)
    return caught.value.last_line


def test_labels_and_sizes(board):
    with LNN.load(MODEL) as host:
        assert eval(board.exec("print(net.labels)")) == tuple(host.labels)
        assert eval(board.exec("print((net.sample_rate, net.model_bytes))")) == (host.sample_rate, host.model_bytes)
        assert eval(board.exec("print(net.ram_bytes)")) <= host.ram_bytes  # pointers are smaller


def test_same_results_as_on_the_host(board, speech):
    path, samples = speech
    printed = board.exec(f"""
mic = liquid_audio.Mic({str(path)!r}, rate=0)
block = bytearray(2 * 512)
while mic.readinto(block) == 512:
    r = net.process(block)
    print((r.label, r.confidence, r.timestep, r.energy, r.steps, r.keyword_detected) + r.scores)
""")
    device = np.array([eval(line) for line in printed.split("\n") if line.strip()], float)
    host_rows = []
    with LNN.load(MODEL) as host:
        for at in range(0, len(samples) - 511, 512):
            r = host.process(samples[at : at + 512])
            host_rows.append((r.label, r.confidence, r.timestep, r.energy, r.steps, r.keyword_detected, *r.scores))
    host_rows = np.array(host_rows, float)
    assert device.shape == host_rows.shape
    assert np.array_equal(device[:, 4], host_rows[:, 4])  # steps
    assert np.array_equal(device[:, 5], host_rows[:, 5])  # detections
    assert np.abs(device[:, 6:] - host_rows[:, 6:]).max() < 1e-3
    assert np.abs(device[:, 2:4] - host_rows[:, 2:4]).max() < 1e-4


def test_process_allocates_nothing(board, speech):
    path, _ = speech
    assert (
        board.exec(f"""
import gc
mic = liquid_audio.Mic({str(path)!r}, rate=0)
audio = bytearray(640)
def run(blocks):
    gc.collect()
    before = gc.mem_alloc()
    for i in range(blocks):
        if mic.readinto(audio) < 320:
            break
        if net.process(audio).keyword_detected:
            net.skip(0)
    return gc.mem_alloc() - before
run(1)
print(run(100))
""").strip()
        == "0"
    )


def test_a_buffer_is_used_in_place_and_kept_alive(board):
    assert eval(
        board.exec("""
import gc
data = open('/models/keywords.lnn', 'rb').read()
gc.collect()
before = gc.mem_alloc()
net2 = liquid_audio.LNN.load(memoryview(data))
grown = gc.mem_alloc() - before
size = len(data)
del data
gc.collect()
junk = [bytearray(1000) for i in range(100)]
print((grown < net2.ram_bytes + 2000 < size, net2.selftest() < 1e-3))
del net2, junk
""")
    ) == (True, True)


def test_result_is_reused(board):
    assert board.exec("print(net.process(bytes(640)) is net.process(bytes(640)))").strip() == "True"


@pytest.mark.parametrize(
    "block",
    [
        "bytes(640)",
        "bytearray(640)",
        "memoryview(bytearray(640))",
        "array.array('h', [0] * 320)",
        "memoryview(array.array('h', [0] * 320))",
        "b''",
        "bytes(2)",
    ],
)
def test_audio_buffers(board, block):
    board.exec(f"net.process({block})")


@pytest.mark.parametrize(
    "block, error",
    [
        ("bytes(3)", "ValueError: 3 bytes"),
        ("'ab'", "TypeError: audio must be 16-bit"),
        ("array.array('f', [1])", "TypeError"),
        ("array.array('H', [1])", "TypeError"),
        ("array.array('b', [1, 2])", "TypeError: audio must be 16-bit"),
        ("memoryview(array.array('b', [1, 2]))", "TypeError: audio must be 16-bit"),
        ("None", "TypeError"),
        ("memoryview(bytes(5))[1:]", "ValueError: audio starts"),
    ],
)
def test_wrong_audio(board, block, error):
    assert fails(board, f"net.process({block})").startswith(error)


def test_policy_is_readable_and_writable(board):
    board.exec("net.release_growth = 2\nnet.max_timestep = 0.05")
    assert eval(board.exec("print((net.release_growth, round(net.max_timestep, 6), net.complexity))")) == (
        2,
        0.05,
        "energy",
    )
    board.exec(
        "net.set_adaptive_config(min_timestep=0.01, max_timestep=0.08, energy_threshold=0.01, complexity='spectral_flux')"
    )
    policy = eval(board.exec("print(net.policy)"))
    with LNN.load(MODEL) as host:
        assert set(policy) == set(host.policy)
    assert policy["complexity"] == "spectral_flux" and abs(policy["min_timestep"] - 0.01) < 1e-6


@pytest.mark.parametrize(
    "code, error",
    [
        ("net.nothing = 1", "AttributeError"),
        ("net.set_adaptive_config(nothing=1)", "TypeError: no policy field 'nothing'"),
        ("net.set_adaptive_config({'hold': 0.1})", "TypeError: function takes 1 positional arguments but 2 were given"),
        ("net.set_adaptive_config({'hold': 0.1}, hold=0.2)", "TypeError: function takes 1 positional arguments"),
        ("net.energy_threshold = float('nan')", "ValueError: POLICY: "),
        ("net.thresholds['maybe']", "KeyError"),
        ("net.thresholds[99]", "KeyError"),
        ("net.skip(-1)", "ValueError"),
    ],
)
def test_wrong_settings_change_nothing(board, code, error):
    before = board.exec("print(net.policy, list(net.thresholds))")
    assert fails(board, code).startswith(error)
    assert board.exec("print(net.policy, list(net.thresholds))") == before


TIMETABLE = """
net.deinit()
net = liquid_audio.LNN.load('/models/table.lnn')
t = net.timetable
"""


def test_a_learned_policy_is_edited_and_chooses_as_on_the_host(board, speech):
    model = write(tiny_timetable_model())
    board.send(model, "/models/table.lnn")
    path, samples = speech
    printed = board.exec(f"""{TIMETABLE}
t['timestep_ms'][13] = 77
net.timetable = t
assert net.timetable == t and net.selftest() < 0.002 and net.timetable == t
mic, block = liquid_audio.Mic({str(path)!r}, rate=0), bytearray(1024)
while mic.readinto(block) == 512:
    r = net.process(block)
    print((r.steps, round(r.timestep * 1e6)))
""")
    found, wanted = [eval(line) for line in printed.split("\n") if line.strip()], []
    with LNN(model) as host:
        table = host.timetable
        table["timestep_ms"][13] = 77
        host.timetable = table
        assert eval(board.exec("print(net.timetable)")) == table
        for at in range(0, len(samples) - 511, 512):
            result = host.process(samples[at : at + 512])
            wanted.append((result.steps, round(result.timestep * 1e6)))
    assert [steps for steps, _ in found] == [steps for steps, _ in wanted]
    assert all(abs(a - b) <= 1 for (_, a), (_, b) in zip(found, wanted, strict=True))
    assert len({us for _, us in found}) > 2
    board.exec("net.timetable = None")
    assert board.exec("print(net.timetable)").strip() == "None"
    board.exec("net.deinit()")


@pytest.mark.parametrize(
    "part, error",
    [
        ("'timestep_ms': [0] * 18", "ValueError: POLICY"),
        ("'timestep_ms': [1] * 17", "ValueError"),
        ("'complexity': [3, 1, 0]", "ValueError: POLICY"),
        ("'evidence': [0, 1.5, 0]", "ValueError: POLICY"),
        ("'evidence': [0, float('nan'), 0]", "ValueError: POLICY"),
        ("'evidence': 3", "TypeError"),
    ],
)
def test_an_impossible_timetable_changes_nothing(board, part, error):
    board.send(write(tiny_timetable_model()), "/models/table.lnn")
    board.exec(TIMETABLE)
    assert fails(board, f"t.update({{{part}}})\nnet.timetable = t").startswith(error)
    assert eval(board.exec("print(net.timetable['timestep_ms'][0])")) == 20
    assert fails(board, "net.timetable = 3").startswith("TypeError")
    board.exec("net.deinit()")


@pytest.mark.parametrize(
    "setting",
    [
        "max_timestep=0.001",
        "max_timestep=-1.0",
        "max_timestep=1.5",
        "min_timestep=0.2",
        "min_timestep=0.0",
        "hold=20.0",
        "hold=float('inf')",
        "hold=float('nan')",
        "hold=-1.0",
        "min_timestep=-1.0",
        "complexity='loudness'",
        "energy_threshold=float('nan')",
        "energy_threshold=1.5",
        "gate_close_ratio=-0.5",
        "attack_threshold=0.125",
        "release_threshold=3e9",
        "release_growth=0.5",
        "background_rise_per_s=-1.0",
        "min_timestep=0.01, release_growth=101.0",
    ],
)
def test_an_impossible_policy_is_refused_in_the_words_of_the_host(board, setting):
    code, before = f"net.set_adaptive_config({setting})", board.exec("print(net.policy)")
    with LNN.load(MODEL) as net, pytest.raises(LnnError) as there:
        eval(code, {"net": net})
    assert fails(board, code) == f"ValueError: {there.value}"
    assert board.exec("print(net.policy)") == before


@pytest.mark.parametrize("kind", ["thresholds", "refractory"])
def test_an_impossible_value_of_a_label_is_refused_in_the_words_of_the_host(board, kind):
    for value in (5000.0, -0.5, "float('nan')"):
        code = f"net.{kind}.__setitem__('yes', {value})"
        with LNN.load(MODEL) as net, pytest.raises(LnnError) as there:
            eval(code, {"net": net})
        said = fails(board, f"net.{kind}['yes'] = {value}")
        assert said == f"ValueError: {there.value}"


def test_thresholds(board):
    board.exec("net.thresholds['yes'] = 0.5\nnet.thresholds[1] = 0.25")
    assert eval(board.exec("print((net.thresholds[0], net.thresholds['no'], len(net.thresholds)))"))[:2] == (0.5, 0.25)


def test_refractory_times(board):
    board.exec("net.refractory['yes'] = 0.5\nnet.refractory[1] = 0")
    assert eval(board.exec("print((net.refractory['yes'], net.refractory['no'], len(net.refractory)))")) == (0.5, 0, 12)


@pytest.mark.parametrize("points", [64, 256, 512])
def test_float_front_ends_up_to_512_points(m4f, points):
    """CMSIS-DSP does 512 points, the portable FFT the smaller sizes with CMSIS-DSP's sines."""
    assert float(m4f.exec(load_code(small_model(window_samples=points, channels=8)) + "print(net.selftest())")) < 1e-3


def test_a_larger_float_front_end_is_refused(m4f):
    assert fails(m4f, load_code(small_model(window_samples=1024, channels=8))).startswith("ValueError: FRONTEND: ")


def load_code(model) -> str:
    data = binascii.b2a_base64(write(add_golden(model, noise(4000))), newline=False).decode()
    return f"import liquid_audio, binascii\nnet = liquid_audio.LNN.load(binascii.a2b_base64('{data}'))\n"


def test_counters(board):
    board.exec("for i in range(50): net.process(bytes(640))")
    counters = eval(board.exec("print(net.counters(clear=True))"))
    with LNN.load(MODEL) as host:
        assert set(counters) == set(host.counters())
    assert counters["samples"] == 16000 and counters["gated_ticks"] == counters["ticks"] > 0
    assert counters["gate_time"] > 0 == counters["frontend_time"]
    assert eval(board.exec("print(net.counters())"))["samples"] == 0


def test_closing(board):
    board.exec("with liquid_audio.LNN.load('/models/keywords.lnn') as closed: pass\nclosed.deinit()")
    for code in (
        "closed.process(bytes(2))",
        "closed.policy",
        "closed.reset()",
        "closed.counters()",
        "list(closed.thresholds)",
    ):
        assert fails(board, code) == "ValueError: the model was closed by deinit()"


@pytest.mark.parametrize("source", ["data", "memoryview(data)"])
def test_a_writable_buffer_is_copied(m4f, source):
    """What was checked at load stays as it was, whatever becomes of the buffer (r11)."""
    m4f.mpremote("soft-reset")  # room for several copies
    assert (
        float(
            m4f.exec(f"""
import liquid_audio, gc
data = bytearray(open('/models/keywords.lnn', 'rb').read())
net = liquid_audio.LNN.load({source})
for i in range(0, len(data), 64): data[i] ^= 255
data.extend(bytes(400000))
gc.collect()
junk = [b'\\x55' * 1000 for i in range(300)]
print(net.selftest())
""")
        )
        < 1e-3
    )


def test_a_model_in_rom_is_used_in_place(m4f, tmp_path):
    """A file of a ROM file system is a read-only buffer. It must lie at a multiple of 4 bytes."""
    model, images = MODEL.read_bytes(), []
    for before in range(4):
        for after in range(2):
            rom = VfsRomWriter()
            rom.mkfile("before", bytes(before))
            rom.mkfile("m.lnn", model)
            rom.mkfile("after", bytes(after))
            images.append(rom.finalise())
    image = next(image for image in images if image.index(model) % 4 == 0)
    (tmp_path / "rom").write_bytes(image)
    m4f.mpremote("soft-reset", "cp", tmp_path / "rom", ":/rom.img")
    printed = m4f.exec("""
import gc, liquid_audio, os, vfs
vfs.mount(vfs.VfsRom(open('/rom.img', 'rb').read()), '/rom')
gc.collect()
before = gc.mem_alloc()
net = liquid_audio.LNN.load(open('/rom/m.lnn', 'rb'))
print(gc.mem_alloc() - before < net.ram_bytes + 2000, net.selftest() < 1e-3)
vfs.umount('/rom')
os.remove('/rom.img')
""")
    assert printed.strip() == "True True"


def test_no_pointer_survives_python_code(board):
    """Converting an argument may run Python code that closes the model or resizes a buffer."""
    board.exec("""
class Closes:
    def __float__(self):
        victim.deinit()
        return 0.5
    def __eq__(self, other):
        victim.deinit()
        return other == 'yes'
    def __hash__(self):
        return 1
""")
    for code in (
        "victim.step(array.array('f', [0] * 40), Closes())",
        "victim.hold = Closes()",
        "victim.set_adaptive_config(hold=Closes())",
        "victim.thresholds['yes'] = Closes()",
        "victim.thresholds[Closes()]",
        "victim.thresholds[Closes()] = 0.5",
    ):
        said = fails(board, f"victim = liquid_audio.LNN.load('/models/keywords.lnn')\n{code}")
        assert said == "ValueError: the model was closed by deinit()", code


@pytest.mark.parametrize(
    "code, error",
    [
        ("liquid_audio.LNN.load('/none.lnn')", "OSError: [Errno 2] ENOENT: /none.lnn"),
        ("liquid_audio.LNN.load(b'')", "ValueError: TRUNCATED: "),
        ("liquid_audio.LNN.load(bytes(4096))", "ValueError: MAGIC: "),
        ("liquid_audio.LNN.load(3)", "TypeError"),
        ("liquid_audio.LNN.load()", "TypeError"),
    ],
)
def test_what_cannot_be_loaded(board, code, error):
    assert fails(board, code).startswith(error)


def test_damaged_files_are_named_never_crash(board):
    """Cuts and single flipped bits, all over the file."""
    outcomes = eval(
        board.exec("""
import os
data = bytearray(open('/models/keywords.lnn', 'rb').read())
names = {}
def attempt(buffer):
    try:
        liquid_audio.LNN.load(buffer)
        name = 'loaded'
    except ValueError as error:
        name = str(error).split(':')[0]
    names[name] = names.get(name, 0) + 1
for i in range(40):
    attempt(memoryview(data)[: len(data) * i // 40])
    at = len(data) * i // 40 + i
    data[at] ^= 1 << i % 8
    attempt(data)
    data[at] ^= 1 << i % 8
attempt(data)
print(names)
""")
    )
    assert outcomes.pop("loaded") == 1
    assert outcomes.pop("TRUNCATED") >= 40
    assert sum(outcomes.values()) >= 39 and outcomes.get("CRC", 0) > 30


@pytest.mark.parametrize("field, name, error", [("solver", "euler", "SOLVER"), ("kind", "cfc", "CELL")])
def test_what_the_firmware_lacks_is_refused_with_its_name(m4f, field, name, error):
    model = tiny_integer_model()
    setattr(model.cells[1], field, name)
    data = binascii.b2a_base64(assemble(model), newline=False).decode()
    said = fails(m4f, f"import liquid_audio, binascii\nliquid_audio.LNN.load(binascii.a2b_base64('{data}'))")
    assert said.startswith(f"ValueError: {error}: ") and said.endswith(f"({name})")


def test_a_model_with_int16_weights_runs(m4f):
    model = write(tiny_int16_model())
    with LNN(model) as lnn:
        here = lnn.process(noise(3200)).scores
    data, sound = (binascii.b2a_base64(x, newline=False).decode() for x in (model, noise(3200).tobytes()))
    there = m4f.exec(
        f"import liquid_audio, binascii\nnet = liquid_audio.LNN.load(binascii.a2b_base64('{data}'))\n"
        f"net.selftest()\nprint(net.process(binascii.a2b_base64('{sound}')).scores)"
    )
    assert np.allclose(eval(there), here, rtol=1e-6)
