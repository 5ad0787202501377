# SPDX-License-Identifier: MIT
"""After training: an honest temperature, and a threshold for each label from streams through the C core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ... import lnn
from ...evaluation.traces import detections, refractory_ticks, trace_with_steps
from ...native import LNN, run_clip
from ..data.frame_store import FrameStore
from ..data.schedule import Policy
from ..data.streams import Score, Stream
from ..loop.evaluation import Clips, posteriors
from ..loop.export import to_model
from ..nets.model import Net

FAVOUR_STEP, MOST_FAVOUR = 0.25, 1.0  # logits
THRESHOLDS = (0.75, 0.8, 0.85, 0.9)  # a few alarms say little about a label, so none is set further out
DET_THRESHOLDS = (1 - np.geomspace(0.5, 1e-3, 48)).round(4).tolist()


def log_at(posterior: np.ndarray, temperature: float) -> np.ndarray:
    """Logarithm of the posterior (n, K) that the logits divided by the temperature give."""
    scaled = np.log(np.maximum(posterior, 1e-12)) / temperature
    log_p: np.ndarray = scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)
    return log_p


def best_temperature(posterior: np.ndarray, truth: np.ndarray) -> float:
    """Divisor of the logits that makes the likelihood of the truth largest; posterior (n, K), truth (n,)."""

    def loss(temperature: float) -> float:
        return float(-log_at(posterior, temperature)[np.arange(len(truth)), truth].mean())

    return float(min(np.geomspace(0.4, 2.5, 61), key=loss))


def calibration_error(posterior: np.ndarray, truth: np.ndarray, temperature: float = 1.0, bins: int = 10) -> float:
    """Expected difference of confidence and accuracy over equal bins of confidence, at a temperature."""
    posterior = np.exp(log_at(posterior, temperature))
    confidence, right = posterior.max(1), posterior.argmax(1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(right[index == b].sum() - confidence[index == b].sum()) for b in range(bins)) / len(truth))


def favour(net: Net, store: FrameStore, clips: Clips, words: Sequence[str], cost: float, policy: Policy) -> float:
    """Raises the readout's bias of words learned from synthetic speech alone, because people say them in other ways, as
    long as no more than the share `cost` of the other words' clips is lost.  Returns the bias, which the net then has."""
    rows = [net.config.labels.index(word) for word in words]
    kept = ~np.isin(clips.label, rows)
    others, favoured = Clips(clips.start[kept], clips.blocks[kept], clips.label[kept]), 0.0
    if not len(others):
        return favoured

    def right() -> float:
        return float((posteriors(net, store, others, policy).argmax(1) == others.label).mean())

    least = right() - cost
    with torch.no_grad():
        while favoured < MOST_FAVOUR:
            net.readout.bias[rows] += FAVOUR_STEP
            if right() < least:
                net.readout.bias[rows] -= FAVOUR_STEP
                break
            favoured += FAVOUR_STEP
    return favoured


def listen(model: lnn.Model, streams: Sequence[Stream]) -> Score:
    """Play streams through the C core, each from a fresh start."""
    score = Score()
    with LNN(lnn.write(model)) as net:
        for stream in streams:
            score.add(stream, [(d.time_s, d.label) for d in run_clip(net, stream.samples).detections])
    return score


def listen_at(model: lnn.Model, streams: Sequence[Stream], thresholds: Sequence[float]) -> dict[float, Score]:
    """What is heard at each of thresholds, which are 0.5 or more and common to all labels that can be detected.

    The streams are played through the C core once."""
    scores = {threshold: Score() for threshold in thresholds}
    spoken = np.array([label.threshold > 0 for label in model.labels])
    with LNN(lnn.write(model)) as net:
        tick_s = net.tick_samples / net.sample_rate
        refractory = refractory_ticks(model, tick_s)
        for stream in streams:
            heard = trace_with_steps(net, stream.samples)
            for threshold, score in scores.items():
                found = detections(*heard, spoken * threshold, refractory)
                score.add(stream, [((tick + 1) * tick_s, model.labels[label].name) for tick, label in found])
    return scores


def choose_thresholds(
    net: Net, streams: Sequence[Stream], alarm_cost: float, temperature: float, policy: Policy
) -> tuple[dict[str, float], dict[float, Score]]:
    """The threshold of each label with the fewest misses plus alarm_cost times false alarms, one of THRESHOLDS.

    streams should hold words, and speech and noise without keywords.
    Returns the thresholds and the scores at every common threshold of THRESHOLDS and DET_THRESHOLDS."""
    scores = listen_at(to_model(net, temperature=temperature, policy=policy), streams, [*THRESHOLDS, *DET_THRESHOLDS])

    def cost(label: str, threshold: float) -> float:
        score = scores[threshold]
        misses = score.said.get(label, 0) - score.found.get(label, 0)
        return misses + alarm_cost * score.false.get(label, 0)

    labels = [name for name in net.config.labels if not name.startswith("_")]
    # min() keeps the first of equal costs: the highest threshold, which is the safer one
    return {name: min(sorted(THRESHOLDS, reverse=True), key=lambda t: cost(name, t)) for name in labels}, scores
