"""Which class carries out the task that a recipe names."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .run import Task

TASKS = {
    "anomaly": "anomaly:AnomalyTask",
    "keywords": "keywords:KeywordTask",
    "series": "series:SeriesTask",
    "sounds": "sounds:SoundTask",
    "vad": "vad:VadTask",
    "wake-word": "wake_word:WakeWordTask",
}


def make_task(recipe: dict[str, Any], data: Path | None, cache: Path, report: Callable[[str], None]) -> "Task":
    """The task of a resolved recipe.  data: the user's folder, None where there is none; cache: where frames may be
    stored; report: takes what the user should know, a line at a time."""
    module, _, name = TASKS[recipe["task"]].partition(":")
    kind = getattr(importlib.import_module(f".{module}", __package__), name)
    return kind(recipe, Path(data) if data else None, Path(cache), report)
