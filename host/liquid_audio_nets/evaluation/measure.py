# SPDX-License-Identifier: MIT
"""What liquid-test measures, by the task that a model file names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..audio.dataset import Dataset, scan
from ..audio.files import AudioError
from ..audio.held_out import HELD_OUT_FOLD, scan_parts
from ..lnn import read

# Tasks whose figure is not the accuracy of whole clips; each module has measure(content, data, options, progress).
MODULES = ("anomaly", "wake_word", "vad", "series")


@dataclass(frozen=True)
class Options:
    """split: training, validation, testing or all, by the names of files (audio/held_out.py).  snr_db: signal-to-noise
    ratios at which sounds are mixed into noise.  noise: folders, relative to the data, that hold noise for a vad model
    whatever their names.  seed: of the mixtures."""

    split: str = "validation"
    snr_db: Sequence[float] = (20.0, 10.0, 5.0)
    noise: Sequence[str] = ()
    seed: int = 0


class Measured(Protocol):
    """What was measured.

    figure_name: what the figure is called; unreadable: a sentence for each file that was left out."""

    figure_name: str
    unreadable: list[str]

    @property
    def figure(self) -> float:
        """What a gate compares: 1 is best, 0 is no better than chance or than no model at all."""

    def lines(self) -> list[str]:
        """The figures in sentences."""

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""


def usual_split(content: bytes) -> str:
    """The split on which a task that decides whole clips is measured: sounds on what training left out, others on all.

    Raises LnnError if the model is not valid."""
    return "validation" if read(content).task == "sounds" else "all"


def labelled_clips(content: bytes, data: Path, labels: Sequence[str], split: str | None) -> Dataset:
    """The clips for a task that decides whole clips.  split: None for usual_split().

    Raises LnnError if the model is not valid, AudioError if the model reads no audio or data has no clips of its words."""
    model = read(content)
    if model.frontend.kind == "none":
        raise AudioError("the model reads rows of numbers, not clips; measure it without --device")
    split = split or usual_split(content)
    part = None if split == "all" else split
    if model.task != "sounds":
        dataset = scan(data, labels, part)
        dataset.require_words()
        return dataset
    fold = model.metadata.get("held_out_fold", HELD_OUT_FOLD)
    return scan_parts(data, labels, part, fold)


def measure(
    content: bytes, data: Path, options: Options, progress: Callable[[], None] = lambda: None
) -> Measured | None:
    """Measures the figure of a model's task; None for a task that decides whole clips, which evaluate() measures.

    Raises LnnError if the model is not valid, AudioError or SeriesError if data lacks what the task needs."""
    task = read(content).task
    if task not in MODULES:
        return None
    measured: Measured = importlib.import_module(f".{task}", __package__).measure(content, data, options, progress)
    return measured
