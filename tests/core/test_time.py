# SPDX-License-Identifier: MIT
"""Time that passes without audio, policies that change within a tick, events, refractory times."""

import numpy as np
import pytest
from liquid_audio_nets.lnn import Policy, read, write
from liquid_audio_nets.native import LNN, run_clip
from liquid_audio_nets.reference.engine import Engine
from small_model import integer_model, noise, small_model
from test_frontend import reference_of

TICK = 320  # of the default policy at 16 kHz


def deaf_to_words(labels=("a", "b"), smoothing_s=0.1, **policy):
    """Every sound is an "a"."""
    model = small_model(labels=labels, units=(4,), smoothing_s=smoothing_s, policy=Policy(**policy))
    model.readout.w[:], model.readout.b[:] = 0, (5, *[-5] * (len(labels) - 1))
    return model


def test_lost_audio_is_silence_for_evidence_and_window_and_elapsed_time_for_the_cells():
    model, audio, lost = small_model(), noise(2 * TICK), 15 * TICK
    heard = np.concatenate([audio[:TICK], np.zeros(lost, np.int16), audio[TICK:]])
    with LNN(write(model)) as lnn:
        lnn.process(audio[:TICK])
        lnn.skip(lost)
        lnn.process(audio[TICK:])
        scores = lnn.process(audio[:0]).scores
    engine = Engine(model, reference_of(model))
    features = engine.frontend.features(heard, np.array([TICK, len(heard)]))
    engine.network.step(features[0], 0.02)
    for _ in range(15):
        engine.network.rest(0.02)
    engine.network.step(features[1], (lost + TICK) / 16000)
    assert np.abs(engine.network.posterior - scores).max() < 1e-4


@pytest.mark.parametrize("make", [small_model, integer_model])
@pytest.mark.parametrize("lost", [1, 319, 320, 4801, 16_000, 60 * 16_000])
def test_a_gap_leaves_what_silence_leaves(make, lost):
    """Finding r4: the posterior stayed after a minute that nobody heard."""
    model = make(policy=Policy(hold_us=0))
    with LNN(write(model)) as heard, LNN(write(model)) as skipped:
        for lnn in (heard, skipped):
            lnn.process(noise(16_000))
            lnn.process(np.zeros(2 * TICK + 7, np.int16))  # the gate is closed, a tick is in progress
            assert max(lnn.process(b"").scores) > 0.35
        heard.process(np.zeros(lost, np.int16))
        skipped.skip(lost)
        a, b = heard.process(np.zeros(TICK, np.int16)), skipped.process(np.zeros(TICK, np.int16))
        assert np.abs(np.array(a.scores) - b.scores).max() < 1e-3 and a.energy == b.energy
        assert lost < 16_000 or max(b.scores) == pytest.approx(1 / 3, abs=1e-3)  # three labels
        first = heard.process(noise(TICK, 1)).scores  # the windows are alike: so are the features
        assert np.abs(np.array(first) - skipped.process(noise(TICK, 1)).scores).max() < 1e-3


def test_the_hold_of_the_gate_runs_out_in_a_gap():
    with LNN(write(small_model(policy=Policy(hold_us=200_000)))) as lnn:
        lnn.process(noise(TICK))
        lnn.skip(5 * TICK)
        assert lnn.process(noise(0)).is_speech or lnn.counters()["gated_ticks"] == 0
        lnn.skip(20 * TICK)
        before = lnn.counters()["steps"]
        lnn.process(np.zeros(10 * TICK, np.int16))
        assert lnn.counters()["steps"] == before, "the gate is closed"


def test_refractory_time_runs_out_in_a_gap():
    model = deaf_to_words(hold_us=0)
    model.labels[0].threshold, model.labels[0].refractory_us = 0.8, 5_000_000
    loud, quiet = noise(8000), np.zeros(8000, np.int16)
    with LNN(write(model)) as lnn:
        for _ in range(2):
            lnn.process(loud)
            lnn.process(quiet)
        assert len(list(lnn.events())) == 1
        lnn.skip(5 * 16_000)
        lnn.process(loud)
        assert len(list(lnn.events())) == 1


def two_words(refractory_us: int):
    """Loud noise is an "a", quiet noise a "b": the readout hears the level."""
    model = small_model(labels=("a", "b", "_silence_"), units=(2,), smoothing_s=0.02, policy=Policy(hold_us=0))
    cell = model.cells[0]
    cell.wf[:], cell.bf[:], cell.wa[:], cell.ba[:] = 0, 6, 0, 0
    cell.wa[:, :40] = 0.05
    model.readout.w[:], model.readout.b[:] = ((20, 20), (-20, -20), (0, 0)), (0, 0, -9)
    for label in model.labels[:2]:
        label.threshold, label.refractory_us = 0.9, refractory_us
    return model


