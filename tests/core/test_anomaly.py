# SPDX-License-Identifier: MIT
"""Task anomaly: the error of what was expected, against the references; what is reported, and when."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integer_model import integer_model
from liquid_audio_nets.lnn import Label, LnnError, read, write
from liquid_audio_nets.lnn.writer import assemble
from liquid_audio_nets.native import LNN, add_golden, clip_features
from liquid_audio_nets.reference import engine
from liquid_audio_nets.reference.integer import LEAST_ERROR, NetworkS8
from small_model import babble, noise, small_model


def bands(n: int) -> tuple[str, ...]:
    return tuple(f"{100 * (i + 1)} Hz" for i in range(n))


def listener(seed: int = 0, channels: int = 10, integer: bool = True, **more):
    """A model that expects its own features; more: as the makers of small models take it."""
    make = integer_model if integer else small_model
    return dataclasses.replace(make(seed, labels=bands(channels), channels=channels, **more), task="anomaly")


def ticks(lnn, audio):
    """Tick by tick: (end, steps, whether the gate was closed, confidence, scores)."""
    tick, gated = lnn.tick_samples, lnn.counters()["gated_ticks"]
    for end in range(tick, len(audio) + 1, tick):
        r = lnn.process(audio[end - tick : end])
        now = lnn.counters()["gated_ticks"]
        yield end, r.steps, now > gated, r.confidence, np.array(r.scores)
        gated = now


@given(
    seed=st.integers(0, 10**6),
    channels=st.sampled_from([1, 3, 10, 40, 64]),
    gain=st.sampled_from([0.1, 1.0, 100.0]),
    max_ms=st.sampled_from([20, 100, 1000]),
)
@settings(max_examples=20, deadline=None)
def test_a_stream_equals_the_reference_in_every_bit(seed, channels, gain, max_ms):
    """Steps at any dt, pauses below the gate, errors up to their limit."""
    model = listener(
        seed, channels, gain=gain, min_timestep_us=20_000, max_timestep_us=max_ms * 1000, energy_threshold=0.01
    )
    audio, network, before, steps = babble(24_000, seed), NetworkS8(model), 0, 0
    with LNN(write(model)) as lnn, LNN(write(model)) as front:
        for end, now, closed, confidence, scores in ticks(lnn, audio):
            if closed:
                network.rest(20_000)
            if now != steps:
                network.step(
                    np.rint(clip_features(front, audio, np.array([end]))[0] * 4096).astype(int),
                    min((end - before) * 125 // 2, 10**6),
                )
                before, steps = end, now
            assert round(confidence * 32768) == network.posterior_q15[0]
            errors = network.evidence_q16 + LEAST_ERROR
            assert np.all(errors > 0) and np.allclose(scores, errors / errors.sum(), atol=1e-6)


def test_a_float_model_follows_the_equations():
    model = listener(3, 40, integer=False)
    audio = babble(48_000, 8)
    with LNN(write(model)) as lnn, LNN(write(model)) as front:

        class Ears:
            def features(self, samples, ends):
                return clip_features(front, samples, ends)

        wanted = {step.end: step.posterior[0] for step in engine.Engine(model, Ears()).run(audio)}
        got = {end: confidence for end, _, _, confidence, _ in ticks(lnn, audio) if end in wanted}
    assert len(got) > 30 and max(abs(got[end] - wanted[end]) for end in got) < 1e-3


def expects_white_noise(**policy):
    """All weights zero, features of white noise normalised: zero is expected, an error of 1 is usual."""
    model = listener(1, 20, energy_threshold=0.001, **policy)
    with LNN(write(model)) as lnn:
        usual = clip_features(lnn, noise(64_000), np.arange(1024, 64_000, 320)).astype(np.float64)
    fe, readout = model.frontend, model.readout
    fe.mean = np.rint(fe.mean + usual.mean(0) / fe.scale * 2.0**38)
    fe.scale = np.rint(fe.scale / usual.std(0))
    readout.weights[:], readout.bias[:], readout.smoothing_s = 0, 0, 0.5
    model.labels = [Label(name, 0.7, 500_000) for name in bands(20)]
    return model


def test_noise_is_normal_and_a_tone_in_it_is_reported_once_at_its_band():
    model = expects_white_noise()
    fe, band = model.frontend, 12
    weights = fe.mel_weights[sum(fe.mel_count[:band]) :][: fe.mel_count[band]]
    tone_hz = (fe.mel_start[band] + int(np.argmax(weights))) * 16000 / fe.fft_points
    tone = noise(48_000, 6) + (0.1 * np.sin(2 * np.pi * tone_hz * np.arange(48_000) / 16000) * 32768).astype(np.int16)
    with LNN(write(model)) as lnn:
        r = lnn.process(noise(64_000, 5))
        assert not r.keyword_detected and r.confidence == pytest.approx(0.5, abs=0.1)
        found = []
        for at in range(0, 48_000, 320):
            r = lnn.process(tone[at : at + 320])
            found += [(at, r.keyword, r.confidence)] if r.keyword_detected else []
        assert found[0][1] == model.labels[band].name and found[0][2] >= 0.7 and found[0][0] < 16_000
        assert len({name for _, name, _ in found}) == len(found), "a band is armed again only by normal sound"
        assert int(np.argmax(r.scores)) == band and sum(r.scores) == pytest.approx(1, abs=1e-5)
        lnn.reset()
        for name in lnn.labels:
            lnn.thresholds[name] = 0
        assert not lnn.process(tone).keyword_detected


def test_the_score_fades_while_nothing_is_heard():
    model = expects_white_noise()
    with LNN(write(model)) as lnn:
        lnn.process(noise(16_000))
        assert lnn.process(np.zeros(8_000, np.int16)).confidence > 0.7, "as long as the gate is open"
        assert lnn.process(np.zeros(80_000, np.int16)).confidence < 0.01


def test_the_first_look_after_a_pause_counts_no_longer_than_the_longest_timestep():
    model = expects_white_noise(min_timestep_us=20_000, max_timestep_us=20_000, hold_us=0)
    strange = (20000 * np.sign(np.sin(np.arange(320) / 3))).astype(np.int16)
    with LNN(write(model)) as lnn:
        at_once = lnn.process(strange).confidence
        lnn.reset()
        lnn.process(np.zeros(16_000, np.int16))
        assert lnn.process(strange).confidence == pytest.approx(at_once, abs=1e-3)


def test_golden_vectors():
    with LNN(write(add_golden(listener(2), babble(16_000, 1), tolerance=0.0))) as lnn:
        assert lnn.selftest() == 0.0


@pytest.mark.parametrize("integer", [True, False])
def test_labels_that_are_not_the_bands_are_refused(integer):
    model = listener(0, 10, integer)
    seven = (integer_model if integer else small_model)(0, labels=bands(7), channels=10)
    model.labels, model.readout = seven.labels, seven.readout
    data = assemble(model)
    for load in (LNN, read):
        with pytest.raises(LnnError) as refused:
            load(data)
        assert refused.value.name == "SHAPE"
