"""After training: an honest temperature, and a threshold for each label from streams through the C core."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from .. import lnn
from .export import to_model
from .model import LiquidNet
from .schedule import Policy
from .streams import Score, Stream

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


def log_at(posterior: np.ndarray, temperature: float) -> np.ndarray:
    """Logarithm of the posterior (n, K) that the logits divided by the temperature give."""
    scaled = np.log(np.maximum(posterior, 1e-12)) / temperature
    return scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)


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


def listen(model: lnn.Model, streams: Sequence[Stream]) -> Score:
    """Play streams through the C core, each from a fresh start."""
    from ..core import LNN, run_clip

    score = Score()
    with LNN(lnn.write(model)) as net:
        for stream in streams:
            score.add(stream, [(d.time_s, d.label) for d in run_clip(net, stream.samples).detections])
    return score


def choose_thresholds(net: LiquidNet, streams: Sequence[Stream], alarm_cost: float = 2.0,
                      temperature: float = 1.0, policy: Policy = Policy()) -> tuple[dict[str, float], dict[float, Score]]:
    """The threshold of each label with the fewest misses plus alarm_cost times false alarms.

    streams should hold words and, for hours where nothing is said, speech and noise without keywords.
    Returns the thresholds and the scores at every common threshold that was tried."""
    scores = {t: listen(to_model(net, t, temperature=temperature, policy=policy), streams) for t in THRESHOLDS}

    def cost(label: str, threshold: float) -> float:
        score = scores[threshold]
        misses = score.said.get(label, 0) - score.found.get(label, 0)
        return misses + alarm_cost * score.false.get(label, 0)

    labels = [name for name in net.config.labels if not name.startswith("_")]
    # min() keeps the first of equals: start with the highest threshold, the safer one
    return {name: min(sorted(THRESHOLDS, reverse=True), key=lambda t: cost(name, t)) for name in labels}, scores
