# SPDX-License-Identifier: MIT
"""Posteriors over time from the C core, and the detections that a threshold makes of them."""

from __future__ import annotations

import math

import numpy as np

from ..lnn import Model
from ..native import LNN


def trace_with_steps(lnn: LNN, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Resets the model and plays int16 (n,).

    Returns the posterior of every label after every whole tick, float32 (ticks, labels), and whether the cells ran in
    that tick, bool (ticks,)."""
    lnn.reset()
    tick = lnn.tick_samples
    out = np.empty((len(samples) // tick, len(lnn.labels)), np.float32)
    steps = np.zeros(len(out) + 1, int)
    for i in range(len(out)):
        result = lnn.process(samples[i * tick : (i + 1) * tick])
        out[i], steps[i + 1] = result.scores, result.steps
    return out, np.diff(steps) > 0


def trace(lnn: LNN, samples: np.ndarray) -> np.ndarray:
    """The posteriors of trace_with_steps(), float32 (ticks, labels)."""
    return trace_with_steps(lnn, samples)[0]


def leading(posterior: np.ndarray, label: int) -> np.ndarray:
    """Posterior of a label while it is the likeliest one, else 0; (ticks, labels) -> (ticks,)."""
    return np.where(posterior.argmax(1) == label, posterior[:, label], 0.0)


def accepts(score: np.ndarray, threshold: float, refractory_ticks: int) -> np.ndarray:
    """Ticks at which the readout detects, int (k,): the score (ticks,) reaches the threshold after it was below it, outside the
    refractory time."""
    above = np.concatenate([[False], score >= threshold, [False]])
    begins, ends = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(~above[1:] & above[:-1])
    found: list[int] = []
    free = 0
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if max(begin, free) < end:
            found.append(max(begin, free))
            free = found[-1] + refractory_ticks
    return np.array(found, int)


def detections(
    posterior: np.ndarray, steps: np.ndarray, thresholds: np.ndarray, refractory_ticks: np.ndarray
) -> list[tuple[int, int]]:
    """(tick, label) of all that the readout detects in a trace_with_steps(), as cmodule/core/readout.c decides: at a step the
    likeliest label, at or above its threshold, armed by a fall below it, outside its own refractory time.

    thresholds (labels,), 0: never detected; refractory_ticks int (labels,)."""
    ticks, top = np.arange(len(posterior)), posterior.argmax(1)
    last_below = np.maximum.accumulate(np.where(posterior < thresholds, ticks[:, None], -1), axis=0)
    above = steps & (posterior[ticks, top] >= thresholds[top]) & (thresholds[top] > 0)
    found, free, fired = [], np.zeros(len(thresholds), int), np.full(len(thresholds), -2)
    for tick in np.flatnonzero(above).tolist():
        label = int(top[tick])
        if tick >= free[label] and last_below[tick, label] > fired[label]:
            found.append((tick, label))
            fired[label], free[label] = tick, tick + refractory_ticks[label]
    return found


def refractory_ticks(model: Model, tick_s: float) -> np.ndarray:
    """The refractory time of each label in whole ticks, rounded up; int (labels,)."""
    return np.array([math.ceil(label.refractory_us * 1e-6 / tick_s) for label in model.labels])


def area_under_roc(score: np.ndarray, truth: np.ndarray) -> float:
    """Probability that a true item scores higher than a false one; ties count half.  score (n,), truth bool (n,)."""
    from scipy.stats import mannwhitneyu

    positive, negative = score[truth], score[~truth]
    return float(mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative)))