def test_another_word_is_heard_within_the_refractory_time_of_the_first():
    """Finding 04: one refractory time for all labels made the second word of 80 of 140 pairs unheard."""
    pair = np.concatenate([noise(4800, level=0.3), np.zeros(1600, np.int16), noise(4800, level=0.0015)])
    with LNN(write(two_words(1_200_000))) as lnn:
        assert [d.label for d in run_clip(lnn, pair).detections] == ["a", "b"]
        assert [d.label for d in run_clip(lnn, np.tile(pair, 2)).detections] == ["a", "b"]
        lnn.refractory["a"] = 0.5
        assert [d.label for d in run_clip(lnn, np.tile(pair, 2)).detections] == ["a", "b", "a"]
        assert lnn.refractory["a"] == 0.5 and list(lnn.refractory) == pytest.approx([0.5, 1.2, 0.1])


def test_every_detection_of_a_block_is_an_event():
    """Finding r12: of several detections within one call the last was told."""
    pair = np.concatenate([noise(4800, level=0.3), np.zeros(1600, np.int16), noise(4800, level=0.0015)])
    silence = np.zeros(16_000, np.int16)
    with LNN(write(two_words(0))) as lnn:
        result = lnn.process(np.concatenate([silence, pair, silence]))
        assert result.keyword_detected and lnn.counters()["detections"] == 2
        first, second = lnn.events()
        assert (first.label, second.label) == ("a", "b") and first.confidence > 0.9
        assert 1.0 < first.time_s < 1.1 and 1.4 < second.time_s < 1.6 and first.time_s * 50 % 1 < 1e-9
        assert not list(lnn.events())
        lnn.skip(16_000)
        lnn.process(np.concatenate([np.tile(np.concatenate([pair, silence]), 5)]))
        events = list(lnn.events())
        assert len(events) == 8 and lnn.counters()["lost_events"] == 2, "the newest eight are kept"
        assert events[0].time_s > 3.7 + 1.4
        lnn.process(pair)
        lnn.reset()
        assert not list(lnn.events())


def test_energy_of_a_long_tick_is_not_judged_by_a_short_one():
    """Finding r2: 500 ms of quiet sound opened a gate of 10 ms."""
    quiet = np.where(np.arange(7999) % 2, 100, -100).astype(np.int16)  # RMS 0.003
    with LNN(write(small_model())) as lnn:
        lnn.set_adaptive_config(min_timestep=0.5, max_timestep=1.0, hold=0.0, energy_threshold=0.01)
        lnn.process(quiet)
        lnn.min_timestep = 0.01
        result = lnn.process(quiet[:1])
        assert result.steps == 0 and not result.is_speech and result.energy == pytest.approx(0.003, rel=0.1)
        lnn.min_timestep = 0.5
        assert lnn.process(b"").energy == pytest.approx(0.003, rel=0.1)


@pytest.mark.parametrize("shorter", [0.002, 0.01])
def test_the_mean_of_zero_crossings_keeps_its_unit(shorter):
    """Finding r13: the mean counted crossings per tick and stayed when the tick changed."""
    tone = np.tile(np.repeat([3000, -3000], 8), 100).astype(np.int16)  # 1 kHz
    with LNN(write(small_model())) as lnn:
        policy = {"complexity": "zero_crossings", "energy_threshold": 0.0, "max_timestep": 0.2}
        lnn.set_adaptive_config(min_timestep=shorter, **policy)
        for _ in range(300):
            steady = lnn.process(tone).complexity
        lnn.min_timestep = 0.1
        assert lnn.process(tone).complexity == pytest.approx(steady, abs=0.01)


def test_what_is_measured_otherwise_starts_again():
    with LNN(write(small_model())) as lnn:
        lnn.set_adaptive_config(min_timestep=0.1, max_timestep=0.1)
        lnn.process(noise(1000))
        lnn.floor_ratio = 2.0  # within a tick: its 1000 samples count as time, not as energy
        lnn.process(noise(1600))
        assert lnn.counters()["ticks"] == 1
        lnn.complexity = "zero_crossings"
        assert lnn.process(noise(1600)).energy == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("floor_ratio", [0.0, 2.0])
def test_a_policy_within_a_tick_loses_no_time(floor_ratio):
    """However often the policy changes, the cells see all of the time."""
    audio = noise(16_000)
    with LNN(write(deaf_to_words(smoothing_s=60.0))) as lnn:
        lnn.process(audio)
        steady = lnn.process(b"").confidence
    with LNN(write(deaf_to_words(smoothing_s=60.0))) as lnn:
        for k in range(160):
            lnn.process(audio[100 * k : 100 * k + 100])
            lnn.set_adaptive_config(min_timestep=0.02 if k % 2 else 0.005, floor_ratio=floor_ratio)
        assert lnn.process(b"").confidence == pytest.approx(steady, abs=0.02)


def test_a_policy_with_a_floor_ratio_is_version_1_1_and_older_files_stay_as_they_are():
    old, new = write(small_model()), write(small_model(policy=Policy(floor_ratio=2.5)))
    assert old[6] == 0 and new[6] == 1
    assert write(read(old)) == old and write(read(new)) == new
    assert read(old).policy.floor_ratio == 0 and read(new).policy.floor_ratio == 2.5
    with LNN(new) as lnn:
        assert lnn.floor_ratio == 2.5
