# SPDX-License-Identifier: MIT
"""Traces and the liquid readout: the references against their equations, the core against the references."""

import numpy as np
import pytest
from integer_model import integer_model
from liquid_audio_nets.evaluation.summary import summarise
from liquid_audio_nets.lnn import LiquidReadout, LnnError, Policy, Traces, write
from liquid_audio_nets.native import LNN, add_golden
from liquid_audio_nets.reference import cell as reference
from liquid_audio_nets.reference import stages
from liquid_audio_nets.reference.integer import MeansS8, NetworkS8
from scipy.integrate import solve_ivp
from small_model import babble, noise, small_model, tiny_anomaly_model, with_stages


def truth(derivative, start, seconds):
    return solve_ivp(lambda _, y: derivative(y), (0, seconds), start, rtol=1e-11, atol=1e-13).y[:, -1]


def ratios(step, derivative, start, seconds):
    """By how much the error shrinks where the number of steps doubles."""
    errors, expected = [], truth(derivative, start, seconds)
    for n in (200, 400, 800, 1600):
        y = start
        for _ in range(n):
            y = step(y, seconds / n)
        errors.append(np.abs(y - expected).max())
    assert errors[-1] < 1e-3
    return np.divide(errors[:-1], errors[1:])


def random_readout(rng, labels=3, units=4):
    wg, wv = rng.normal(size=(2, labels, units))
    return LiquidReadout(wg, rng.normal(size=labels), wv, rng.normal(size=labels), rng.uniform(0.1, 2, labels))


def test_steps_of_a_trace_converge_to_its_equation_at_first_order():
    rng = np.random.default_rng(0)
    traces, start, x = Traces(rng.uniform(0.05, 2, 5)), rng.normal(size=5), rng.normal(size=5)

    def step(m, dt_s):
        means = stages.Means(traces)
        means.m = m
        assert np.array_equal(means.step(x, dt_s), np.concatenate([x, x - means.m]))
        return means.m

    found = ratios(step, lambda m: stages.mean_derivative(traces, m, x), start, 0.4)
    assert np.all((1.9 < found) & (found < 2.1)), found


def test_steps_of_the_evidence_converge_to_its_equation_at_first_order():
    rng = np.random.default_rng(1)
    readout, start, h = random_readout(rng), rng.normal(size=3), rng.uniform(-1, 1, 4)
    found = ratios(
        lambda e, dt_s: stages.evidence_step(readout, e, h, dt_s),
        lambda e: stages.evidence_derivative(readout, e, h),
        start,
        0.4,
    )
    assert np.all((1.9 < found) & (found < 2.1)), found


def test_evidence_fades_as_its_equation_without_conductance():
    rng = np.random.default_rng(2)
    readout, start = random_readout(rng), rng.normal(size=3)
    found = ratios(lambda e, dt_s: stages.faded(readout, e, dt_s), lambda e: -e / readout.tau_s, start, 0.4)
    assert np.all((1.9 < found) & (found < 2.1)), found


@pytest.mark.parametrize("dt_s", [0.001, 0.03, 1.0])
def test_a_step_settles_where_the_equations_do(dt_s):
    rng = np.random.default_rng(3)
    readout, h, traces, x = (
        random_readout(rng),
        rng.uniform(-1, 1, 4),
        Traces(rng.uniform(0.05, 2, 5)),
        rng.normal(size=5),
    )
    means, e = stages.Means(traces), np.zeros(3)
    means.step(np.zeros(5), dt_s)
    for _ in range(round(60 / dt_s)):
        means.step(x, dt_s)
        e = stages.evidence_step(readout, e, h, dt_s)
    assert np.abs(stages.mean_derivative(traces, means.m, x)).max() < 1e-9
    assert np.abs(stages.evidence_derivative(readout, e, h)).max() < 1e-9


@pytest.mark.parametrize("units", [(8,), (8, 6), (64, 64)])
def test_core_steps_as_the_reference(units):
    model = with_stages(small_model(seed=len(units), units=units), 3)
    rng = np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for _ in range(2):
            network = reference.Network(model)
            lnn.reset()
            for _ in range(200):
                features, dt = rng.normal(size=40).astype(np.float32), float(np.float32(10 ** rng.uniform(-4, 0.5)))
                assert np.abs(lnn.step(features, dt) - network.step(features, dt)).max() < 2e-4


def test_values_end_at_128_and_gates_at_their_clamp_in_both():
    model = with_stages(small_model(2))
    model.readout.wv, model.readout.wg, model.readout.tau[:] = model.readout.wv * 1000, model.readout.wg * 1000, 60.0
    network, rng = reference.Network(model), np.random.default_rng(1)
    with LNN(write(model)) as lnn:
        for row in rng.normal(size=(60, 40)):
            got, wanted = lnn.step(row, 0.05), network.step(row, 0.05)
            assert np.abs(got - wanted).max() < 0.1 and np.abs(wanted).max() <= reference.LOGIT_LIMIT
    assert np.abs(wanted).max() > 120


