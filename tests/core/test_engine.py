# SPDX-License-Identifier: MIT
"""The streaming engine against the NumPy reference: same steps, same labels, any blocks, any policy."""

import dataclasses

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from liquid_audio_nets.lnn import Policy, write
from liquid_audio_nets.native import LNN, replay, run_clip, step_ends
from liquid_audio_nets.reference.engine import Engine
from small_model import babble, noise, small_model, with_stages
from test_frontend import reference_of

CLOSE_CALL = 1e-3  # complexities nearer to a threshold may be decided otherwise
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def policies(draw):
    shortest = draw(st.sampled_from([1000, 5000, 10_000, 12_345, 20_000]))
    release = draw(st.floats(0, 2, width=32))
    return Policy(
        shortest,
        draw(st.integers(shortest, 200_000)),
        draw(st.integers(0, 500_000)),
        draw(st.sampled_from(["energy", "spectral_flux", "zero_crossings"])),
        draw(st.sampled_from([0.0, 0.0001, 0.001, 0.01, 0.3])),
        draw(st.floats(0, 1, width=32)),
        release + draw(st.floats(0, 3, width=32)),
        release,
        draw(st.floats(1, 3, width=32)),
        draw(st.floats(0, 10, width=32)),
        draw(st.sampled_from([0.0, 0.0, 1.0, 2.0, 10.0])),
    )


def stream(lnn: LNN, audio: np.ndarray, cuts: list[int]) -> list[tuple]:
    """(end of block, step count, label, detected) wherever the step count changed."""
    seen, steps, at = [], 0, 0
    for end in [*cuts, len(audio)]:
        result = lnn.process(audio[at:end])
        if result.steps != steps or result.keyword_detected:
            seen.append((end, result.steps, result.keyword, result.keyword_detected, result.scores))
        steps, at = result.steps, end
    return seen


@QUICK
@given(policies(), st.integers(0, 2**16), st.booleans())
def test_engine_makes_the_steps_of_the_reference(policy, seed, stages):
    model = small_model(seed % 5, policy=policy)
    model = with_stages(model, seed) if stages else model
    audio = babble(12_000, seed)
    engine = Engine(model, reference_of(model))
    expected = engine.run(audio)
    assume(engine.gate.margin > (CLOSE_CALL if policy.complexity != "zero_crossings" else 2 / engine.gate.tick))
    with LNN(write(model)) as lnn:
        tick = lnn.tick_samples
        seen = stream(lnn, audio, list(range(tick, len(audio), tick)))
        assert [s[0] for s in seen] == [min(s.end, len(audio)) for s in expected]
        for (_, _, keyword, detected, scores), step in zip(seen, expected, strict=True):
            assert np.abs(np.array(scores) - step.posterior).max() < 1e-4
            ordered = np.sort(step.posterior)
            if ordered[-1] - ordered[-2] > 1e-4:
                assert detected == (step.detected is not None)
                assert keyword == model.labels[int(step.posterior.argmax())].name
        assert lnn.counters()["samples"] == len(audio)


@QUICK
@given(policies(), st.integers(0, 2**16), st.lists(st.integers(0, 20_000), max_size=40))
def test_results_do_not_depend_on_the_blocks(policy, seed, cuts):
    audio = babble(20_000, seed)
    with LNN(write(small_model(seed % 5, policy=policy))) as lnn:
        whole = lnn.process(audio)
        whole = (whole.steps, whole.keyword, whole.confidence, whole.scores, whole.energy, whole.flux, whole.timestep)
        counted = lnn.counters(clear=True)
        lnn.reset()
        detections = sum(s[3] for s in stream(lnn, audio, sorted(cuts)))
        last = lnn.process(audio[:0])
        assert last.steps == whole[0] and last.scores == whole[3]
        assert (last.energy, last.flux, last.timestep) == whole[4:]
        assert detections <= counted["detections"]
        again = lnn.counters()
        assert {k: again[k] for k in again if k != "samples"} == {k: counted[k] for k in again if k != "samples"}


def test_silence_costs_no_step(model_bytes):
    with LNN(model_bytes) as lnn:
        result = lnn.process(np.zeros(160_000, np.int16))
        counters = lnn.counters()
    assert result.steps == 0 and counters["gated_ticks"] == counters["ticks"] == 500
    assert not result.is_speech and result.keyword == "_silence_"


def test_a_policy_set_while_running_takes_effect():
    audio = noise(16_000)
    with LNN(write(small_model())) as lnn:
        lnn.process(audio)
        steps = lnn.counters(clear=True)["steps"]
        lnn.set_adaptive_config(min_timestep=0.1, max_timestep=0.1)
        lnn.process(audio)
        assert lnn.counters()["steps"] <= 11 < steps


def test_replayed_steps_are_those_of_the_engine():
    model = small_model(2)
    audio = babble(32_000, 5)
    with LNN(write(model)) as lnn:
        ends = step_ends(lnn, audio)
        logits = replay(lnn, audio, ends)
    expected = Engine(model, reference_of(model)).run(audio)
    assert len(ends) == len(expected)
    assert np.abs(logits - [s.logits for s in expected]).max() < 1e-3


def test_clip_decision_is_the_label_after_the_last_step():
    model = small_model(1)
    audio = np.concatenate([noise(8000), np.zeros(40_000, np.int16)])
    expected = Engine(model, reference_of(model)).run(audio)[-1]
    with LNN(write(model)) as lnn:
        clip = run_clip(lnn, audio)
        silent = run_clip(lnn, np.zeros(16_000, np.int16))
    assert clip.label == int(expected.posterior.argmax()) and np.abs(clip.scores - expected.posterior).max() < 1e-4
    assert silent.label == 2 and silent.scores is None


def test_refractory_time_and_rearming():
    model = small_model(labels=("a", "b"), units=(4,))
    model.readout.w[:], model.readout.b[:] = 0, (5, -5)
    model.labels[0].threshold = 0.8
    model = dataclasses.replace(model, policy=Policy(hold_us=0))
    loud, quiet = noise(16_000), np.zeros(16_000, np.int16)
    with LNN(write(model)) as lnn:
        clip = run_clip(lnn, np.concatenate([loud, loud, quiet, loud]))
    assert [d.label for d in clip.detections] == ["a", "a"], "once while it lasts, again after a pause"
    assert clip.detections[1].time_s > 3.0
