"""LNNTrainer: one object that trains, measures, saves, resumes and exports a liquid network."""

from __future__ import annotations

import difflib
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Callable, Iterable

import numpy as np
import torch

from ..data.batches import Batch, moved
from ..data.frame_store import FrameStore
from ..data.schedule import Policy
from ..nets.model import LiquidNet, ModelConfig, StreamState
from ..nets.penalties import power_loss, sparsity_loss
from ..nets.pruning import gradual_share, masks
from ..nets.registry import make_net
from ..settings.ranges import complaint
from . import checkpoints
from .distillation import Teacher, distillation_loss
from .errors import TrainingError
from .evaluation import Clips, confusion_matrix, posteriors, validation_clips
from .optimizers import MOMENTS, make_optimizer

_OF_RECIPE = {
    "hidden": "hidden_dim",
    "arch": "cell_kind",
    "solver": "ode_solver",
    "lambda_power": "complexity_penalty",
    "lambda_sparse": "sparsity_penalty",
}


@dataclass
class TrainerConfig:
    """What LNNTrainer takes.  hidden_dim: units of every cell; layers: how many are stacked; cell_kind and ode_solver:
    see kinds.py; wiring of `ltc_synaptic`: full, auto_ncp, or a table such as {"kind": "auto_ncp", "outputs": 16}.
    complexity_penalty and sparsity_penalty: weights of power_loss and sparsity_loss.  distill_from: checkpoint of a
    teacher, whose answers at distill_temperature make up distill_weight of the loss.  prune_share: of the cells' weights
    becomes zero between prune_begin and prune_end (shares of total_steps), in blocks with prune_groups."""

    input_dim: int = 40
    hidden_dim: int | tuple[int, ...] = 64
    layers: int = 2
    output_dim: int = 10
    labels: tuple[str, ...] = ()
    cell_kind: str = "ltc"
    ode_solver: str = "fused"
    smoothing_s: float = 0.2
    complexity_penalty: float = 0.0
    optimizer: str = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.04
    gradient_limit: float = 1.0
    warmup_steps: int = 200
    total_steps: int = 10000
    ema_decay: float = 0.999
    seed: int = 1
    wiring: str | dict[str, Any] = "full"
    sparsity_penalty: float = 0.0
    distill_from: str = ""
    distill_weight: float = 0.5
    distill_temperature: float = 2.0
    prune_share: float = 0.0
    prune_groups: bool = True
    prune_begin: float = 0.2
    prune_end: float = 0.7

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainerConfig":
        """Raises TrainingError for an unknown key, naming the nearest known one."""
        known = [f.name for f in fields(cls)]
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise TrainingError(f"unknown setting '{key}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    @classmethod
    def of_recipe(cls, recipe: dict[str, Any], **more: Any) -> "TrainerConfig":
        """From a recipe's tables [model] and [train]; what is no setting of a trainer is left to others.  more: fields."""
        given = {_OF_RECIPE.get(k, k): v for table in ("model", "train") for k, v in recipe[table].items()}
        train, known = recipe["train"], [f.name for f in fields(cls)]
        values = (
            {k: v for k, v in given.items() if k in known}
            | {"total_steps": train["epochs"] * train["epoch_steps"]}
            | more
        )
        return cls.from_dict(values)

    def model(self) -> ModelConfig:
        """Of the network to train; raises TrainingError for a cell without units and for labels that no .lnn holds."""
        dims = self.hidden_dim if isinstance(self.hidden_dim, tuple) else (self.hidden_dim,) * self.layers
        if min(dims, default=1) < 1:
            raise TrainingError(f"hidden units {list(dims)}: every cell needs at least one")
        labels = self.labels or tuple(f"class{i}" for i in range(self.output_dim))
        if found := complaint("labels", list(labels)):
            raise TrainingError(f"labels: {found}")
        return ModelConfig(
            labels, self.input_dim, dims, self.cell_kind, self.ode_solver, self.smoothing_s, wiring=self.wiring
        )


class LNNTrainer:
    """Trains a liquid network; `config` is a dict of TrainerConfig's fields.

    Raises TrainingError for unknown settings, UnsupportedCell for cells it cannot train, WiringError for wirings that
    cannot be made."""

    def __init__(self, config: dict[str, Any] | TrainerConfig):
        self.config = config if isinstance(config, TrainerConfig) else TrainerConfig.from_dict(config)
        torch.manual_seed(self.config.seed)
        self.net = make_net(self.config.model())
        self._new_optimizer()
        self.average = make_net(self.config.model()).eval()  # exponential mean of the weights: what is exported
        self.average.load_state_dict(self.net.state_dict())
        self.average.requires_grad_(False)
        self.parallel, self.device, self.bf16 = None, torch.device("cpu"), False
        self.step, self.best, self.metrics = 0, 0.0, {}
        self.recipe: dict[str, Any] = {}  # of the run that this is part of
        self.carried: dict[str, StreamState] = {}  # from batch to batch of streams, of the "net" and of its "teacher"
        self._teacher: Teacher | None = None

    def _new_optimizer(self) -> None:
        c = self.config
        try:
            self.optimizer = make_optimizer(self.net, c.optimizer, c.learning_rate, c.weight_decay)
        except ValueError as error:
            raise TrainingError(str(error)) from None

    def change(self, settings: dict[str, Any]) -> None:
        """Go on with other settings: a recipe's table [train], of which what is no setting of a trainer is left to others."""
        known, given = [f.name for f in fields(self.config)], {_OF_RECIPE.get(k, k): v for k, v in settings.items()}
        before, self.config = self.config, replace(self.config, **{k: v for k, v in given.items() if k in known})
        if self.config.optimizer != before.optimizer:
            self._new_optimizer()
        for group in self.optimizer.param_groups[:-1]:  # the last one's are vectors
            group["weight_decay"] = self.config.weight_decay

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then a cosine to 1 % of the peak."""
        c = self.config
        if step < c.warmup_steps:
            return c.learning_rate * (step + 1) / c.warmup_steps
        done = min((step - c.warmup_steps) / max(c.total_steps - c.warmup_steps, 1), 1.0)
        return c.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))

    def normalise(self, log_mel: torch.Tensor) -> None:
        """Set the front-end's mean and deviation from log-mel values (T, B, C) of sounding frames."""
        flat = log_mel.reshape(-1, log_mel.shape[-1])
        for net in (self.net, self.average):
            net.mean.copy_(flat.mean(0))
            net.inv_std.copy_(1 / flat.std(0).clamp_min(0.1))

    def to(self, device: torch.device | str, bf16: bool = False, parallel: bool = False) -> "LNNTrainer":
        """Train on a device; bf16: products of the forward pass in bfloat16; parallel: gradients are averaged with the
        other processes of torch.distributed's group, each of which gives its own batches."""
        self.device, self.bf16 = torch.device(device), bf16
        self.net.to(self.device), self.average.to(self.device)
        for moments in self.optimizer.state.values():
            moments |= {k: moments[k].to(self.device) for k in MOMENTS if k in moments and k != "step"}
        self.carried = {k: state.each(lambda x: x.to(self.device)) for k, state in self.carried.items()}
        self.parallel = torch.nn.parallel.DistributedDataParallel(self.net) if parallel else None
        return self

    def _start_state(self, batch: Batch, net: LiquidNet, whose: str) -> StreamState:
        size, carry = batch.log_mel.shape[1], self.carried.get(whose)
        state = net.initial_state(size)
        if carry is not None and batch.stream and len(carry.evidence) == size:
            other = torch.randperm(size, generator=torch.Generator().manual_seed(self.step)).to(self.device)
            keep = batch.carried.unsqueeze(1)
            state = StreamState(
                [torch.where(keep, h[other], h0) for h, h0 in zip(carry.h, state.h)],
                torch.where(keep, carry.evidence[other], state.evidence),
            )
        return state

    def _distil(self, batch: Batch, evidence: torch.Tensor) -> torch.Tensor:
        """The teacher's part of the loss; raises TrainingError where there is no such teacher."""
        if self._teacher is None:
            try:
                self._teacher = Teacher(LNNTrainer.load(self.config.distill_from).average, self.net)
            except ValueError as error:
                raise TrainingError(f"{self.config.distill_from}: {error}") from None
        teacher = self._teacher
        wanted, end = teacher.evidence(batch, self._start_state(batch, teacher.net, "teacher"))
        if batch.stream:
            self.carried["teacher"] = end
        return distillation_loss(evidence, wanted, batch.weight, self.config.distill_temperature)

    def train_step(
        self, batch: Batch | tuple, lambda_power: float | None = None, lambda_sparse: float | None = None
    ) -> float:
        """One optimiser step on a Batch, or on (log_mel (B, T, C), labels (B,)) with 20 ms steps; returns the loss.

        Any object with a Batch's log_mel, dt, closed_s, carried, stream and loss() will do: the batch knows what is right.

        lambda_power defaults to complexity_penalty, lambda_sparse to sparsity_penalty.  Raises TrainingError when the
        loss is not finite (the weights are then those of before the step) and for a teacher that cannot teach."""
        batch = (
            Batch.of_clips(*batch, classes=len(self.net.config.labels)) if isinstance(batch, (tuple, list)) else batch
        )
        batch = moved(batch, self.device)
        lambda_power = self.config.complexity_penalty if lambda_power is None else lambda_power
        lambda_sparse = self.config.sparsity_penalty if lambda_sparse is None else lambda_sparse
        start = self._start_state(batch, self.net, "net")
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            outputs, end = (self.parallel or self.net)(batch.log_mel, batch.dt, batch.closed_s, start)
        loss = batch.loss(outputs, self.net, self.config.label_smoothing)
        if self.config.distill_from:
            share = self.config.distill_weight
            loss = (1 - share) * loss + share * self._distil(batch, outputs)
        if lambda_power:
            loss = loss + lambda_power * power_loss(self.net, batch.dt, batch.tick_s)
        if lambda_sparse:
            loss = loss + lambda_sparse * sparsity_loss(self.net)
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is {loss.item()} at step {self.step}; lower learning_rate and resume")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.gradient_limit)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(self.step)
        self.optimizer.step()
        self._prune(self.net)
        self._update_average()
        self._prune(self.average)
        if batch.stream:
            self.carried["net"] = end.detach()
        self.step += 1
        return loss.item()

    @torch.no_grad()
    def _prune(self, net: LiquidNet) -> None:
        c = self.config
        share = gradual_share((self.step + 1) / c.total_steps, c.prune_share, c.prune_begin, c.prune_end)
        if share:
            for cell, mask in zip(net.cells, masks(net.cells, share, c.prune_groups)):
                cell.weight.mul_(mask)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        for mean, new in zip(self.average.parameters(), self.net.parameters()):
            mean.lerp_(new, 1 - decay)
        for kept, new in zip(self.average.buffers(), self.net.buffers()):
            kept.copy_(new)

    def fit(
        self,
        batches: Iterable[Batch],
        after: Callable[["LNNTrainer", float], None] | None = None,
        lambda_power: float | None = None,
        lambda_sparse: float | None = None,
    ) -> float:
        """Train on batches until they end; `after(trainer, loss)` follows each step.  Returns the mean loss."""
        losses = []
        for batch in batches:
            losses.append(self.train_step(batch, lambda_power, lambda_sparse))
            if after:
                after(self, losses[-1])
        return float(np.mean(losses)) if losses else math.nan

    def evaluate(self, store: FrameStore, clips: Clips | None = None, policy: Policy = Policy()) -> dict[str, Any]:
        """Accuracy of the averaged weights under a timestep policy: {'accuracy', 'clips', 'labels', 'per_label', 'confusion'}."""
        labels = self.net.config.labels
        clips = validation_clips(store, labels) if clips is None else clips
        answer = posteriors(self.average, store, clips, policy).argmax(1)
        matrix = confusion_matrix(clips.label, answer, len(labels))
        recall = matrix.diagonal() / np.maximum(matrix.sum(1), 1)
        return {
            "accuracy": float((answer == clips.label).mean()),
            "clips": len(clips),
            "labels": list(labels),
            "per_label": dict(zip(labels, recall.round(4).tolist())),
            "confusion": matrix.tolist(),
        }

    def save(self, path: str | Path) -> None:
        """Write weights, averaged weights, optimiser, the state of streams and progress as one safetensors file."""
        checkpoints.save(self, Path(path), asdict(self.config))

    @classmethod
    def load(cls, path: str | Path) -> "LNNTrainer":
        """Raises TrainingError when the file is not a checkpoint of this trainer."""
        return checkpoints.load(cls, Path(path))

    def export_embedded(
        self, path: str | Path, quantization: str = "float32", target: str = "cortex-m4", **extra: Any
    ) -> Path:
        """Write the averaged weights as a `.lnn` file; see export.export_lnn."""
        from .export import export_lnn

        return export_lnn(self.average, Path(path), quantization=quantization, target=target, **extra)
