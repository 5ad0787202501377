# SPDX-License-Identifier: MIT
"""Batches of normal sound, of which at every step the features of the next step are to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .augment import LOG_FLOOR
from .batches import StoreBatches
from .frame_store import BLOCK_S, tick_energy
from .schedule import Policy, engine_schedule, random_schedule


class Net(Protocol):
    """What the loss needs of a network: its normalised features, (T, B, C) of log_mel (T, B, C)."""

    def features(self, log_mel: Tensor) -> Tensor:
        """log_mel (T, B, C) -> features (T, B, C)."""
        ...


@dataclass
class Expected:
    """A batch without labels: the network is to expect the features of the next step.  Tensors as those of a Batch."""

    log_mel: Tensor
    dt: Tensor
    closed_s: Tensor
    carried: Tensor
    tick_s: float
    stream: bool = False

    def errors(self, outputs: Tensor, net: Net) -> tuple[Tensor, Tensor]:
        """Squared errors of the features (T, B, C), and which of the ticks have a step (T, B); outputs (T, B, C)."""
        expected = torch.cat([torch.zeros_like(outputs[:1]), outputs[:-1]])
        return (net.features(self.log_mel) - expected) ** 2, self.dt > 0

    def loss(self, outputs: Tensor, net: Net, label_smoothing: float = 0.0) -> Tensor:
        """Mean squared error of the steps, in deviations of normal sound."""
        error, runs = self.errors(outputs, net)
        return (error.mean(-1) * runs).sum() / runs.sum().clamp_min(1)


@dataclass(frozen=True)
class Stretch:
    """Table [stretch] of recipes/anomaly.toml."""

    length_s: float
    tick_blocks: tuple[int, ...]
    gain_db: tuple[float, float]
    dt_augment: float


@dataclass
class ExpectedBatches(StoreBatches):
    """Stretches of a split's recordings, longer recordings more often."""

    split: str
    stretch_of: Stretch
    policy: Policy

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clips = self.store.where(split=self.split)
        self.share = self.store.blocks[self.clips] / self.store.blocks[self.clips].sum()

    def __call__(self, size: int, seed: int) -> Expected:
        """One batch, the same for the same seed."""
        rng, x, s = np.random.default_rng(seed), self.stretch_of, self.store
        blocks = int(rng.choice(x.tick_blocks))
        tick_s, ticks = blocks * BLOCK_S, round(x.length_s / (blocks * BLOCK_S))
        clip = rng.choice(self.clips, size, p=self.share)
        start = rng.integers(0, np.maximum(s.blocks[clip] - ticks * blocks, 1))
        at = start + np.arange(1, ticks + 1)[:, None] * blocks - 1
        index = s.offset[clip] + at % s.blocks[clip]
        gain = 10 ** (rng.uniform(*x.gain_db, size) / 10)
        if rng.random() < x.dt_augment:
            schedule = random_schedule(ticks, size, rng, tick_s, self.policy.max_timestep_s)
        else:
            schedule = engine_schedule(tick_energy(self.energy, index, blocks) * gain, self.policy, tick_s=tick_s)
        log_mel = torch.log(self.power(index, gain) + LOG_FLOOR)
        dt, closed = torch.from_numpy(schedule.dt), torch.from_numpy(schedule.closed)
        return Expected(log_mel, dt, closed, torch.zeros(size, dtype=torch.bool), tick_s)
