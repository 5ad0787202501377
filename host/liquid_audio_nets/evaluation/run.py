# SPDX-License-Identifier: MIT
"""Runs the C core over labelled clips and counts: accuracy, confusion, detections, work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..audio.dataset import Clip, Dataset
from ..lnn import read
from ..native import LNN, ClipResult, run_clip
from .summary import frontend_macs


@dataclass
class Evaluation:
    """confusion: int (n_labels, n_labels), rows true, columns decided.  seconds: of audio.  detected, missed: clips of
    keywords; false_alarms: detections of anything else.  counters: of the engine.  mistakes: (path, true, decided)."""

    labels: list[str]
    confusion: np.ndarray
    seconds: float = 0.0
    detected: int = 0
    missed: int = 0
    false_alarms: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    macs_per_step: int = 0
    frontend_macs: int = 0
    converted: int = 0
    unreadable: list[str] = field(default_factory=list)
    mistakes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def clips(self) -> int:
        """How many clips were decided."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of the clips decided right, 0 to 1."""
        return float(np.trace(self.confusion) / max(self.clips, 1))

    def recall(self) -> dict[str, float | None]:
        """Label -> share of its clips decided right; None for a label without clips."""
        totals = self.confusion.sum(1)
        return {
            name: float(self.confusion[i, i] / totals[i]) if totals[i] else None for i, name in enumerate(self.labels)
        }

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the labels' recalls: no label counts for more because it has more clips."""
        recalls = [r for r in self.recall().values() if r is not None]
        return float(np.mean(recalls)) if recalls else 0.0

    def rate(self, counter: str) -> float:
        """A counter of the engine, per second of audio."""
        return self.counters.get(counter, 0) / self.seconds if self.seconds else 0.0

    def macs_per_second(self) -> float:
        """Multiply-accumulates per second of audio: of cells and readout counted, without those that the kernels skip; of
        the front-end estimated from its number of multiplications."""
        cells = self.rate("steps") * self.macs_per_step - self.rate("skipped_macs")
        return cells + self.rate("frontend_runs") * self.frontend_macs

    def gated_fraction(self) -> float:
        """Share of the ticks during which the energy gate was closed, so that nothing else was computed."""
        return self.counters.get("gated_ticks", 0) / max(self.counters.get("ticks", 0), 1)

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        hours = self.seconds / 3600
        return {
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "clips": self.clips,
            "labels": self.labels,
            "recall": self.recall(),
            "confusion": self.confusion.tolist(),
            "seconds": self.seconds,
            "steps_per_second": self.rate("steps"),
            "frontend_runs_per_second": self.rate("frontend_runs"),
            "gated_fraction": self.gated_fraction(),
            "macs_per_second": self.macs_per_second(),
            "macs_are": "estimated",
            "macs_per_step": self.macs_per_step,
            "frontend_macs": self.frontend_macs,
            "detected": self.detected,
            "missed": self.missed,
            "false_alarms": self.false_alarms,
            "false_alarms_per_hour": self.false_alarms / hours if hours else 0.0,
            "converted": self.converted,
            "unreadable": self.unreadable,
        }


def evaluate(model: bytes, dataset: Dataset, progress: Callable[[], None] = lambda: None) -> Evaluation:
    """Decides every clip of the dataset with the C core.

    A clip's decision is the likeliest label after its last step, or the idle label if the gate stayed closed.  A keyword
    clip counts as detected if its own label passed its threshold; any other detection is a false alarm.  Unreadable
    files are listed and left out.  Raises LnnError if the model is not valid.
    """
    parsed = read(model)
    with LNN(model) as lnn:
        n = len(lnn.labels)
        result = Evaluation(
            list(lnn.labels),
            np.zeros((n, n), np.int64),
            macs_per_step=lnn.info["macs_per_step"],
            frontend_macs=frontend_macs(parsed),
        )
        for clip, samples in dataset.read():
            outcome = run_clip(lnn, samples)
            _count(result, lnn, clip, outcome)
            result.seconds += len(samples) / lnn.sample_rate
            progress()
        result.counters = lnn.counters()
    result.converted, result.unreadable = dataset.converted, list(dataset.unreadable)
    return result


def _count(result: Evaluation, lnn: LNN, clip: Clip, outcome: ClipResult) -> None:
    true = lnn.labels.index(clip.label)
    result.confusion[true, outcome.label] += 1
    if true != outcome.label:
        result.mistakes.append((str(clip.path), clip.label, lnn.labels[outcome.label]))
    if lnn.thresholds[true] > 0:
        heard = any(d.label == clip.label for d in outcome.detections)
        result.detected += heard
        result.missed += not heard
    result.false_alarms += sum(d.label != clip.label for d in outcome.detections)
