# SPDX-License-Identifier: MIT
"""Which class carries out the task that a recipe names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...audio.layouts import read_layout
from ..data.frame_store import FrameStore
from ..loop.export import runs_in_core
from ..loop.run import Task
from ..nets.penalties import macs_per_step, sparsity_loss
from ..nets.pruning import masks
from ..nets.registry import WINDOWED, make_net
from ..settings.config import TrainerConfig
from ..settings.errors import UnsupportedCell
from .anomaly import AnomalyTask
from .keywords import KeywordTask
from .series import SeriesTask
from .sounds import SoundTask
from .vad import VadTask
from .wake_word import WakeWordTask

TASKS: dict[str, Callable[..., Task]] = {
    task.name: task for task in (AnomalyTask, KeywordTask, SeriesTask, SoundTask, VadTask, WakeWordTask)
}


def make_task(
    recipe: dict[str, Any],
    data: Path | None,
    cache: Path,
    report: Callable[[str], None],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Task:
    """The task of a resolved recipe.  data: the user's folder or file, None if there is none; cache: a folder for frame
    stores, or a frame store; report: takes what the user should know, a line at a time; progress: takes how many sounds
    are prepared, and of how many.

    Raises UnsupportedCell, WiringError and TrainingError for a network that cannot be trained so, before data are read."""
    refuse_network(recipe)
    kind, data, cache = TASKS[recipe["task"]], Path(data) if data else None, Path(cache)
    store = cache if FrameStore.exists(cache) else cache / _made_from(recipe, data)
    return kind(recipe, data, store, report, progress)


def refuse_network(recipe: dict[str, Any]) -> None:
    """Raises what training would raise after the data were read: for a network of windows in a task that needs an answer at
    every tick, for a network that the core does not run in a task that the core measures, for an unknown cell, solver or
    wiring, and for weights that cannot be counted or pruned."""
    config, train = TrainerConfig.of_recipe(recipe, labels=("a", "b")), recipe["train"]
    if config.cell_kind in WINDOWED and recipe["task"] != "keywords":
        raise UnsupportedCell(
            f"'{config.cell_kind}' decides windows of one second; it can be compared on keywords alone, not on "
            f"{recipe['task']}"
        )
    if config.cell_kind not in WINDOWED and not config.model().cell_units:
        raise UnsupportedCell("model.hidden_dim = []: give the units of at least one cell")
    if config.grid and recipe["task"] in ("anomaly", "series"):
        raise UnsupportedCell(f"the task {recipe['task']} has no grid; leave model.grid out")
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
    """A name for what a recipe reads from data: another one if files come, go, change, or lie in another split."""
    files = read_layout(data) if data and data.is_dir() else []
    found = [
        (str(file.place), file.split, stat.st_size, stat.st_mtime_ns)
        for file in files
        if file.path.is_file() and (stat := file.path.stat())
    ]
    known = json.dumps([recipe["data"], str(data and data.resolve()), found])
    return f"{recipe['task']}-{hashlib.sha1(known.encode()).hexdigest()[:10]}"
