# SPDX-License-Identifier: MIT
"""Cells that run at every second to fourth step, and a readout that hears all cells: the core against the references."""

import dataclasses

import numpy as np
import pytest
from integer_model import integer_model
from liquid_audio_nets.compress.calibration import calibrate
from liquid_audio_nets.evaluation.summary import summarise
from liquid_audio_nets.lnn import LnnError, read, write
from liquid_audio_nets.lnn.costs import estimate
from liquid_audio_nets.lnn.layout import STRUCTS
from liquid_audio_nets.lnn.records import unpack_record
from liquid_audio_nets.lnn.writer import with_crc
from liquid_audio_nets.native import LNN, add_golden
from liquid_audio_nets.reference.cell import Network
from liquid_audio_nets.reference.integer import NetworkS8
from liquid_audio_nets.reference.stages import Rhythm
from small_model import babble, noise, small_model, with_rhythm, with_stages
from verdicts import same_verdict, tiny

EVERY = (1, 2, 4)


def test_a_cell_that_waits_takes_the_time_of_all_steps_up_to_a_second():
    rhythm = Rhythm(EVERY, 3, 1.0)
    assert rhythm.step(0.1) == [0.1, 0.1, 0.1]
    assert [rhythm.step(dt)[1:] for dt in (0.25, 0.5, 0.125, 0.75)] == [
        [None, None],
        [0.75, None],
        [None, None],
        [0.875, 1.0],
    ]


@pytest.mark.parametrize("stages", [False, True])
def test_float_cells_run_as_the_reference_says(stages):
    model = small_model(units=(8, 6, 10))
    model = with_rhythm(with_stages(model) if stages else model, EVERY)
    rng = np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(2):
            network = Network(model)
            lnn.reset()
            for _ in range(100):
                features, dt = rng.normal(size=40).astype(np.float32), float(np.float32(10 ** rng.uniform(-4, 0.5)))
                assert np.abs(lnn.step(features, dt) - network.step(features, dt)).max() < 5e-4


@pytest.mark.parametrize("weight, stages", [("int8", False), ("int8", True), ("int16", True)])
def test_integer_cells_run_bit_by_bit_as_the_reference_says(weight, stages):
    model = integer_model(units=(10, 6, 12), weight=weight, stages=stages, delta_q15=600)
    model = with_rhythm(model, EVERY)
    network, rng = NetworkS8(model), np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(100):
            x, dt_us = rng.integers(-9000, 9000, 10), int(10 ** rng.uniform(3, 6))
            logits = lnn.step(x / 4096, dt_us * 1e-6)
            assert np.array_equal(np.rint(logits.astype(np.float64) * 65536), network.step(x, dt_us))
        assert lnn.counters()["skipped_macs"] == sum(cell.skipped_macs for cell in network.cells)


def test_the_work_of_waiting_cells_is_counted_as_skipped():
    model = with_rhythm(integer_model(units=(10, 6, 12)), (1, 2, 4))
    with LNN(write(model)) as lnn:
        for _ in range(8):
            lnn.step(np.zeros(10), 0.03)
        assert lnn.counters()["skipped_macs"] == 4 * model.cells[1].n_weights + 6 * model.cells[2].n_weights
        assert lnn.info["macs_per_step"] == model.macs_per_step
        said = summarise(write(model), lnn)
    assert [cell["every"] for cell in said["cells"]] == [1, 2, 4] and said["readout"]["hears"] == "all cells"
    assert said["readout"]["n_inputs"] == 28
    always = estimate(dataclasses.replace(model, every=None), "cortex_m4")["cells"]
    assert estimate(model, "cortex_m4")["cells"] < 0.8 * always


def test_golden_vectors_cover_the_rhythm():
    model = add_golden(with_rhythm(integer_model(), (1, 2)), noise(9600), tolerance=0.0)
    with LNN(write(model)) as lnn:
        assert lnn.selftest() == 0
    with LNN(write(dataclasses.replace(model, every=(1, 3)))) as lnn, pytest.raises(LnnError, match="SELFTEST"):
        lnn.selftest()


def test_calibration_sees_what_each_product_is_multiplied_by():
    model = with_rhythm(with_stages(small_model()), (1, 2))
    found = calibrate(model, [babble(16000)])
    assert found.cells[1].count == -(-found.cells[0].count // 2) and found.readout.size == 14
    assert found.steps == found.cells[0].count > 10


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_files_of_version_1_3_hold_them_and_older_ones_do_not(make):
    plain = make()
    for model, minor in ((plain, 0), (dataclasses.replace(plain, every=(1, 4)), 3), (with_rhythm(plain, None), 3)):
        data = write(model)
        again = read(data)
        assert write(again) == data and (data[6], again.every, again.hears_all) == (minor, model.every, model.hears_all)
        older = bytearray(data)
        older[6] = 2
        wanted = "OK" if minor == 0 else "SECTIONS" if model.every else "SHAPE"
        assert same_verdict(with_crc(bytes(older))) == wanted


@pytest.mark.parametrize(
    "every, error", [((0, 1), "NUMBER"), ((1, 5), "NUMBER"), ((1,), "SHAPE"), ((1, 2, 2), "SHAPE")]
)
def test_an_impossible_rhythm_is_refused_by_name(every, error):
    with pytest.raises(LnnError, match=error):
        write(dataclasses.replace(small_model(), every=every))


def test_a_readout_of_more_than_512_states_is_refused():
    """A row of int8 weights with so many numbers need not fit into 32 bits."""
    with pytest.raises(LnnError, match="SHAPE"):
        write(with_rhythm(integer_model(units=(260, 254)), None))
    write(with_rhythm(integer_model(units=(256, 256)), None))


def test_a_rhythm_stands_behind_the_last_cell_and_stages_that_nobody_knows_are_named():
    """A section of a kind that this firmware lacks is the error STAGE, wherever it stands."""
    data = tiny("rhythm")
    header, size = STRUCTS["header"].size, STRUCTS["section"].size
    table = range(header, header + unpack_record("header", data)["n_sections"] * size, size)
    at = next(place for place in table if unpack_record("section", data, place)["kind"] == 11)
    for kind, error in ((13, "STAGE"), (200, "STAGE"), (9, "SECTIONS"), (3, "SECTIONS")):
        changed = bytearray(data)
        changed[at] = kind
        assert same_verdict(with_crc(bytes(changed))) == error
    swapped = bytearray(data)
    swapped[at : at + size], swapped[at - size : at] = data[at - size : at], data[at : at + size]
    assert same_verdict(with_crc(bytes(swapped))) == "SECTIONS"
