# SPDX-License-Identifier: MIT
"""A checkpoint on disk as the content of a model file."""

from __future__ import annotations

from pathlib import Path

from ...lnn import Model
from ..data.schedule import Policy
from ..settings.errors import ExportError
from ..settings.recipe import build
from .export import to_model
from .trainer import LNNTrainer

MEASURED_AFTERWARDS = ("anomaly", "series")  # what these models need is measured after training, not in the checkpoint


def reopen(path: Path) -> Model:
    """The averaged weights of a checkpoint as a float model, with the task and policy of its recipe.

    The thresholds are those of a network that was not calibrated; the .lnn file in the folder of a run has better ones.
    Raises TrainingError for another file, ExportError for a task whose checkpoints do not hold all of a model, and
    UnsupportedCell for a network that the core does not run."""
    trainer = LNNTrainer.load(path)
    if not trainer.recipe:
        return to_model(trainer.average)
    task = trainer.recipe["task"]
    if task in MEASURED_AFTERWARDS:
        raise ExportError(f"{path}: a checkpoint of the task {task} is not a whole model; give the .lnn beside it")
    return to_model(
        trainer.average, policy=build(Policy, trainer.recipe["policy"]), task=task.replace("-", "_"), target="any"
    )
