# SPDX-License-Identifier: MIT
"""Training of liquid networks with torch, the only part of the package that imports it.

Names are loaded when they are first used, because recipes and --help must not wait for torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.batches import Batch
    from .data.frame_store import FrameStore
    from .data.word_batches import WordBatches
    from .loop.trainer import LNNTrainer
    from .nets.model import LiquidNet
    from .nets.ncps_cells import from_ncps
    from .settings.config import ModelConfig, TrainerConfig
    from .settings.errors import ExportError, RecipeError, TrainingError, UnsupportedCell, WiringError

__all__ = [
    "Batch",
    "ExportError",
    "FrameStore",
    "LNNTrainer",
    "LiquidNet",
    "ModelConfig",
    "RecipeError",
    "TrainerConfig",
    "TrainingError",
    "UnsupportedCell",
    "WiringError",
    "WordBatches",
    "from_ncps",
]

_HOMES = {
    "data.batches": ("Batch",),
    "data.frame_store": ("FrameStore",),
    "data.word_batches": ("WordBatches",),
    "loop.trainer": ("LNNTrainer",),
    "nets.model": ("LiquidNet",),
    "nets.ncps_cells": ("from_ncps",),
    "settings.config": ("ModelConfig", "TrainerConfig"),
    "settings.errors": ("ExportError", "RecipeError", "TrainingError", "UnsupportedCell", "WiringError"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
