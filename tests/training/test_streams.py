# SPDX-License-Identifier: MIT
"""Streams with known events: counting, composing, calibration."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.audio.mixing import rms
from liquid_audio_nets.reference.frontend import FrontEnd
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.data.frame_store import FrameStore, Sound
from liquid_audio_nets.training.data.schedule import Policy
from liquid_audio_nets.training.data.streams import Event, Score, Stream, compose, validation_streams
from liquid_audio_nets.training.loop.evaluation import Clips, validation_clips
from liquid_audio_nets.training.tasks.calibration import best_temperature, calibration_error, favour, listen, listen_at
from small_model import babble, small_model


def test_each_word_counts_once():
    events = [Event(1.0, 1.5, "yes"), Event(3.0, 3.5, None), Event(5.0, 5.5, "no")]
    score = Score()
    score.add(
        Stream(np.zeros(160000, np.int16), events), [(1.4, "yes"), (2.0, "yes"), (3.4, "no"), (5.2, "yes"), (6.2, "no")]
    )
    assert score.found == {"yes": 1, "no": 1} and score.false == {"yes": 2, "no": 1}
    assert score.hit_rate == 1.0 and score.false_per_hour == 3600 * 3 / 10


def test_composed_words_are_where_the_events_say():
    rng = np.random.default_rng(0)
    tone = (8000 * np.sin(np.arange(8000))).astype(np.int16)
    noise = rng.integers(-500, 500, 30000).astype(np.int16)
    stream = compose([("yes", tone), (None, tone)], noise, (20, 20), (0.5, 1.0), rng)
    assert [e.label for e in stream.events] == ["yes", None]
    for event in stream.events:
        inside = stream.samples[int(event.begin_s * 16000) : int(event.end_s * 16000)]
        before = stream.samples[int(event.begin_s * 16000) - 4000 : int(event.begin_s * 16000)]
        assert len(inside) == 8000 and 8 < rms(inside) / rms(before) < 12


def test_validation_streams_hold_every_sound_once():
    def sound(label, source):
        return Sound(np.full(8000, 500, np.int16), label, label, source, "validation")

    sounds = (
        [sound("yes", "commands")] * 70
        + [sound("_unknown_", "digits")] * 30
        + [sound("_silence_", "noise"), sound("_silence_", "environment")]
    )
    streams = validation_streams(sounds)
    labels = [e.label for s in streams for e in s.events]
    assert labels.count("yes") == 70 and labels.count(None) == 30 and sum(not s.events for s in streams) == 1


def test_scores_of_one_pass_are_those_of_a_pass_a_threshold():
    model, rng = small_model(6), np.random.default_rng(2)
    for label in model.labels:
        label.refractory_us = 300_000
    events = [Event(t, t + 0.5, ("yes", "no", None)[rng.integers(3)]) for t in range(1, 19, 2)]
    streams = [Stream(babble(16000 * 20, seed), events) for seed in (5, 6)]
    at_once = listen_at(model, streams, [0.5, 0.7, 0.9])
    for threshold, score in at_once.items():
        for label in model.labels:
            label.threshold = threshold * (not label.name.startswith("_"))
        assert score == listen(model, streams)
    assert sum(at_once[0.5].found.values()) > 2 and at_once[0.5].false_per_hour > at_once[0.9].false_per_hour


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, 5)) * 1.5
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(5, p=row) for row in p])
    sharp = p**2 / (p**2).sum(1, keepdims=True)
    assert abs(best_temperature(sharp, truth) - 2.0) < 0.15
    assert calibration_error(p, truth) < 0.03 < calibration_error(sharp, truth)


@pytest.mark.parametrize("cost, most", ((0.0, 0.5), (1.0, 1.0)))
def test_spoken_words_are_favoured_as_far_as_the_others_let(tmp_path, cost, most):
    """A net that answers `yes` by a margin of 0.6 whatever it hears: `on` may take half of it, or all where that is free."""
    rng = np.random.default_rng(1)
    store = FrameStore.build(
        tmp_path,
        (
            Sound(rng.integers(-3000, 3000, 8000).astype(np.int16), "yes", "yes", "commands", "validation")
            for _ in range(6)
        ),
        FrontEnd(),
    )
    net = LNNTrainer({"hidden_dim": (4,), "labels": ("yes", "on"), "smoothing_s": 0.02}).net
    with torch.no_grad():
        net.readout.weight.zero_()
        net.readout.bias[:] = torch.tensor([0.6, 0.0])
    bias = favour(net, store, validation_clips(store, ("yes", "on")), ["on"], cost, Policy())
    assert bias == most == net.readout.bias[1].item()
    nothing = Clips(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int))
    assert favour(net, store, nothing, ["on"], cost, Policy()) == 0.0
