# SPDX-License-Identifier: MIT
"""Reader and writer: round trips, impossible models, and the same verdict as the C core on any bytes."""

import dataclasses

import integer_model as integers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid_audio_nets.lnn import Golden, Label, LnnError, Policy, read, save, write
from liquid_audio_nets.lnn.integer import ROW_LIMIT_S16
from liquid_audio_nets.lnn.layout import VERSION_MAJOR, VERSION_MINOR
from liquid_audio_nets.lnn.matrix_s8 import pack, unpack
from liquid_audio_nets.lnn.records import from_rows4, to_rows4
from liquid_audio_nets.lnn.writer import assemble, with_crc
from liquid_audio_nets.native import LNN, add_golden
from small_model import (
    integer_model,
    noise,
    small_model,
    tiny_int16_model,
    tiny_integer_model,
    tiny_model,
    tiny_numbers_model,
    tiny_sparse_model,
    tiny_wide_model,
    with_stages,
)
from verdicts import KINDS, same_verdict, tiny

QUICK = settings(max_examples=800, deadline=None, derandomize=True)
OURS = (VERSION_MAJOR, VERSION_MINOR)


@pytest.mark.parametrize(
    "make",
    [
        small_model,
        lambda: small_model(1, units=(2,), labels=("a",)),
        lambda: small_model(2, units=(6, 4, 8, 2), labels=tuple("abcdefg")),
        lambda: add_golden(small_model(), noise(4000)),
        tiny_model,
        integer_model,
        tiny_integer_model,
        tiny_sparse_model,
        tiny_wide_model,
        tiny_int16_model,
        lambda: integer_model(3, units=(6, 2), labels=tuple("abcdefg"), mels=37),
        tiny_numbers_model,
        lambda: tiny_numbers_model(integer=True),
    ],
    ids=range(13),
)
def test_round_trip(make):
    model = make()
    data = write(model)
    again = read(data)
    assert write(again) == data
    assert again.label_names == model.label_names and again.metadata == model.metadata
    for ours, theirs in zip(model.cells, again.cells, strict=True):
        for name, value in vars(theirs).items():
            if isinstance(value, np.ndarray):
                assert np.allclose(
                    value, getattr(ours, name), rtol=1e-6, atol=0.5 if value.dtype.kind in "iu" else 1e-9
                )
    with LNN(data) as lnn:
        assert lnn.info["parameters"] == model.parameters and lnn.info["macs_per_step"] == model.macs_per_step


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_traces_and_a_liquid_readout_come_back_as_they_were(make):
    model = with_stages(make())
    data = write(model)
    again = read(data)
    assert write(again) == data and (data[6], write(make())[6]) == (2, 0)
    assert np.allclose(again.traces.tau, model.traces.tau)
    assert type(again.readout) is type(model.readout) and again.cells[0].n_inputs == 80
    for name, value in vars(again.readout).items():
        same = value == getattr(model.readout, name)
        assert np.all(same) or np.allclose(value, getattr(model.readout, name), atol=0.5 * (make is integer_model)), (
            name
        )
    assert model.parameters - make().parameters == again.parameters - make().parameters > 0


@pytest.mark.parametrize("rows, columns", [(4, 4), (12, 7), (4, 1), (8, 40), (4, 64), (128, 104)])
def test_layouts_have_inverses(rows, columns):
    rng = np.random.default_rng(0)
    matrix = rng.integers(-127, 128, (rows, columns)) * (rng.random((rows, 1)) < 0.5)
    assert np.array_equal(from_rows4(to_rows4(matrix), columns), matrix)
    for layout in ("rows4x4", "rows4x16", "rows4x4_sparse"):
        assert np.array_equal(unpack(pack(matrix, layout), layout, rows, columns), matrix)
    for layout in ("rows4x4", "rows4x4_sparse"):
        assert np.array_equal(unpack(pack(250 * matrix, layout, "int16"), layout, rows, columns), 250 * matrix)
    assert pack(np.arange(16).reshape(4, 4), "rows4x4", "int16").weights.view("<i2")[:10].tolist() == [
        0,
        1,
        4,
        5,
        8,
        9,
        12,
        13,
        2,
        3,
    ]
    assert to_rows4(np.arange(8).reshape(4, 2)).tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
    assert pack(np.arange(16).reshape(4, 4), "rows4x4").weights[:8].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.parametrize("layout", ["rows4x4", "rows4x16", "rows4x4_sparse"])