def test_integer_means_follow_those_in_float():
    rng = np.random.default_rng(0)
    traces = Traces(10 ** rng.uniform(-3, np.log10(60), 20))
    exact, rounded = stages.Means(traces), MeansS8(traces)
    for _ in range(300):
        x, dt_us = rng.integers(-16000, 16000, 20), round(10 ** rng.uniform(3, 6))
        wanted, got = exact.step(x / 4096, dt_us * 1e-6), rounded.step(x, dt_us) / 4096
        assert np.abs(got - wanted).max() < 0.004


def test_a_difference_is_clipped_in_integers():
    means = MeansS8(Traces(np.full(1, 60.0)))
    means.step(np.array([-32639]), 1000)
    assert means.step(np.array([32639]), 1000).tolist() == [32639, 32639]


def test_the_first_step_after_a_reset_begins_the_means():
    """Features that stay the same differ by nothing from their mean, however loud, and the reset forgets."""
    model = with_stages(small_model(1))
    first = model.cells[0]
    first.wf[:, :40] = first.wa[:, :40] = 0  # it hears x - m alone
    with LNN(write(model)) as lnn:
        outputs = []
        for level in (0.0, 3.0):
            lnn.reset()
            outputs.append([lnn.step(np.full(40, level), 0.03) for _ in range(5)])
    assert np.array_equal(*outputs)


def test_lost_audio_fades_the_evidence_as_its_ticks_do_and_keeps_the_means():
    """A gap of n ticks is n ticks of silence; the step after it takes the whole time."""
    for make, most in ((small_model, 2e-4), (lambda policy: integer_model(stages=True, **vars(policy)), 2e-4)):
        policy = Policy(min_timestep_us=10_000, max_timestep_us=10_000, hold_us=0, energy_threshold=0.01)
        model = make(policy=policy)
        model = model if model.traces else with_stages(model)
        loud, silent = noise(8000), np.zeros(160 * 20, np.int16)
        with LNN(write(model)) as gap, LNN(write(model)) as ticks:
            gap.process(loud), ticks.process(loud)
            gap.skip(160 * 20)
            after_gap, after_ticks = gap.process(loud[:0]), ticks.process(silent)
            assert np.abs(np.subtract(after_gap.scores, after_ticks.scores)).max() < most
            assert after_gap.steps == after_ticks.steps


def test_silence_fades_the_evidence_bit_by_bit():
    policy = {"min_timestep_us": 20_000, "max_timestep_us": 20_000, "hold_us": 0}
    model = integer_model(3, stages=True, energy_threshold=0.001, **policy)
    network, x = NetworkS8(model), np.arange(10) * 300
    with LNN(write(model)) as lnn:
        for _ in range(20):
            lnn.step(x / 4096, 0.02)
            network.step(x, 20_000)
        for _ in range(30):
            scores = lnn.process(np.zeros(320, np.int16)).scores
            network.rest(20_000)
            assert np.array_equal(np.rint(np.array(scores) * 32768), network.posterior_q15)


def test_stages_count_their_work():
    model = with_stages(small_model())
    with LNN(write(model)) as lnn:
        lnn.process(babble(32_000))
        counted = lnn.counters()
        assert counted["steps"] > 0 and counted["trace_time"] == 0  # no clock was set
        assert lnn.info["macs_per_step"] == model.macs_per_step
        assert lnn.info["parameters"] == model.parameters


def test_an_anomaly_model_has_no_liquid_readout():
    model = with_stages(tiny_anomaly_model())
    with pytest.raises(LnnError, match="TASK"):
        write(model)


def test_golden_vectors_cover_the_stages():
    """Another time constant of a trace or of the evidence gives other logits."""
    model = add_golden(with_stages(small_model()), noise(8000))
    for change in (lambda m: m.traces.tau.__imul__(1.5), lambda m: m.readout.tau.__imul__(1.5)):
        with LNN(write(model)) as lnn:
            assert lnn.selftest() < 1e-6
        other = with_stages(small_model())
        change(other)
        other.golden = model.golden
        with LNN(write(other)) as lnn, pytest.raises(LnnError, match="SELFTEST"):
            lnn.selftest()


@pytest.mark.parametrize("make", [small_model, integer_model])
def test_info_names_the_stages(make):
    model = with_stages(make()) if make is small_model else make(stages=True)
    data = write(model)
    with LNN(data) as lnn:
        said = summarise(data, lnn)
    assert said["traces"]["channels"] == model.frontend.n_mels and said["readout"]["kind"] == "liquid"
    assert said["traces"]["tau_s_min"] == pytest.approx(model.traces.tau.min())
    assert said["readout"]["tau_s_max"] == pytest.approx(model.readout.tau_s.max(), rel=1e-3)
