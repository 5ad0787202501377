"""Posteriors over time by the C core, and the events that a threshold makes of them."""

from __future__ import annotations

import numpy as np

from ..core import LNN


def trace(lnn: LNN, samples: np.ndarray) -> np.ndarray:
    """Resets the model and plays int16 (n,); posterior of every label after every whole tick, float32 (ticks, labels)."""
    lnn.reset()
    tick = lnn.tick_samples
    out = np.empty((len(samples) // tick, len(lnn.labels)), np.float32)
    for i in range(len(out)):
        out[i] = lnn.process(samples[i * tick:(i + 1) * tick]).scores
    return out


def leading(posterior: np.ndarray, label: int) -> np.ndarray:
    """Posterior of a label where it is the likeliest, else 0; (ticks, labels) -> (ticks,)."""
    return np.where(posterior.argmax(1) == label, posterior[:, label], 0.0)


def accepts(score: np.ndarray, threshold: float, refractory_ticks: int) -> np.ndarray:
    """Ticks at which the readout detects: at or above threshold, armed by a fall below it, not refractory; int (k,)."""
    above = np.concatenate([[False], score >= threshold, [False]])
    begins, ends = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(~above[1:] & above[:-1])
    found, free = [], 0
    for begin, end in zip(begins, ends):
        if max(begin, free) < end:
            found.append(max(begin, free))
            free = found[-1] + refractory_ticks
    return np.array(found, int)


def area_under_roc(score: np.ndarray, truth: np.ndarray) -> float:
    """Probability that a true tick scores above a false one, ties half; score (n,), truth bool (n,)."""
    from scipy.stats import mannwhitneyu

    positive, negative = score[truth], score[~truth]
    return float(mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative)))
