"""What liquid-test measures, by the task that a model file names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..audio.dataset import Dataset, scan
from ..audio.files import AudioError
from ..audio.held_out import HELD_OUT_FOLD, scan_parts
from ..lnn import read

# Tasks whose figure is not the accuracy of whole clips; each module has measure(content, data, options, progress).
MODULES = ("anomaly", "wake_word", "vad", "series")


@dataclass(frozen=True)
class Options:
    """split: training, validation, testing or all, by the names of files (audio/held_out.py); snr_db: of what is mixed
    into noise; noise: folders of data, relative to it, that a vad model is to take for noise whatever their names."""

    split: str = "validation"
    snr_db: Sequence[float] = (20.0, 10.0, 5.0)
    noise: Sequence[str] = ()
    seed: int = 0


class Measured(Protocol):
    """figure: what a gate compares, 0 to 1, higher is better, and its name; lines: for people; as_json: all of it;
    unreadable: files that were left out."""

    figure_name: str
    unreadable: list[str]

    @property
    def figure(self) -> float: ...

    def lines(self) -> list[str]: ...
    def as_json(self) -> dict: ...


def usual_split(content: bytes) -> str:
    """What a task that decides whole clips is measured on: of sounds what the model did not learn from, else all.

    Raises LnnError where the model is not valid."""
    return "validation" if read(content).task == "sounds" else "all"


def labelled_clips(content: bytes, data: Path, labels: Sequence[str], split: str | None) -> Dataset:
    """The clips of a task that decides whole clips.  split: None for usual_split().

    Raises LnnError where the model is not valid, AudioError where data has no such clips."""
    model = read(content)
    if model.frontend.kind == "none":
        raise AudioError("the model reads rows of numbers and hears no clips; measure it without a board")
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
    """The figure of a model's task on recordings; None for a task whose clips are classified (evaluate does that).

    Raises LnnError where the model is not valid, AudioError where data lacks what the task needs."""
    task = read(content).task
    if task not in MODULES:
        return None
    return importlib.import_module(f".{task}", __package__).measure(content, data, options, progress)
