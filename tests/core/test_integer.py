# SPDX-License-Identifier: MIT
"""The integer core against its bit-exact reference: equal in every bit, bounded for any input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_model import fill_to_the_limit, integer_model, random_frontend
from liquid_audio_nets.compress.frontend import blank_frontend
from liquid_audio_nets.lnn import FrontEnd as FileFrontEnd
from liquid_audio_nets.lnn import LnnError, write
from liquid_audio_nets.lnn.costs import zero_block_share
from liquid_audio_nets.lnn.integer import WINDOW_PAIR_LIMIT
from liquid_audio_nets.native import LNN, clip_features
from liquid_audio_nets.reference import fixmath, frontend_q15, frontend_s16
from liquid_audio_nets.reference.frontend import FrontEnd
from liquid_audio_nets.reference.integer import NetworkS8
from small_model import babble, noise, small_model

EXAMPLES = settings(max_examples=50, deadline=None)


def logits_q16(logits: np.ndarray) -> np.ndarray:
    return np.rint(logits.astype(np.float64) * 65536).astype(np.int64)


LAYOUTS = (
    ("rows4x4", "int8"),
    ("rows4x4_sparse", "int8"),
    ("rows4x16", "int8"),
    ("rows4x4", "int16"),
    ("rows4x4_sparse", "int16"),
)


def step_both(model, features_q12, dt_us):
    """(steps, n_mels) features -> logits in q16 of core and reference."""
    network, got, wanted = NetworkS8(model), [], []
    with LNN(write(model)) as lnn:
        for x, dt in zip(features_q12, dt_us, strict=True):
            got.append(logits_q16(lnn.step(x / 4096, dt * 1e-6)))
            wanted.append(network.step(x, dt))
    return np.array(got), np.array(wanted), network


@given(
    seed=st.integers(0, 10**6),
    units=st.sampled_from([(2,), (10, 6), (4, 8, 2), (64,)]),
    channels=st.integers(1, 41),
    gain=st.sampled_from([0.1, 1.0, 100.0]),
    spread=st.integers(0, 15),
    layout=st.sampled_from(LAYOUTS),
    delta=st.sampled_from([0, 0, 1, 300, 5000, 32767]),
    stages=st.booleans(),
)
@EXAMPLES
def test_all_stages_equal_the_reference(seed, units, channels, gain, spread, layout, delta, stages):
    """Any timestep from 1 ms to 1 s, any features, layout and delta; the reference asserts that nothing overflows."""
    rng, (layout, weight) = np.random.default_rng(seed), layout
    options = {"channels": channels, "gain": gain, "layout": layout, "delta_q15": delta, "weight": weight}
    model = integer_model(seed, units, stages=stages, **options)
    features = rng.integers(-32768, 32768, (12, channels)) >> spread
    dt_us = np.rint(10 ** rng.uniform(3, 6, 12)).astype(int).tolist()
    got, wanted, _ = step_both(model, features, dt_us)
    assert np.array_equal(got, wanted)


def test_states_that_hardly_move_are_skipped_and_counted():
    model = integer_model(3, units=(12, 8), delta_q15=2000)
    features = np.repeat(np.random.default_rng(0).integers(-4096, 4096, (5, 10)), 20, 0)
    network, exact = NetworkS8(model), NetworkS8(integer_model(3, units=(12, 8)))
    with LNN(write(model)) as lnn:
        for x in features:
            got = logits_q16(lnn.step(x / 4096, 0.02))
            assert np.array_equal(got, network.step(x, 20_000))
            exact.step(x, 20_000)
        skipped = lnn.counters()["skipped_macs"]
    assert skipped == sum(cell.skipped_macs for cell in network.cells) > 0.3 * 100 * 2 * (12 * 12 + 8 * 8)
    assert np.abs(network.cells[1].h - exact.cells[1].h).max() < 32768 * 0.2


def n_blocks(model) -> int:
    return sum(-(-2 * c.n_units // 4) * (-(-c.n_inputs // 4) + -(-c.n_units // 4)) for c in model.cells)


def test_pruned_weights_are_counted():
    model = integer_model(3, units=(12, 8), layout="rows4x4_sparse")
    with LNN(write(model)) as lnn:
        lnn.step(np.zeros(10), 0.02)
        assert lnn.counters()["skipped_macs"] == 16 * round(zero_block_share(model.cells) * n_blocks(model))


@pytest.mark.parametrize("weight", ["int8", "int16"])
def test_widest_rows_and_largest_weights_do_not_overflow(weight):
    model = integer_model(1, units=(512,), channels=128, weight=weight)
    cell = model.cells[0]
    fill_to_the_limit(cell)
    cell.scale_inputs[:] = cell.scale_state[:] = 2**30 - 1
    cell.bias[:] = 2**29 - 1
    features = np.full((6, 128), -32768)
    features[::2] = 32767
    got, wanted, _ = step_both(model, features, [1000, 10**6, 1000, 10**6, 500_000, 20_000])
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize("dt_s, taken_us", [(1e-9, 1000), (1e-6, 1000), (0.05, 50_000), (1.0, 10**6), (1e30, 10**6)])
def test_a_timestep_out_of_range_is_the_nearest_in_range(dt_s, taken_us):
    model, x = integer_model(2), np.arange(10) * 100
    with LNN(write(model)) as lnn:
        assert np.array_equal(logits_q16(lnn.step(x / 4096, dt_s)), NetworkS8(model).step(x, taken_us))


@pytest.mark.parametrize("make", [integer_model, small_model])
@pytest.mark.parametrize("dt_s", [0.0, -0.0, -0.02, -1e30, np.nan, -np.inf])
def test_a_timestep_that_is_none_is_refused_and_changes_nothing(make, dt_s):
    model, x = make(), np.linspace(-1, 1, make().frontend.n_mels)
    with LNN(write(model)) as lnn, LNN(write(model)) as other:
        with pytest.raises(LnnError) as caught:
            lnn.step(x, dt_s)
        assert caught.value.name == "ARGUMENT" and lnn.counters()["steps"] == 0
        assert np.array_equal(lnn.step(x, 0.02), other.step(x, 0.02))


@pytest.mark.parametrize("make", [integer_model, small_model, lambda: integer_model(stages=True)])
@pytest.mark.parametrize("name", ["silence", "dc", "least", "clipped square", "nyquist", "one click"])
def test_sounds_at_the_limits_leave_a_bounded_state(make, name):
    """Ten seconds of it in blocks, gaps between them: scores are shares, counters add up, speech is still heard after."""
    with LNN(write(make())) as lnn:
        for k in range(40):
            result = lnn.process(np.tile(SOUNDS[name], 8)[: 4000 - k])
            lnn.skip(0 if k % 3 else 2**31)
            assert all(0 <= score <= 1 for score in result.scores) and abs(sum(result.scores) - 1) < 1e-3
            assert 0 <= result.energy <= 1 and np.isfinite(result.flux)
        counted = lnn.counters()
        assert (
            counted["ticks"] >= counted["gated_ticks"] + counted["steps"]
            and counted["steps"] == counted["frontend_runs"]
        )
        assert (counted["gated_ticks"] == counted["ticks"]) == (name == "silence")
        assert counted["samples"] == sum(4000 - k for k in range(40)) + 14 * 2**31
        steps = counted["steps"]
        lnn.process(noise(16000))
        assert lnn.counters()["steps"] > steps


def test_numbers_that_are_none_leave_the_state_bounded():
    with LNN(write(integer_model(2))) as lnn:
        for x in (np.nan, np.inf, -np.inf, 1e30):
            assert np.all(np.isfinite(lnn.step(np.full(10, x), 0.02)))


SOUNDS = {
    "silence": np.zeros(512, np.int16),
    "dc": np.full(512, 32767, np.int16),
    "least": np.full(512, -32768, np.int16),
    "clipped square": np.where(np.arange(512) % 32 < 16, 32767, -32768).astype(np.int16),
    "nyquist": np.where(np.arange(512) % 2, 32767, -32768).astype(np.int16),
    "one step": np.eye(1, 512, 200, dtype=np.int16)[0],
    "one click": (np.eye(1, 512, 256) * 32767).astype(np.int16)[0],
    "noise": noise(512, 3),
    "faint noise": noise(512, 4, 3e-5),
    "tone": babble(20000, 5)[5000:5512],
}


REFERENCES = {"logmel_q15": frontend_q15.features_q12, "logmel_s16": frontend_s16.features_q12}


def equals_the_reference(model, window):
    with LNN(write(model)) as lnn:
        got = np.rint(lnn.features(window) * 4096).astype(int)
    return np.array_equal(got, REFERENCES[model.frontend.kind](model.frontend, window))


@pytest.mark.parametrize("window", SOUNDS.values(), ids=SOUNDS)
@pytest.mark.parametrize("points", [256, 512])
@pytest.mark.parametrize("kind", REFERENCES)
def test_front_end_equals_the_reference(window, points, kind):
    model = integer_model(4, channels=20, window_samples=points, frontend=kind)
    assert model.frontend.fft_points == points
    assert equals_the_reference(model, window[:points])


@pytest.mark.parametrize("kind", REFERENCES)
@given(seed=st.integers(0, 10**6), shift=st.integers(0, 15), samples=st.sampled_from([256, 400, 512]))
@EXAMPLES
def test_front_end_equals_the_reference_on_any_noise(kind, seed, shift, samples):
    rng = np.random.default_rng(seed)
    model = integer_model(5, channels=20)
    model.frontend = random_frontend(rng, 20, 512, kind)
    model.frontend.window = model.frontend.window[:samples]
    window = (rng.integers(-32768, 32768, samples) >> shift).astype(np.int16)
    assert equals_the_reference(model, window)


@pytest.mark.parametrize("points", [256, 512])
@given(seed=st.integers(0, 10**6), tone=st.sampled_from(range(2, 129)))
@EXAMPLES
def test_no_window_and_no_sound_overflow_the_fft(points, seed, tone):
    """Weights at their limit, a clipped tone whose differences are clipped, too: the reference asserts that sums fit."""
    rng = np.random.default_rng(seed)
    model = integer_model(5, channels=20, window_samples=points, frontend="logmel_s16")
    share = rng.choice([0, 0.5, 1], points // 2) if seed % 2 else np.full(points // 2, 0.5)
    sign = rng.choice([-1, 1], points) if seed % 3 else 1
    lower = np.trunc(WINDOW_PAIR_LIMIT * share)
    model.frontend.window = (np.concatenate([lower, WINDOW_PAIR_LIMIT - lower]) * sign).astype(np.int16)
    wave = np.cumsum(np.where(np.sin(2 * np.pi * (np.arange(points) + rng.random()) * tone / 256) > 0, 1, -1))
    window = np.where(wave % 2, 32767, -32768) if seed % 5 else np.where(np.diff(wave, prepend=0) > 0, 32767, -32768)
    assert equals_the_reference(model, window.astype(np.int16))


@pytest.mark.parametrize("level", [1.0, 0.1, 0.01])
def test_the_cheaper_front_end_is_closer_to_float(level):
    """Channel by channel but for a constant, in octaves of power, on sound from full scale down to -40 dB."""
    exact = FileFrontEnd.from_reference(FrontEnd(channels=40))
    audio = np.rint(babble(64000, 3) * level).astype(np.int16)
    windows = [audio[at : at + 512] for at in range(0, 63000, 700)]
    spectra = np.array([np.abs(np.fft.rfft(exact.window * w / 32768)) ** 2 for w in windows])
    wanted = np.log2(spectra @ exact.mel_dense().T.astype(np.float64) + exact.log_floor)
    errors = {}
    for kind in REFERENCES:
        fe = blank_frontend(exact, kind)
        fe.mean[:], fe.scale[:] = 0, 1 << 19
        got = np.array([REFERENCES[kind](fe, w) for w in windows]) / 512
        off = got - wanted
        errors[kind] = float(np.sqrt(np.mean((off - np.median(off, 0)) ** 2)))
    assert errors["logmel_s16"] < 0.5 and errors["logmel_s16"] < errors["logmel_q15"]


@pytest.mark.parametrize("stages", [False, True])
def test_posterior_and_stream_equal_the_reference(stages):
    """The whole engine at a fixed timestep: features, traces, cells, evidence, softmax."""
    policy = {"min_timestep_us": 20_000, "max_timestep_us": 20_000, "energy_threshold": 0.0, "gate_close_ratio": 0.0}
    model = integer_model(6, stages=stages, **policy)
    audio, network = babble(16000, 7), NetworkS8(model)
    with LNN(write(model)) as lnn:
        ends = np.arange(320, 16001, 320)
        features = np.rint(clip_features(lnn, audio, ends) * 4096).astype(int)
        lnn.reset()
        for end, x in zip(ends, features, strict=True):
            scores = lnn.process(audio[end - 320 : end]).scores
            network.step(x, 20_000)
            assert np.array_equal(np.rint(np.array(scores) * 32768), network.posterior_q15)


def test_functions_are_as_close_as_they_say():
    x = np.arange(-32767, 32768)
    assert np.abs(fixmath.sigmoid_q31(x) / 2**31 - 1 / (1 + np.exp(-x / 2048))).max() < 2e-5
    assert np.abs(fixmath.tanh_q30(x) / 2**30 - np.tanh(np.clip(x, -6300, 6300) / 2048)).max() < 5e-5
    y = np.unique(np.geomspace(1, 2**62, 3000).astype(np.int64))
    assert np.abs(fixmath.log2_q16(y) / 65536 - np.log2(y.astype(float))).max() < 7e-5
    z = np.arange(0, 20 << 16, 97)
    assert np.abs(fixmath.exp2_minus_q31(z) / 2**31 / 2.0 ** (-z / 65536) - 1)[: 5 * 65536 // 97].max() < 2e-5
