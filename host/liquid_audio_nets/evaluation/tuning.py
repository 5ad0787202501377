# SPDX-License-Identifier: MIT
"""Thresholds from streams: the most words heard at a given number of false accepts per hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..lnn.arrays import Array
from .playback import CONDITIONS
from .streams import StreamTest
from .traces import accepts, leading

THRESHOLDS = 1 - np.geomspace(0.7, 1e-5, 96)  # 0.3 .. 0.99999: posteriors of trained words crowd near 1


@dataclass
class Curves:
    """What each label would do at each of THRESHOLDS; hits, false_accepts int (labels, thresholds): words heard, over some
    conditions, and false accepts in all other sounds; words: how many were said."""

    hits: Array
    false_accepts: Array
    words: int

    @classmethod
    def of(cls, test: StreamTest, conditions: Collection[str] | None = None) -> Curves:
        """From traces that are there already: nothing is played.  conditions: names; default all."""
        shape = (len(test.labels), len(THRESHOLDS))
        curves = cls(np.zeros(shape, int), np.zeros(shape, int), 0)
        for streams in [found for name, found in test.words.items() if conditions is None or name in conditions]:
            for name, stream in streams.items():
                label = test.labels.index(name)
                curves.hits[label] += (stream.best(label)[:, None] >= THRESHOLDS).sum(0)
                curves.words += len(stream.recordings)
        for stream in test.others.values():
            for label in map(int, np.flatnonzero(test.thresholds > 0)):
                score = np.where(stream.steps, leading(stream.posterior, label), 0.0)
                curves.false_accepts[label] += [
                    len(accepts(score, threshold, int(test.refractory_ticks[label]))) for threshold in THRESHOLDS
                ]
        return curves

    def best(self, price: float) -> Array:
        """Index of the threshold of each label that is best if a false accept costs as much as `price` missed words."""
        gain = self.hits - price * self.false_accepts
        return np.asarray(len(THRESHOLDS) - 1 - gain[:, ::-1].argmax(1))  # of equally good ones the strictest

    def spend(self, chosen: Array, labels: Array, budget: int) -> None:
        """Makes thresholds looser, label by label, while that hears more words within a budget of false accepts: the price
        leaves a part of the budget over, because it finds only the corners of the trade.  chosen is changed."""
        while True:
            left = budget - sum(int(self.false_accepts[label, chosen[label]]) for label in labels)
            moves = [
                (self.hits[label, at] - self.hits[label, chosen[label]], label, at)
                for label in labels
                for at in range(chosen[label])
                if self.false_accepts[label, at] - self.false_accepts[label, chosen[label]] <= left
            ]
            gain, label, at = max(moves, default=(0, 0, 0))
            if gain <= 0:
                return
            chosen[label] = at


def curve(test: StreamTest) -> list[dict[str, float]]:
    """The trade between recall as recorded and false accepts per hour, if all words had one threshold, for each of
    THRESHOLDS from loose to strict; empty without recordings of words."""
    curves = Curves.of(test, (CONDITIONS[0].name,))
    return [
        {
            "threshold": float(threshold),
            "recall": int(hits) / curves.words,
            "false_accepts_per_hour": int(count) / test.hours,
        }
        for threshold, hits, count in zip(THRESHOLDS, curves.hits.sum(0), curves.false_accepts.sum(0), strict=True)
        if curves.words
    ]


@dataclass
class Tuning:
    """thresholds: by label; recall, per_hour: at them, over all conditions, estimated from the traces; det: the trade as
    (recall, false accepts per hour), from loose to strict."""

    thresholds: dict[str, float]
    recall: float
    per_hour: float
    det: list[tuple[float, float]]

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "thresholds": self.thresholds,
            "recall": self.recall,
            "false_accepts_per_hour": self.per_hour,
            "det": [{"recall": recall, "false_accepts_per_hour": rate} for recall, rate in self.det],
        }


def tune(test: StreamTest, max_per_hour: float) -> Tuning:
    """The thresholds that hear the most words with at most max_per_hour false accepts per hour in the other sounds.

    The budget is shared among the labels by a price of a false accept in missed words, the same for all labels: a label
    that is often misheard gets a stricter threshold (the Lagrangian of the problem; Everett, 1963)."""
    curves, listened = Curves.of(test), np.flatnonzero(test.thresholds > 0)

    def outcome(chosen: Array) -> tuple[float, float]:
        hits = sum(int(curves.hits[label, chosen[label]]) for label in listened)
        count = sum(int(curves.false_accepts[label, chosen[label]]) for label in listened)
        return hits / curves.words, count / test.hours

    choices = [curves.best(price) for price in np.geomspace(1e-3, 1e4, 141)]
    det = [outcome(chosen) for chosen in choices]
    possible = [chosen for chosen, (_, rate) in zip(choices, det, strict=True) if rate <= max_per_hour]
    chosen = possible[0] if possible else np.full(len(test.labels), len(THRESHOLDS) - 1)
    curves.spend(chosen, listened, int(max_per_hour * test.hours))
    recall, per_hour = outcome(chosen)
    thresholds = {test.labels[label]: float(THRESHOLDS[chosen[label]]) for label in listened}
    return Tuning(thresholds, recall, per_hour, sorted(set(det), key=lambda point: -point[1]))
