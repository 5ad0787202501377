# SPDX-License-Identifier: MIT
"""A batch of sequences, and what all makers of batches from a frame store share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..settings.errors import TrainingError
from .frame_store import FrameStore
from .schedule import Schedule


@dataclass
class Batch:
    """Time-major tensors: log_mel (T, B, C), dt and closed_s (T, B) s, allowed (T, B, K) bool,
    weight (T, B); stream: the sequences may go on from the end of earlier ones if carried (B,) says so;
    tick_s: seconds from one tick to the next."""

    log_mel: Tensor
    dt: Tensor
    closed_s: Tensor
    allowed: Tensor
    weight: Tensor
    carried: Tensor
    stream: bool
    tick_s: float = 0.02

    @classmethod
    def of_clips(cls, log_mel: Tensor, labels: Tensor, classes: int, dt_s: float = 0.02) -> Batch:
        """Plain clips: log_mel (B, T, C), labels (B,); only the answer at the end counts."""
        batch, ticks, _ = log_mel.shape
        dt, weight = torch.full((ticks, batch), dt_s), torch.zeros(ticks, batch)
        weight[-1] = 1.0
        own = torch.nn.functional.one_hot(labels, classes).bool().expand(ticks, batch, classes)
        closed, carried = torch.zeros_like(dt), torch.zeros(batch, dtype=torch.bool)
        return cls(log_mel.transpose(0, 1).contiguous(), dt, closed, own, weight, carried, False, dt_s)

    @classmethod
    def of_schedule(
        cls,
        log_mel: Tensor,
        schedule: Schedule,
        allowed: np.ndarray,
        weight: np.ndarray,
        carried: np.ndarray,
        stream: bool,
        tick_s: float,
    ) -> Batch:
        """With the steps of a schedule; the arrays have the shapes of the tensors that they become."""
        dt, closed, right, counts, carry = map(
            torch.from_numpy, (schedule.dt, schedule.closed, allowed, weight.astype(np.float32), carried)
        )
        return cls(log_mel, dt, closed, right, counts, carry, stream, tick_s)

    def loss(self, evidence: Tensor, net: nn.Module, label_smoothing: float) -> Tensor:
        """What train_step minimises; evidence (T, B, K), or (1, B, K) of a net that answers once, at the end."""
        ticks = len(evidence)
        return allowed_loss(evidence, self.allowed[-ticks:], self.weight[-ticks:], label_smoothing)


def batch_of(given: Any, input_dim: int, classes: int) -> Any:
    """A batch, or one of plain clips if (log_mel (B, T, input_dim), labels (B,)) was given, labels below `classes`.

    Raises TrainingError for anything else."""
    if isinstance(given, (tuple, list)) and len(given) == 2:
        log_mel, labels = map(torch.as_tensor, given)
        if log_mel.dim() != 3 or log_mel.shape[2] != input_dim or labels.shape != log_mel.shape[:1]:
            raise TrainingError(
                f"log_mel {tuple(log_mel.shape)} and labels {tuple(labels.shape)} do not fit: give "
                f"(B, T, {input_dim}) and (B,)"
            )
        if labels.is_floating_point() or labels.min() < 0 or labels.max() >= classes:
            raise TrainingError(f"labels are whole numbers from 0 to {classes - 1}")
        return Batch.of_clips(log_mel, labels.long(), classes)
    if not hasattr(given, "loss"):
        kind = type(given).__name__
        raise TrainingError(f"train_step takes a Batch, or (log_mel (B, T, C), labels (B,)), but got a {kind}")
    return given


def allowed_loss(evidence: Tensor, allowed: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """-log of the probability of the allowed labels; evidence and allowed (T, B, K), weight (T, B).

    smoothing spreads that share of the target over all labels, which keeps confidences honest."""
    log_p = torch.log_softmax(evidence, -1)
    right = torch.logsumexp(log_p.masked_fill(~allowed, -30.0), -1)
    loss = (1 - smoothing) * right + smoothing * log_p.mean(-1)
    return -(loss * weight).sum() / weight.sum().clamp_min(1e-6)


def moved(batch: Any, device: torch.device) -> Any:
    """A batch, of this class or another dataclass, with its tensors on a device."""
    if batch.log_mel.device == device:
        return batch
    tensors = {k: v.to(device, non_blocking=True) for k, v in vars(batch).items() if isinstance(v, Tensor)}
    return replace(batch, **tensors)


@dataclass
class StoreBatches:
    """Makes batches of the frames of a store."""

    store: FrameStore

    def __post_init__(self) -> None:
        self.mel, self.energy = torch.from_numpy(np.asarray(self.store.mel)), np.asarray(self.store.energy)

    def power(self, frames: np.ndarray, gain: np.ndarray) -> Tensor:
        """Mel power (T, B, C) of frames of the store (T, B) times gain (T, B) or (B,)."""
        scale = torch.from_numpy(gain.astype(np.float32)).unsqueeze(-1)
        return self.mel[torch.from_numpy(frames.ravel())].view(*frames.shape, -1) * scale

    def stretch(self, clip: int, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Frames of a clip at the blocks `at` after a random one; the clip begins again at its end."""
        blocks = int(self.store.blocks[clip])
        start = int(rng.integers(blocks))
        return np.asarray(self.store.offset[clip] + (start + at) % blocks)