def test_every_layout_gives_the_same_bits(layout):
    model = integer_model(units=(8, 12))
    for cell in model.cells:
        cell.weights_state[:4, :4] = 0  # a block that the sparse layout drops
    plain = write(model)
    for part in (*model.cells, *([model.readout] if layout != "rows4x4_sparse" else [])):
        part.layout = layout
    data = write(model)
    assert read(data).cells[0].layout == layout
    audio, logits = noise(16000), []
    for content in (plain, data):
        with LNN(content) as lnn:
            lnn.process(audio)
            logits.append(tuple(lnn.process(audio).scores))
    assert logits[0] == logits[1]


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda m: m.cells.clear(), "RANGE"),
        (lambda m: m.cells.pop(), "SHAPE"),
        (lambda m: m.cells.extend([m.cells[1]] * 4), "RANGE"),
        (lambda m: setattr(m.cells[0], "tau", np.zeros(8)), "NUMBER"),
        (lambda m: setattr(m.cells[0], "wf", np.full((8, 48), np.nan)), "NUMBER"),
        (lambda m: setattr(m.cells[0], "bf", np.zeros(7)), "SHAPE"),
        (lambda m: setattr(m.cells[0], "kind", "lstm"), "CELL"),
        (lambda m: setattr(m.cells[0], "kind", "cfc"), "CELL"),
        (lambda m: setattr(m.cells[0], "solver", "euler"), "SOLVER"),
        (lambda m: setattr(m.cells[0], "gate_clamp", 50.0), "NUMBER"),
        (lambda m: m.labels.pop(), "SHAPE"),
        (lambda m: m.labels.__setitem__(0, Label("")), "LABEL"),
        (lambda m: m.labels.__setitem__(0, Label("x" * 24)), "LABEL"),
        (lambda m: m.labels.__setitem__(0, Label("a\nb")), "LABEL"),
        (lambda m: m.labels.__setitem__(0, Label("yes", 1.5)), "NUMBER"),
        (lambda m: setattr(m, "policy", Policy(max_timestep_us=10)), "POLICY"),
        (lambda m: setattr(m.policy, "complexity", "loudness"), "POLICY"),
        (lambda m: setattr(m.readout, "idle_label", 3), "RANGE"),
        (lambda m: setattr(m.frontend, "inv_std", np.full(40, np.inf)), "NUMBER"),
        (lambda m: setattr(m.frontend, "mean", np.zeros(39)), "SHAPE"),
        (lambda m: setattr(m.frontend, "fft_points", 500), "RANGE"),
        (lambda m: setattr(m, "signature", b"short"), "SECTIONS"),
        (lambda m: setattr(m, "sample_rate_hz", 96000), "RANGE"),
    ],
)
def test_impossible_models_are_not_written(model, change, error):
    change(model)
    with pytest.raises(LnnError) as caught:
        write(model)
    assert caught.value.name == error


def test_two_kinds_of_weights_do_not_mix(model):
    mixed = integer_model()
    mixed.cells[1] = model.cells[1]
    with pytest.raises(LnnError) as caught:
        write(mixed)
    assert caught.value.name == "WEIGHTS"
    with pytest.raises(LnnError) as caught:
        write(dataclasses.replace(model, frontend=mixed.frontend))
    assert caught.value.name == "WEIGHTS"


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda m: setattr(m.frontend, "time_scale", 0.0), "NUMBER"),
        (lambda m: setattr(m.frontend, "feature_clip", -1.0), "NUMBER"),
        (lambda m: setattr(m.frontend, "scale", np.ones(3)), "SHAPE"),
        (lambda m: setattr(m.frontend, "mean", np.full(4, 1e20)), "NUMBER"),
        (lambda m: setattr(m, "golden", Golden(np.zeros(9, np.int16), np.zeros(2, np.float32), 1)), "NO_AUDIO"),
        (lambda m: m.cells.pop(0), "SHAPE"),
    ],
)
def test_impossible_models_of_numbers_are_not_written(change, error):
    model = tiny_numbers_model()
    change(model)
    with pytest.raises(LnnError) as caught:
        write(model)
    assert caught.value.name == error


TASKS = ("keywords", "wake_word", "vad", "sounds", "anomaly", "series")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("task", TASKS)
def test_reader_and_core_agree_on_the_task_of_a_frontend(kind, task):
    """Numbers are read by series alone, and series reads nothing else."""
    model = dataclasses.replace(read(tiny(kind)), task=task)
    said = same_verdict(assemble(model))
    if (task == "series") != (kind == "numbers"):
        assert said == "TASK"
    else:
        assert said == ("SHAPE" if task == "anomaly" else "OK")  # the labels are not the bands


