# SPDX-License-Identifier: MIT
"""The liquid grid: the core against the references, and these against the differential equation."""

import dataclasses

import numpy as np
import pytest
from integer_model import fill_to_the_limit, integer_model
from liquid_audio_nets.cli.info import tables
from liquid_audio_nets.evaluation.summary import summarise
from liquid_audio_nets.lnn import FrontEndNone, Grid, GridS8, LnnError, read, write
from liquid_audio_nets.lnn.costs import estimate
from liquid_audio_nets.lnn.writer import with_crc
from liquid_audio_nets.native import LNN, add_golden
from liquid_audio_nets.reference import cell as reference
from liquid_audio_nets.reference.integer import GridS8 as Rounded
from liquid_audio_nets.reference.integer import NetworkS8
from scipy.integrate import solve_ivp
from small_model import noise, random_grid, small_model, with_grid, with_rhythm, with_stages
from verdicts import same_verdict

SHAPES = [(8, 4, 8), (40, 1, 2), (1, 1, 2), (4, 4, 6), (7, 3, 10)]


def by_hand(grid: Grid, h: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Arguments of gate and reversal (P, F) each, unit by unit as DESIGN.md says it."""
    h, planes = h.reshape(grid.positions, grid.filters), u.reshape(grid.planes, -1)
    z = np.zeros((2, grid.positions, grid.filters))
    for p in range(grid.positions):
        x = [*planes[:, p * grid.stride : p * grid.stride + grid.width].ravel()]
        for q in (p - 1, p, p + 1):
            x += [*h[q]] if 0 <= q < grid.positions else [0.0] * grid.filters
        z[:, p] = grid.wf @ x + grid.bf[p], grid.wa @ x + grid.ba[p]
    return z


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_hears_windows_and_neighbours(shape, planes):
    rng = np.random.default_rng(1)
    grid = random_grid(rng, 40, *shape, planes)
    h, u = rng.uniform(-1, 1, grid.n_units), rng.normal(size=40 * planes)
    gate, reversal = by_hand(grid, h, u)
    f, potential = reference.conductance_and_potential(grid, h, u)
    assert np.allclose(f, np.exp(gate).ravel()) and np.allclose(potential, np.tanh(reversal).ravel())
    assert (grid.n_inputs, grid.planes, grid.columns) == (40 * planes, planes, planes * shape[0] + 3 * shape[2])


def test_its_exponent_is_clamped_to_15():
    grid = random_grid(np.random.default_rng(0), 40, 8, 4, 8)
    grid.bf[:] = 1000
    f, _ = reference.conductance_and_potential(grid, np.zeros(72), np.zeros(40))
    assert np.allclose(f, np.exp(15.0))


def test_steps_converge_to_the_equation_at_first_order():
    rng = np.random.default_rng(2)
    grid = random_grid(rng, 12, 4, 2, 4, planes=2)
    start, u = rng.uniform(-0.5, 0.5, grid.n_units), rng.normal(size=24)
    truth = solve_ivp(lambda _, h: reference.derivative(grid, h, u), (0, 0.4), start, rtol=1e-11, atol=1e-13).y[:, -1]
    errors = []
    for n in (200, 400, 800, 1600):
        h = start
        for _ in range(n):
            h = reference.fused_step(grid, h, u, 0.4 / n)
        errors.append(np.abs(h - truth).max())
    found = np.divide(errors[:-1], errors[1:])
    assert np.all((1.9 < found) & (found < 2.1)) and errors[-1] < 2e-3, (found, errors)


@pytest.mark.parametrize("stages", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_float_core_steps_as_the_reference(shape, stages):
    model = small_model(units=(8,))
    model = with_grid(with_stages(model) if stages else model, *shape)
    rng = np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(2):
            network = reference.Network(model)
            lnn.reset()
            for _ in range(60):
                features, dt = rng.normal(size=40).astype(np.float32), float(np.float32(10 ** rng.uniform(-4, 0.5)))
                assert np.abs(lnn.step(features, dt) - network.step(features, dt)).max() < 5e-4


@pytest.mark.parametrize("stages", [False, True])
@pytest.mark.parametrize("weight, layout", [("int8", "rows4x4"), ("int8", "rows4x16"), ("int16", "rows4x4")])
@pytest.mark.parametrize("shape", SHAPES)
def test_integer_core_steps_bit_by_bit_as_the_reference(shape, weight, layout, stages):
    model = integer_model(units=(10,), channels=40, layout=layout, stages=stages)
    model = with_grid(model, *shape, weight=weight)
    network, rng = NetworkS8(model), np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(60):
            x, dt_us = rng.integers(-9000, 9000, 40), int(10 ** rng.uniform(3, 6))
            logits = lnn.step(x / 4096, dt_us * 1e-6)
            assert np.array_equal(np.rint(logits.astype(np.float64) * 65536), network.step(x, dt_us))


def test_a_grid_that_waits_and_a_readout_that_hears_all():
    model = with_rhythm(with_grid(integer_model(units=(10, 6), stages=True), 4, 2, 4), (2, 1, 3))
    network, rng = NetworkS8(model), np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(50):
            x = rng.integers(-9000, 9000, 10)
            logits = lnn.step(x / 4096, 0.03)
            assert np.array_equal(np.rint(logits.astype(np.float64) * 65536), network.step(x, 30000))
        assert lnn.counters()["skipped_macs"] == sum(cell.skipped_macs for cell in network.cells) > 0


def test_integers_follow_the_float_grid():
    """The same weights in both: an int16 grid loses next to nothing."""
    rng = np.random.default_rng(3)
    grid = random_grid(rng, 40, 8, 4, 8, 2)
    scale, rows = 2.0**-11, np.stack([grid.wf, grid.wa], 1).reshape(16, -1)
    q = np.rint(rows / scale)
    integer = GridS8(
        q.astype(np.int16),
        np.full(16, scale * 2.0**36).astype(np.int32),
        np.rint(np.stack([grid.bf, grid.ba], -1).ravel() * 65536).astype(np.int32),
        (65536 / grid.tau.ravel()).astype(np.uint32),
        8,
        4,
        weight="int16",
    )
    rounded, h = Rounded(integer), np.zeros(72)
    for _ in range(100):
        x, dt_us = rng.integers(-8000, 8000, 80), int(10 ** rng.uniform(3, 6))
        h = reference.fused_step(grid, h, x / 4096, dt_us * 1e-6)
        assert np.abs(rounded.step(x, dt_us) / 32768 - np.clip(h, -0.9958, 0.9958)).max() < 0.02


def test_counts_of_work_and_parameters():
    """The matrices are shared: 2 F K weights, but 2 N K multiply-accumulates."""
    model = with_grid(with_stages(small_model(units=(64,))), 8, 4, 8)
    grid = model.cells[0]
    assert (grid.positions, grid.n_units, grid.n_weights, grid.macs) == (9, 72, 640, 5760)
    data = write(model)
    with LNN(data) as lnn:
        said = summarise(data, lnn)
        assert lnn.info["macs_per_step"] == model.macs_per_step == 5760 + 128 * 136 + 6 * 64
        assert lnn.info["parameters"] == model.parameters
    assert (
        said["cells"][0] | {"kind": "ltc_grid", "positions": 9, "filters": 8, "width": 8, "stride": 4}
        == said["cells"][0]
    )
    (row, _) = tables(said | {"file": "x"})["cells"]
    assert "80 -> 72 (9 positions of 8, width 8, stride 4)" in row
    assert estimate(model, "cortex_m4")["cells"] > 5760 + 128 * 136


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_files_of_version_1_3_hold_it_and_older_ones_do_not(make):
    model = with_grid(make(), 4, 2, 4)
    data = write(model)
    again = read(data)
    assert write(again) == data and data[6] == 3 and again.cells[0].positions == model.cells[0].positions
    older = bytearray(data)
    older[6] = 2
    assert same_verdict(with_crc(bytes(older))) == "CELL"


def test_a_grid_is_the_first_cell():
    model = with_grid(small_model(channels=10), 4, 2, 4)
    moved = dataclasses.replace(model, cells=[model.cells[1], model.cells[0]])
    with pytest.raises(LnnError, match="SHAPE"):
        write(moved)


def test_a_grid_hears_rows_of_numbers_too():
    model = with_grid(small_model(labels=("a", "b"), channels=10), 4, 2, 4)
    ones = np.ones(10)
    model = dataclasses.replace(model, frontend=FrontEndNone(0 * ones, ones, ones[:2]), task="series")
    with LNN(write(model)) as lnn:
        network = reference.Network(model)
        x = np.linspace(-1, 1, 10).astype(np.float32)
        assert np.abs(lnn.step(x, 0.5) - x[:2] - network.step(x, 0.5)).max() < 1e-4


def test_golden_vectors_cover_the_grid():
    model = with_grid(integer_model(channels=40), 8, 4, 8)
    model = add_golden(model, noise(9600), tolerance=0.0)
    with LNN(write(model)) as lnn:
        assert lnn.selftest() == 0
    other = dataclasses.replace(model.cells[0], weights=-model.cells[0].weights)
    with LNN(write(dataclasses.replace(model, cells=[other, *model.cells[1:]]))) as lnn:
        with pytest.raises(LnnError, match="SELFTEST"):
            lnn.selftest()


def test_the_widest_grid_at_its_limits_steps_as_the_reference():
    """448 columns; the sums of rows are as large as they can be."""
    for weight in ("int8", "int16"):
        model = with_grid(integer_model(units=(6,), channels=128, stages=True), 128, 1, 64, weight=weight)
        grid = model.cells[0]
        fill_to_the_limit(grid)
        grid.scale[:], grid.bias[:], grid.inv_tau[:] = 2**30 - 1, 2**29 - 1, 4000 << 16
        network, rng = NetworkS8(model), np.random.default_rng(1)
        with LNN(write(model)) as lnn:
            for _ in range(10):
                x, dt_us = rng.choice([-32639, 32639], 128), int(10 ** rng.uniform(3, 6))
                logits = lnn.step(x / 4096, dt_us * 1e-6)
                assert np.array_equal(np.rint(logits.astype(np.float64) * 65536), network.step(x, dt_us))
