"""Which class carries out the task that a recipe names."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from ..audio.files import SUFFIXES
from .cache import FrameStore

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
    """The task of a resolved recipe.  data: the user's folder or file, None where there is none; cache: a folder for frame
    stores, or a frame store; report: takes what the user should know, a line at a time."""
    module, _, name = TASKS[recipe["task"]].partition(":")
    kind = getattr(importlib.import_module(f".{module}", __package__), name)
    data, cache = Path(data) if data else None, Path(cache)
    return kind(recipe, data, cache if FrameStore.exists(cache) else cache / _made_from(recipe, data), report)


def _made_from(recipe: dict[str, Any], data: Path | None) -> str:
    """A name for what is read from data by a recipe: another one once files come, go or change."""
    walk = os.walk(data, followlinks=True) if data else ()
    files = [os.path.join(path, name) for path, _, names in walk for name in names]
    found = sorted((path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in files
                   if path.lower().endswith(SUFFIXES) and os.path.isfile(path))
    known = json.dumps([recipe["data"], str(data and data.resolve()), found])
    return f"{recipe['task']}-{hashlib.sha1(known.encode()).hexdigest()[:10]}"
