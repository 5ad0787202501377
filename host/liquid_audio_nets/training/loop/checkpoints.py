"""Checkpoints as safetensors: tensors by name, everything else as JSON in the header; never pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ...lnn.whole_file import replacing
from ..nets.model import StreamState
from .errors import TrainingError
from .optimizers import MOMENTS

if TYPE_CHECKING:
    from .trainer import LNNTrainer


def save(trainer: "LNNTrainer", path: Path, config: dict[str, Any]) -> None:
    """Replace path at once, so that an interrupted write leaves the checkpoint before it.

    Raises TrainingError where it cannot be written."""
    tensors = {f"net.{k}": v for k, v in trainer.net.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in trainer.average.state_dict().items()}
    for name, parameter in trainer.net.named_parameters():
        moments = trainer.optimizer.state.get(parameter, {})
        tensors |= {f"optimizer.{name}.{k}": moments[k] for k in MOMENTS if k in moments}
    for whose, state in trainer.carried.items():
        tensors |= {f"carried.{whose}.{k}": h.float() for k, h in enumerate(state.h)}
        tensors[f"carried.{whose}.evidence"] = state.evidence.float()
    metadata = {
        "kind": "liquid-audio-nets training",
        "config": json.dumps(config),
        "step": str(trainer.step),
        "best": repr(trainer.best),
        "metrics": json.dumps(trainer.metrics),
        "recipe": json.dumps(trainer.recipe),
        "labels": json.dumps(trainer.net.config.labels),
        "model": json.dumps(trainer.net.config.to_dict()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(path) as part:
            save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, str(part), metadata)
    except SafetensorError as error:
        raise TrainingError(f"{path}: {error}; the checkpoint before it is kept") from None


def load(cls: type["LNNTrainer"], path: Path) -> "LNNTrainer":
    """The trainer as it was saved.  Raises TrainingError for a file that is no checkpoint."""
    from .trainer import TrainerConfig

    try:
        with safe_open(str(path), "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: no such checkpoint") from error
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{path}: not a readable checkpoint; give another, or delete it to begin anew") from error
    if metadata.get("kind") != "liquid-audio-nets training":
        raise TrainingError(f"{path}: not a checkpoint of liquid-train")
    trainer = cls(TrainerConfig.from_dict(json.loads(metadata["config"])))
    for part, net in (("net", trainer.net), ("average", trainer.average)):
        net.load_state_dict({k[len(part) + 1 :]: v for k, v in tensors.items() if k.startswith(part + ".")})
    for name, parameter in trainer.net.named_parameters():
        moments = {k: tensors[f"optimizer.{name}.{k}"] for k in MOMENTS if f"optimizer.{name}.{k}" in tensors}
        if moments:
            trainer.optimizer.state[parameter] = moments
    for whose in ("net", "teacher"):
        if f"carried.{whose}.evidence" in tensors:
            cells = sum(name.startswith(f"carried.{whose}.") for name in tensors) - 1
            trainer.carried[whose] = StreamState(
                [tensors[f"carried.{whose}.{k}"] for k in range(cells)], tensors[f"carried.{whose}.evidence"]
            )
    trainer.recipe = json.loads(metadata.get("recipe", "{}"))
    trainer.step, trainer.best = int(metadata["step"]), float(metadata["best"])
    trainer.metrics = json.loads(metadata["metrics"])
    return trainer
