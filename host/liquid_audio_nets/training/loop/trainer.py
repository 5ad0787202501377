# SPDX-License-Identifier: MIT
"""LNNTrainer: trains, measures, saves, resumes and exports a liquid network."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.batches import batch_of, moved
from ..data.frame_store import FrameStore
from ..data.schedule import Policy
from ..nets.model import Net, StreamState
from ..nets.penalties import power_loss, sparsity_loss
from ..nets.pruning import gradual_share, masks, weights
from ..nets.registry import make_net
from ..settings.config import TrainerConfig
from ..settings.errors import TrainingError
from . import checkpoints
from .distillation import Teacher, distillation_loss
from .evaluation import Clips, posteriors, score_and_confusion, validation_clips
from .export import export_lnn
from .optimizers import MOMENTS, make_optimizer
from .trained import trained_network


class LNNTrainer:
    """Trains a liquid network.

    config: TrainerConfig, or a dict of its fields; what is left out is as in the recipe `keywords`.  Raises
    TrainingError for unknown or impossible settings, UnsupportedCell for cells that cannot be trained, WiringError for
    wirings that cannot be made."""

    def __init__(self, config: dict[str, Any] | TrainerConfig):
        self.config = config if isinstance(config, TrainerConfig) else TrainerConfig.from_dict(config)
        c = self.config
        torch.manual_seed(c.seed)
        self.net = make_net(c.model())
        try:
            self.optimizer = make_optimizer(self.net, c.optimizer, c.learning_rate, c.weight_decay)
        except ValueError as error:
            raise TrainingError(str(error)) from None
        self.average = make_net(c.model()).eval()  # exponential mean of the weights: what is exported
        self.average.load_state_dict(self.net.state_dict())
        self.average.requires_grad_(False)
        self.parallel: torch.nn.parallel.DistributedDataParallel | None = None
        self.device, self.bf16 = torch.device("cpu"), False
        self.step = 0
        self.best: tuple[float, ...] = ()  # rank of the best checkpoint: its first number counts first, more is better
        self.metrics: dict[str, Any] = {}
        self.recipe: dict[str, Any] = {}  # of the run that this is part of
        self.carried: dict[str, StreamState] = {}  # from batch to batch of streams, of the "net" and of its "teacher"
        self.kept: dict[str, Tensor] = {}  # what the task keeps with the checkpoint
        self._teacher: Teacher | None = None

    def learning_rate(self, step: int) -> float:
        """Rises in a line over the warm-up, then falls as a cosine to 1 % of the peak."""
        c = self.config
        if step < c.warmup:
            return c.learning_rate * (step + 1) / c.warmup
        done = min((step - c.warmup) / max(c.total_steps - c.warmup, 1), 1.0)
        return c.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))

    def normalise(self, log_mel: Tensor) -> None:
        """Sets the front-end's mean and deviation from log-mel values (T, B, C) of sounding frames."""
        flat = log_mel.reshape(-1, log_mel.shape[-1])
        for net in (self.net, self.average):
            net.mean.copy_(flat.mean(0))
            net.inv_std.copy_(1 / flat.std(0).clamp_min(0.1))

    def to(self, device: torch.device | str, bf16: bool = False, parallel: bool = False) -> LNNTrainer:
        """Trains on this device from now on; returns itself.

        bf16: products of the forward pass in bfloat16; parallel: gradients are averaged with the other processes of
        torch.distributed's group, each of which gives its own batches."""
        self.device, self.bf16 = torch.device(device), bf16
        self.net.to(self.device)
        self.average.to(self.device)
        for moments in self.optimizer.state.values():
            moments |= {k: moments[k].to(self.device) for k in MOMENTS if k in moments and k != "step"}
        self.carried = {k: state.each(lambda x: x.to(self.device)) for k, state in self.carried.items()}
        self.parallel = torch.nn.parallel.DistributedDataParallel(self.net) if parallel else None
        return self

    def start_state(self, batch: Any, net: Net, whose: str) -> StreamState:
        """The state in which each sequence of a batch begins: at rest, or at the end of another stream."""
        size, carry = batch.log_mel.shape[1], self.carried.get(whose)
        state = net.initial_state(size)
        if carry is not None and batch.stream and len(carry.evidence) == size:
            other = torch.randperm(size, generator=torch.Generator().manual_seed(self.step)).to(self.device)
            keep = batch.carried.unsqueeze(1)
            state = carry.each(lambda x: x[other]).where(keep, state)
        return state

    def taught(self, batch: Any) -> Tensor | None:
        """The teacher's evidence (T, B, K) on a batch of train_step, None without a teacher.

        Raises TrainingError for a teacher that cannot teach this network."""
        if not self.config.distill_from:
            return None
        if self._teacher is None:
            try:
                self._teacher = Teacher(trained_network(self.config.distill_from), self.net)
            except ValueError as error:
                raise TrainingError(f"{self.config.distill_from}: {error}") from None
        teacher = self._teacher
        wanted, end = teacher.evidence(batch, self.start_state(batch, teacher.net, "teacher"))
        if batch.stream:
            self.carried["teacher"] = end
        return wanted

    def batch_of(self, given: Any) -> Any:
        """A batch on this device from what train_step was given; raises TrainingError for anything that is none."""
        return moved(batch_of(given, self.config.input_dim, len(self.net.config.labels)), self.device)

    def train_step(self, batch: Any, lambda_power: float | None = None, lambda_sparse: float | None = None) -> float:
        """One step of the optimiser; returns the loss.

        batch: a Batch, any object with a Batch's log_mel, dt, closed_s, carried, stream, tick_s and loss(), or
        (log_mel (B, T, C), labels (B,)) with one step each 20 ms.  lambda_power and lambda_sparse: weights of power_loss
        and sparsity_loss, by default the settings complexity_penalty and sparsity_penalty.

        Raises TrainingError for anything else, for a teacher that cannot teach this network, and for a loss that is not
        finite; the weights are then those of before the step."""
        batch = self.batch_of(batch)
        wanted, start = self.taught(batch), self.start_state(batch, self.net, "net")
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            outputs, end = (self.parallel or self.net)(batch.log_mel, batch.dt, batch.closed_s, start)
        loss = self.loss(batch, outputs, wanted, lambda_power, lambda_sparse)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.learn(batch, end)
        return loss.item()

    def loss(
        self,
        batch: Any,
        outputs: Tensor,
        wanted: Tensor | None,
        lambda_power: float | None = None,
        lambda_sparse: float | None = None,
    ) -> Tensor:
        """What a step minimises, a scalar, of outputs (T, B, K) and the teacher's wanted (T, B, K); gradients start at zero.

        The weights of the penalties are as in train_step.  Raises TrainingError for a loss that is not finite."""
        config = self.config
        lambda_power = config.complexity_penalty if lambda_power is None else lambda_power
        lambda_sparse = config.sparsity_penalty if lambda_sparse is None else lambda_sparse
        loss: Tensor = batch.loss(outputs, self.net, config.label_smoothing)
        if wanted is not None:
            share = config.distill_weight
            loss = (1 - share) * loss + share * distillation_loss(
                outputs, wanted, batch.weight, config.distill_temperature
            )
        if lambda_power:
            loss = loss + lambda_power * power_loss(self.net, batch.dt, batch.tick_s)
        if lambda_sparse:
            loss = loss + lambda_sparse * sparsity_loss(self.net)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} at step {self.step} with learning rate {config.learning_rate:g} and seed "
                f"{config.seed}; start again with a lower learning_rate and another --out"
            )
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def learn(self, batch: Any, end: StreamState) -> None:
        """The optimiser's step by the gradients of loss(), and all that follows it; end: the state behind the batch."""
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.gradient_limit)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(self.step)
        self._update()
        if batch.stream:
            self.carried["net"] = end.detach()
        self.step += 1

    @torch.no_grad()
    def _update(self) -> None:
        """The step of the optimiser; what is pruned stays zero, in the averaged weights, too."""
        c = self.config
        share = gradual_share((self.step + 1) / c.total_steps, c.prune_share, c.prune_begin, c.prune_end)
        # Without this every step would bring back what the last one pruned: muon moves all weights equally far.
        pruned = [weight == 0 for weight in weights(self.net.cells)] if share else []
        self.optimizer.step()
        for weight, zero in zip(weights(self.net.cells) if share else [], pruned, strict=True):
            weight.masked_fill_(zero, 0.0)
        self._update_average()
        if share:
            kept = masks(self.net.cells, share, c.prune_groups)
            for net in (self.net, self.average):
                for weight, mask in zip(weights(net.cells), kept, strict=True):
                    weight.mul_(mask)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        for mean, new in zip(self.average.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(new, 1 - decay)
        for kept, now in zip(self.average.buffers(), self.net.buffers(), strict=True):
            kept.copy_(now)

    def fit(self, batches: Iterable[Any], after: Callable[[LNNTrainer, float], None] | None = None) -> float:
        """Trains on batches until they end; `after(trainer, loss)` follows each step.  Returns the mean loss."""
        losses = []
        for batch in batches:
            losses.append(self.train_step(batch))
            if after:
                after(self, losses[-1])
        return float(np.mean(losses)) if losses else math.nan

    def evaluate(self, store: FrameStore, clips: Clips | None = None, policy: Policy | None = None) -> dict[str, Any]:
        """Accuracy of the averaged weights under a timestep policy, on clips or on the validation clips of the store.

        Returns {"accuracy", "clips", "labels", "per_label": {label: recall}, "confusion": rows of the truth}."""
        labels = self.net.config.labels
        clips = validation_clips(store, labels) if clips is None else clips
        answer = posteriors(self.average, store, clips, policy).argmax(1)
        found = score_and_confusion(clips.label, answer, labels)
        return {"accuracy": found.pop("score"), **found}

    def save(self, path: str | Path) -> None:
        """Writes weights, averaged weights, optimiser, the state of streams, what the task keeps, and progress.

        The name ends with .safetensors or .pt.  Raises TrainingError for other names and if it cannot be written."""
        checkpoints.write(Path(path), *self.content())

    def content(self) -> checkpoints.Content:
        """What save() writes: tensors by name, text by name."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for name, parameter in self.net.named_parameters():
            moments = self.optimizer.state.get(parameter, {})
            tensors |= {f"optimizer.{name}.{k}": moments[k] for k in MOMENTS if k in moments}
        for whose, state in self.carried.items():
            tensors |= {f"carried.{whose}.{k}": h.float() for k, h in enumerate(state.h)}
            tensors[f"carried.{whose}.evidence"] = state.evidence.float()
            tensors[f"carried.{whose}.mean"] = state.mean.float()
        tensors |= {f"kept.{k}": v for k, v in self.kept.items()}
        metadata = {
            "config": json.dumps(self.config.to_dict()),
            "step": str(self.step),
            "best": json.dumps(self.best),
            "metrics": json.dumps(self.metrics),
            "recipe": json.dumps(self.recipe),
        }
        return tensors, metadata

    @classmethod
    def load(cls, path: str | Path) -> LNNTrainer:
        """The trainer as it was saved.  Raises TrainingError if the file is not such a checkpoint."""
        return cls.of_content(checkpoints.read(Path(path)))

    @classmethod
    def of_content(cls, content: checkpoints.Content) -> LNNTrainer:
        """The trainer whose content() this is."""
        tensors, metadata = content
        trainer = cls(checkpoints.config_of(metadata))
        for part, net in (("net", trainer.net), ("average", trainer.average)):
            net.load_state_dict({k[len(part) + 1 :]: v for k, v in tensors.items() if k.startswith(part + ".")})
        for name, parameter in trainer.net.named_parameters():
            moments = {k: tensors[f"optimizer.{name}.{k}"] for k in MOMENTS if f"optimizer.{name}.{k}" in tensors}
            if moments:
                trainer.optimizer.state[parameter] = moments
        for whose in ("net", "teacher"):
            if f"carried.{whose}.evidence" in tensors:
                begin = f"carried.{whose}."
                parts = {name.removeprefix(begin): x for name, x in tensors.items() if name.startswith(begin)}
                evidence = parts.pop("evidence")
                mean = parts.pop("mean", evidence.new_zeros(len(evidence), 0))  # checkpoints before traces have none
                trainer.carried[whose] = StreamState([parts[str(k)] for k in range(len(parts))], evidence, mean)
        trainer.kept = {k.removeprefix("kept."): v for k, v in tensors.items() if k.startswith("kept.")}
        best = json.loads(metadata["best"])  # one number in checkpoints from before ranks
        trainer.step, trainer.best = int(metadata["step"]), tuple(best) if isinstance(best, list) else (best,)
        trainer.recipe, trainer.metrics = (json.loads(metadata.get(key, "{}")) for key in ("recipe", "metrics"))
        return trainer

    def metadata(self) -> dict[str, Any]:
        """What a model file says of its training, whatever the task."""
        return {"seed": self.config.seed, "steps": self.step, "parameters": self.net.parameter_count()}

    def export_embedded(
        self,
        path: str | Path,
        quantization: str = "float32",
        target: str = "cortex-m4",
        metadata: dict[str, Any] | None = None,
        **content: Any,
    ) -> Path:
        """Writes the averaged weights as an .lnn file; its metadata are those given and those of metadata().

        See export.export_lnn for quantization, target, content, and for what is raised."""
        metadata = (metadata or {}) | self.metadata()
        return export_lnn(self.average, path, quantization, target, metadata=metadata, **content)
