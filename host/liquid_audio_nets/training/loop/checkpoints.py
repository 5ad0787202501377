# SPDX-License-Identifier: MIT
"""Checkpoints: tensors by name and text by name, as safetensors or as torch's .pt without any pickled code."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ...lnn.whole_file import replacing
from ..settings.config import TrainerConfig
from ..settings.errors import TrainingError

SUFFIXES = (".safetensors", ".pt")
_KIND = "liquid-audio-nets training"
Content = tuple[dict[str, Tensor], dict[str, str]]  # tensors by name, text by name


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Replaces path as a whole, so that an interrupted write leaves the checkpoint before it.

    Raises TrainingError for another suffix than SUFFIXES and if the file cannot be written."""
    if path.suffix not in SUFFIXES:
        hint = "; export_embedded() writes an .lnn" if path.suffix == ".lnn" else ""
        raise TrainingError(f"{path}: a checkpoint's name ends with {' or '.join(SUFFIXES)}{hint}")
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    metadata = {"kind": _KIND} | metadata
    try:
        with replacing(path) as part:
            if path.suffix == ".pt":
                torch.save({"tensors": tensors, "metadata": metadata}, part)
            else:
                save_file(tensors, str(part), metadata)
    except (SafetensorError, RuntimeError) as error:  # torch.save raises RuntimeError if the disk is full
        raise TrainingError(f"{path}: {error}; the checkpoint before it is kept") from None


def read(path: Path) -> Content:
    """Tensors and metadata of a checkpoint.  Raises TrainingError for any other file."""
    tensors: dict[str, Tensor] = {}
    try:
        if path.suffix == ".pt":
            with warnings.catch_warnings():  # torch remarks on the pickles of other programs
                warnings.simplefilter("ignore")
                content = torch.load(path, "cpu", weights_only=True)
            tensors, metadata = content["tensors"], content["metadata"]
        else:
            with safe_open(str(path), "pt") as file:
                metadata = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # a file, not a dict
        if metadata["kind"] != _KIND:
            raise KeyError("kind")
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such checkpoint") from None
    except (KeyError, TypeError):
        raise TrainingError(f"{path}: not a checkpoint of liquid-train or LNNTrainer.save()") from None
    except (SafetensorError, OSError, RuntimeError, EOFError, IndexError, ValueError, pickle.UnpicklingError):
        raise TrainingError(f"{path}: not a readable checkpoint; give another, or delete it to begin anew") from None
    return tensors, metadata


def config_of(metadata: dict[str, str]) -> TrainerConfig:
    """The settings of the trainer that wrote a checkpoint.  Raises TrainingError for settings that are not known."""
    config = json.loads(metadata["config"])
    layers = config.pop("layers", 2)  # of checkpoints from before hidden_dim alone told the number of cells
    if isinstance(config["hidden_dim"], int):
        config["hidden_dim"] = (config["hidden_dim"],) * layers
    return TrainerConfig.from_dict(config)


def recipe_of(path: Path) -> dict[str, Any]:
    """The recipe of the run that wrote a checkpoint; empty if it was no run.  Raises TrainingError as read() does."""
    recipe: dict[str, Any] = json.loads(read(path)[1].get("recipe", "{}"))
    return recipe
