# SPDX-License-Identifier: MIT
"""The cell: the reference against the differential equation, the C core against the reference."""

import numpy as np
import pytest
from liquid_audio_nets.lnn import write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.reference import cell as reference
from scipy.integrate import solve_ivp
from small_model import random_cell, small_model


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    return random_cell(rng, 5, 4), rng.uniform(-0.5, 0.5, 4), rng.normal(size=5)


def truth(cell, h, u, seconds):
    solution = solve_ivp(lambda _, x: reference.derivative(cell, x, u), (0, seconds), h, rtol=1e-11, atol=1e-13)
    return solution.y[:, -1]


def error(step, case, seconds, n):
    cell, h, u = case
    expected = truth(cell, h, u, seconds)
    for _ in range(n):
        h = step(cell, h, u, seconds / n)
    return np.abs(h - expected).max()


@pytest.mark.parametrize("step", [reference.fused_step, reference.exact_step])
def test_steps_converge_to_the_equation_at_first_order(case, step):
    errors = [error(step, case, 0.2, n) for n in (200, 400, 800, 1600)]
    ratios = np.divide(errors[:-1], errors[1:])
    assert np.all((1.9 < ratios) & (ratios < 2.1)), ratios
    assert errors[-1] < 1e-3


def test_exact_step_is_exact_where_the_coefficients_are_constant(case):
    cell, h, u = case
    cell.wf[:, 5:] = cell.wa[:, 5:] = 0  # f and A depend on the input only
    assert np.allclose(reference.exact_step(cell, h, u, 0.7), truth(cell, h, u, 0.7), atol=1e-9)


def test_fused_step_settles_where_the_equation_does(case):
    cell, h, u = case
    for _ in range(5000):
        h = reference.fused_step(cell, h, u, 0.05)
    assert np.abs(reference.derivative(cell, h, u)).max() < 1e-9


def test_state_stays_bounded_for_every_timestep():
    rng = np.random.default_rng(0)
    for _ in range(200):
        cell = random_cell(rng, 5, 4)
        cell.wf *= 30
        h = rng.uniform(-1, 1, 4)
        for dt in 10 ** rng.uniform(-3, 0, 20):
            h = reference.fused_step(cell, h, rng.normal(size=5) * 5, dt)
            assert np.all(np.abs(h) <= 1)


@pytest.mark.parametrize("units", [(8,), (8, 6), (6, 4, 8, 2), (64, 64)])
def test_core_steps_as_the_reference(units):
    model = small_model(seed=len(units), units=units)
    network, lnn, rng = reference.Network(model), LNN(write(model)), np.random.default_rng(1)
    for _ in range(300):
        features, dt = rng.normal(size=40).astype(np.float32), float(np.float32(10 ** rng.uniform(-4, 0.5)))
        assert np.abs(lnn.step(features, dt) - network.step(features, dt)).max() < 1e-4


def test_core_takes_hostile_features(model_bytes):
    with LNN(model_bytes) as lnn:
        for value, is_taken_for in ((1e30, 8), (-1e30, -8), (np.inf, 8), (-np.inf, -8), (np.nan, -8), (8.1, 8)):
            logits = []
            for features in (value, is_taken_for):
                lnn.reset()
                lnn.step(np.full(40, features, np.float32), 0.02)
                logits.append(lnn.step(np.zeros(40), 0.02))
            assert np.isfinite(logits[0]).all() and np.array_equal(*logits)


def test_logits_end_at_128_in_both():
    model = small_model(2)
    model.readout.w = model.readout.w * 1000
    network, lnn, rng = reference.Network(model), LNN(write(model)), np.random.default_rng(1)
    wanted = [network.step(row, 0.05) for row in rng.normal(size=(20, 40))]
    got = [lnn.step(row, 0.05) for row in np.random.default_rng(1).normal(size=(20, 40))]
    assert np.abs(wanted).max() == reference.LOGIT_LIMIT and np.abs(np.subtract(got, wanted)).max() < 0.05