@pytest.mark.parametrize(
    "field, name",
    [
        ("solver", "exact"),
        ("solver", "euler"),
        ("solver", "adaptive_heun"),
        ("kind", "ltc_const"),
        ("kind", "ltc_synaptic"),
        ("kind", "cfc"),
    ],
)
@pytest.mark.parametrize("make", [tiny_model, tiny_integer_model])
def test_what_the_core_does_not_run_is_refused_with_its_name(make, field, name):
    model = make()
    setattr(model.cells[1], field, name)
    for load in (read, LNN):
        with pytest.raises(LnnError, match=rf"\({name}\)") as caught:
            load(assemble(model))
        assert caught.value.name == {"solver": "SOLVER", "kind": "CELL"}[field]


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda cell: setattr(cell, "layout", "rows4x16"), "WEIGHTS"),
        (lambda cell: setattr(cell, "delta_q15", 1), "WEIGHTS"),
        (lambda cell: cell.weights_state.__setitem__(0, ROW_LIMIT_S16 // 4 + 1), "NUMBER"),
        (lambda cell: cell.weights_state.__setitem__((0, 0), 32768), "NUMBER"),
    ],
)
def test_int16_that_could_overflow_or_has_no_kernel_is_not_written(change, error):
    model = tiny_int16_model()
    change(model.cells[0])
    with pytest.raises(LnnError) as caught:
        write(model)
    assert caught.value.name == error


@pytest.mark.parametrize("size, error", [(ROW_LIMIT_S16, "OK"), (ROW_LIMIT_S16 + 1, "NUMBER")])
def test_reader_and_core_agree_on_the_sum_of_a_row(size, error):
    model = tiny_int16_model()
    model.golden = None
    for row in range(8):
        model.cells[0].weights_state[row] = (32767, -1, size - 2 * 32767 - 1, -32767)
        assert same_verdict(with_crc(assemble(model))) == error
        model.cells[0].weights_state[row] = 0


@pytest.mark.parametrize("layout", ["rows4x4", "rows4x4_sparse"])
def test_reader_and_core_agree_on_what_fills_up_the_last_columns(layout):
    model = integers.integer_model(units=(2,), weight="int16", layout=layout)
    weights = model.cells[0].weights_state
    weights[:] = 150
    bytes_of = pack(weights, layout, "int16").weights.tobytes()
    for filler, error in ((32747, "OK"), (32748, "NUMBER")):  # 2 * 150 + 2 * 32747 = 65794
        filled = bytes_of[:16] + np.full(8, filler, "<i2").tobytes()
        data = assemble(model)
        assert data.count(bytes_of) == 1
        assert same_verdict(with_crc(data.replace(bytes_of, filled))) == error


def test_an_interrupted_save_leaves_the_old_file(model, model_path, monkeypatch):
    before = model_path.read_bytes()
    model.cells[0].kind = "lstm"
    with pytest.raises(LnnError):
        save(model, model_path)
    assert model_path.read_bytes() == before and [p.name for p in model_path.parent.iterdir()] == [model_path.name]
    (model_path.parent / "taken.lnn").mkdir()
    with pytest.raises(OSError) as error:
        save(small_model(), model_path.parent / "taken.lnn")
    assert error.value.filename == str(model_path.parent / "taken.lnn")
    assert sorted(p.name for p in model_path.parent.iterdir()) == sorted([model_path.name, "taken.lnn"])


@pytest.mark.parametrize("kind", KINDS)
def test_reader_and_core_agree_on_every_truncation(kind):
    data = tiny(kind)
    for n in range(len(data)):
        assert same_verdict(data[:n]) != "OK"


@pytest.mark.parametrize("kind", KINDS)
@QUICK
@given(data=st.data())
def test_reader_and_core_agree_on_mutations(kind, data):
    mutant = bytearray(tiny(kind))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutant) - 1) | st.integers(0, 300))
        mutant[at] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 255]) | st.integers(0, 255))
    repaired = with_crc(bytes(mutant))
    same_verdict(repaired if data.draw(st.integers(0, 9)) else bytes(mutant))


@pytest.mark.parametrize(
    "data, error",
    [
        (b"yes, a text\n", "MAGIC"),
        (b"LN", "TRUNCATED"),
        (b"", "TRUNCATED"),
        (b"LNX", "MAGIC"),
        (b"LNN\x1a" + bytes(9), "TRUNCATED"),
    ],
)
def test_a_short_file_of_another_kind_is_not_called_cut_off(data, error):
    assert same_verdict(data) == error


@pytest.mark.parametrize("version", [(2, 0), (1, 99), (0, 0)])
def test_a_version_mismatch_names_both_versions(version):
    other = bytearray(tiny("float"))
    other[4:8] = np.array(version, "<u2").tobytes()
    with pytest.raises(LnnError, match=rf"file has version {version[0]}\.{version[1]}, .* {OURS[0]}\.{OURS[1]}"):
        read(bytes(other))
    assert same_verdict(bytes(other)) == "VERSION"


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_give_a_named_error(data):
    assert same_verdict(data) != "OK"
    assert same_verdict(with_crc(tiny("float")[:44] + data)) != "OK"
