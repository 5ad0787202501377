"""Which class carries out the task that a recipe names."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from ...audio.files import SUFFIXES
from ..data.frame_store import FrameStore
from ..loop.export import runs_in_core
from ..nets.penalties import macs_per_step, sparsity_loss
from ..nets.pruning import masks
from ..nets.registry import WINDOWED, make_net
from ..settings.config import TrainerConfig
from ..settings.errors import UnsupportedCell

if TYPE_CHECKING:
    from ..loop.run import Task

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
    stores, or a frame store; report: takes what the user should know, a line at a time.

    Raises UnsupportedCell, WiringError and TrainingError for a network that cannot be trained so, before data are read."""
    refuse_network(recipe)
    module, _, name = TASKS[recipe["task"]].partition(":")
    kind = getattr(importlib.import_module(f".{module}", __package__), name)
    data, cache = Path(data) if data else None, Path(cache)
    return kind(recipe, data, cache if FrameStore.exists(cache) else cache / _made_from(recipe, data), report)


def refuse_network(recipe: dict[str, Any]) -> None:
    """Raises what training would raise after the data were read: for a network of windows in a task that needs an answer at
    every tick, for one that the core does not run in a task that it measures, for a cell, solver or wiring that there is
    not, and for weights that cannot be counted or pruned."""
    config, train = TrainerConfig.of_recipe(recipe, labels=("a", "b")), recipe["train"]
    if config.cell_kind in WINDOWED and recipe["task"] != "keywords":
        raise UnsupportedCell(
            f"'{config.cell_kind}' decides windows of one second; it can be compared on keywords alone, not on "
            f"{recipe['task']}"
        )
    if config.cell_kind not in WINDOWED and not config.hidden_dim:
        raise UnsupportedCell("model.hidden_dim = []: give the units of at least one cell")
    net = make_net(config.model())
    if recipe["task"] == "wake-word" and not runs_in_core(net.config):
        raise UnsupportedCell(
            f"'{config.cell_kind}' cannot learn a wake word: epochs are measured through the C core, which runs 'ltc'"
        )
    if train["complexity_penalty"]:
        macs_per_step(net)
    if train["sparsity_penalty"]:
        sparsity_loss(net)
    if train.get("prune_share"):
        masks(net.cells, 0.0, train["prune_groups"])


def _made_from(recipe: dict[str, Any], data: Path | None) -> str:
    """A name for what is read from data by a recipe: another one once files come, go or change."""
    walk = os.walk(data, followlinks=True) if data else ()
    files = [os.path.join(path, name) for path, _, names in walk for name in names]
    found = sorted(
        (path, os.stat(path).st_size, os.stat(path).st_mtime_ns)
        for path in files
        if path.lower().endswith(SUFFIXES) and os.path.isfile(path)
    )
    known = json.dumps([recipe["data"], str(data and data.resolve()), found])
    return f"{recipe['task']}-{hashlib.sha1(known.encode()).hexdigest()[:10]}"
