# SPDX-License-Identifier: MIT
"""Batches of environmental sounds: few recordings, each heard in many disguises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .augment import LOG_FLOOR, Augment, add_echo, channel_gain, mask_channels, warp_matrices
from .batches import Batch, StoreBatches
from .frame_store import BLOCK_S, tick_energy
from .schedule import Policy, engine_schedule, random_schedule


@dataclass(frozen=True)
class Mixing:
    """A second sound under the first: in a `share` of the sequences, `ratio_db` below it; if it is less than `both_db`
    below, either class is a right answer.  tick_blocks: lengths of a tick in blocks of 10 ms.  stretch_s: length of a
    sequence.  feature_noise: deviation of what is added to the log-mel values.  gap_share of the sounds fall silent for up
    to gap_s."""

    stretch_s: float
    tick_blocks: tuple[int, ...]
    share: float
    ratio_db: tuple[float, float]
    both_db: float
    dt_augment: float
    feature_noise: float
    gap_share: float
    gap_s: float


@dataclass
class SoundBatches(StoreBatches):
    """Stretches of the training clips of a store, classes evenly; labels are the classes."""

    labels: tuple[str, ...]
    augment: Augment
    mixing: Mixing
    policy: Policy

    def __post_init__(self) -> None:
        super().__post_init__()
        self.clips = [self.store.where(label=label, split="training") for label in self.labels]
        self.levels = np.array([self._level(c) for c in range(len(self.store))])

    def _level(self, clip: int) -> float:
        """Mean square of a clip's loud part at full scale 1."""
        own = self.energy[self.store.offset[clip] :][: self.store.blocks[clip]]
        return float(own[own >= own.max() * 1e-2].mean()) + 1e-12

    def __call__(self, batch: int, seed: int) -> Batch:
        """One batch, the same for the same seed."""
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        a, m = self.augment, self.mixing
        tick_blocks = int(rng.choice(m.tick_blocks))
        tick_s = tick_blocks * BLOCK_S
        ticks = round(m.stretch_s / tick_s)
        label, other = rng.integers(len(self.labels), size=(2, batch))
        clip, below = self._draw(label, rng), self._draw(other, rng)
        gain = 10 ** (rng.uniform(*a.gain_db, batch) / 10)
        ratio_db = np.where(rng.random(batch) < m.share, rng.uniform(*m.ratio_db, batch), np.inf)
        power, energy = self._hear(clip, gain, ticks, tick_blocks, rng, generator)
        second = gain * self.levels[clip] / self.levels[below] * 10 ** (-ratio_db / 10)
        more_power, more_energy = self._hear(below, second, ticks, tick_blocks, rng, generator)
        power, energy = power + more_power, energy + more_energy
        power = add_echo(power, a.echo_share, generator, tick_s) * channel_gain(batch, power.shape[2], a, generator)
        hiss = (
            gain * self.levels[clip] * 10 ** (-rng.uniform(*a.snr_db, batch) / 10) * (rng.random(batch) < a.noise_share)
        )
        power, energy = power + self._hiss(hiss, power.shape, rng, generator), energy + hiss
        log_mel = mask_channels(torch.log(power + LOG_FLOOR), a, generator)
        log_mel = log_mel + m.feature_noise * torch.randn(log_mel.shape, generator=generator)
        if rng.random() < m.dt_augment:
            schedule = random_schedule(ticks, batch, rng, tick_s)
        else:
            schedule = engine_schedule(energy, self.policy, tick_s=tick_s)
        allowed = np.eye(len(self.labels), dtype=bool)[label]
        allowed |= np.eye(len(self.labels), dtype=bool)[other] & (ratio_db < m.both_db)[:, None]
        weight = np.maximum.accumulate(schedule.dt > 0, 0) * np.linspace(0.2, 1, ticks)[:, None]
        weight = weight / np.maximum(weight.sum(0), 1e-6)
        allowed = np.broadcast_to(allowed, (ticks, *allowed.shape)).copy()
        return Batch.of_schedule(log_mel, schedule, allowed, weight, np.zeros(batch, bool), False, tick_s)

    def _draw(self, label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.array([self.clips[k][rng.integers(len(self.clips[k]))] for k in label])

    def _hear(
        self,
        clip: np.ndarray,
        gain: np.ndarray,
        ticks: int,
        tick_blocks: int,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> tuple[Tensor, np.ndarray]:
        """A stretch of each clip from somewhere, faster or slower, its mel axis warped: power (T, B, C), energy (T, B)."""
        s, m = self.store, self.mixing
        speed = rng.uniform(*self.augment.speed, len(clip))
        length = ticks * tick_blocks * speed
        start = rng.uniform(0, 1, len(clip)) * np.maximum(s.blocks[clip] - 0.5 * length, 1)  # half of it at least
        at = np.arange(1, ticks + 1)[:, None] * tick_blocks
        index = s.offset[clip] + (start + at * speed).astype(int) % s.blocks[clip]
        gap = rng.uniform(0, m.gap_s, len(clip)) * (rng.random(len(clip)) < m.gap_share) / BLOCK_S
        begin = rng.uniform(0, ticks * tick_blocks, len(clip))
        heard = np.where((at >= begin) & (at < begin + gap), 0.0, gain).astype(np.float32)
        warp = warp_matrices(len(clip), self.store.channels, self.augment, generator)
        power = torch.bmm(self.power(index, heard).transpose(0, 1), warp).transpose(0, 1).contiguous()
        return power, tick_energy(self.energy, index, tick_blocks) * heard

    def _hiss(
        self, level: np.ndarray, shape: torch.Size, rng: np.random.Generator, generator: torch.Generator
    ) -> Tensor:
        """Mel power (T, B, C) of noise, white to brown, whose mean square is level (T, B); it scatters as real noise does."""
        slope = torch.from_numpy(rng.uniform(0, 2, (shape[1], 1))).float()
        colour = torch.exp(-slope * torch.linspace(0, 4, shape[2]))
        # a window of 512 samples with energy 192 spreads white noise of mean square p as 192 p over every bin
        width = torch.linspace(1, 12, shape[2])
        power = 192 * colour * width / (colour * width).mean(1, keepdim=True) * width.mean()
        scatter = torch.empty(shape).exponential_(generator=generator).add_(3) / 4
        return power * torch.from_numpy(level).float().unsqueeze(-1) * scatter
