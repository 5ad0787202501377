"""What liquid-test measures, by the task that a model file names."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Protocol, Sequence

from ..lnn import read

# Tasks whose figure is not the accuracy of whole clips; each module has measure(content, data, options, progress).
MODULES = {"wake_word": "wake_word", "vad": "vad"}


@dataclass(frozen=True)
class Options:
    """split: training, validation, testing or all, by the names of files (audio/held_out.py); snr_db: of what is mixed
    into noise."""

    split: str = "validation"
    snr_db: Sequence[float] = (20.0, 10.0, 5.0)
    seed: int = 0


class Measured(Protocol):
    """figure: what a gate compares, 0 to 1, higher is better, and its name; lines: for people; as_json: all of it;
    unreadable: files that were left out."""

    figure: float
    figure_name: str
    unreadable: list[str]

    def lines(self) -> list[str]: ...
    def as_json(self) -> dict: ...


def measure(content: bytes, data: Path, options: Options, progress: Callable[[], None] = lambda: None) -> Measured | None:
    """The figure of a model's task on recordings; None for a task whose clips are classified (evaluate does that).

    Raises LnnError where the model is not valid, AudioError where data lacks what the task needs."""
    module = MODULES.get(read(content).task)
    if module is None:
        return None
    return importlib.import_module(f".{module}", __package__).measure(content, data, options, progress)
