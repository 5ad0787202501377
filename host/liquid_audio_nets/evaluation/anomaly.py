# SPDX-License-Identifier: MIT
"""Anomalies: area under ROC of the highest score in each recording, normal recordings against all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.files import AudioError
from ..audio.held_out import SPLITS, Recording, Recordings, with_held_out
from ..lnn import read
from ..native import LNN
from .measure import Options
from .traces import area_under_roc


@dataclass
class Heard:
    """One recording: its highest score, and the first band that was reported; None if none was."""

    folder: str
    score: float
    band: str | None
    seconds: float


def unlikeness(lnn: LNN, samples: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Resets the model and plays int16 (n,).

    Returns the score s / (1 + s) after every whole tick, float64 (ticks,), and the bands that were reported."""
    lnn.reset()
    tick = lnn.tick_samples
    score: list[float] = []
    bands: list[str] = []
    for at in range(0, len(samples) - tick + 1, tick):
        result = lnn.process(samples[at : at + tick])
        score.append(result.confidence)
        bands += [result.keyword] if result.keyword_detected else []
    return np.array(score, np.float64), bands


def hear(lnn: LNN, recordings: Iterable[Recording], progress: Callable[[], None] = lambda: None) -> list[Heard]:
    """Plays every recording, each from a fresh start."""
    found = []
    for r in recordings:
        score, bands = unlikeness(lnn, r.samples)
        found.append(
            Heard(
                r.folder, float(score.max(initial=0.0)), bands[0] if bands else None, len(r.samples) / lnn.sample_rate
            )
        )
        progress()
    return found


@dataclass
class AnomalyResult:
    """normal: held-out recordings of the normal sound; other: recordings of anything else."""

    label: str
    normal: list[Heard]
    other: list[Heard]
    unreadable: list[str]
    figure_name = "area under ROC"

    def area(self, other: list[Heard]) -> float:
        """Area under ROC of these against the normal recordings."""
        heard = [*other, *self.normal]
        return area_under_roc(np.array([h.score for h in heard]), np.arange(len(heard)) < len(other))

    @property
    def figure(self) -> float:
        """Area under ROC of all other sounds."""
        return self.area(self.other)

    def by_folder(self) -> dict[str, float]:
        """Area under ROC of each folder of other sounds."""
        return {
            name: self.area([h for h in self.other if h.folder == name])
            for name in sorted({h.folder for h in self.other})
        }

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        return {
            "task": "anomaly",
            "normal": self.label,
            "auc": self.figure,
            "auc_by_folder": self.by_folder(),
            "normal_recordings": len(self.normal),
            "other_recordings": len(self.other),
            "false_alarms": reported(self.normal),
            "detected": reported(self.other),
            "seconds": sum(h.seconds for h in (*self.normal, *self.other)),
            "unreadable": self.unreadable,
        }

    def lines(self) -> list[str]:
        """The figures in sentences."""
        folders = ", ".join(f"{name} {area:.3f}" for name, area in self.by_folder().items())
        return [
            f"area under ROC {self.figure:.4f}: {len(self.other)} other recordings against {len(self.normal)} of the normal "
            f"sound '{self.label}' that training left out",
            f"at the model's own threshold {reported(self.other)} of {len(self.other)} other recordings are reported, and "
            f"{reported(self.normal)} of {len(self.normal)} normal ones (false alarms)",
            f"area under ROC by folder: {folders}",
        ]


def reported(heard: list[Heard]) -> int:
    """The number of recordings in which the model, at its own threshold, reported something."""
    return sum(h.band is not None for h in heard)


def measure(content: bytes, data: Path, options: Options, progress: Callable[[], None]) -> AnomalyResult:
    """data: a folder with one folder per kind of sound; the model's metadata names the normal one.

    Of the normal sound only what training left out counts, which is whole recordings or their ends.  All other
    recordings count, because training heard none of them.  Raises AudioError if either kind is missing."""
    metadata = read(content).metadata
    label, fold = str(metadata.get("normal", "normal")), str(metadata.get("held_out_fold", "4"))
    normal, other = Recordings(data, SPLITS, fold=fold), Recordings(data, SPLITS)
    others = sorted({str(f.place.parent) for f in other.find(".") if f.word and label not in f.place.parts[:-1]})
    if not normal.find(label) or not others:
        raise AudioError(
            f"{data}: give a folder that holds '{label}', the sound that is normal to this model, and folders of "
            "other sounds"
        )
    heard = list(normal.read(label))
    if options.split != "all":
        heard = [r for r in with_held_out(heard) if r.split == options.split]
    with LNN(content) as lnn:
        result = AnomalyResult(label, hear(lnn, heard, progress), hear(lnn, other.read(*others), progress), [])
    result.unreadable = normal.unreadable + other.unreadable
    if not result.normal or not result.other:
        raise AudioError(
            f"{data}: no {'held-out ' if options.split == 'validation' else ''}recordings of '{label}'"
            if not result.normal
            else f"{data}: no recordings of other sounds than '{label}'"
        )
    return result
