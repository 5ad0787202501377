# SPDX-License-Identifier: MIT
"""Batches of augmented words with their allowed labels at every tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...audio.dataset import SILENCE, UNKNOWN
from .augment import LOG_FLOOR, Augment, add_echo, channel_gain, mask_channels, warp_matrices
from .batches import Batch, StoreBatches
from .frame_store import BLOCK_S, tick_energy
from .placement import Chooser, Placement
from .schedule import Policy, engine_schedule, random_schedule


@dataclass(frozen=True)
class Timing:
    """Seconds around a word: how long its label stays wanted, and when silence must be back.

    tick_blocks: lengths of a tick in blocks of 10 ms, drawn batch by batch (a length given twice is drawn twice as
    often), so that the network knows the timesteps that it will run with.  dt_augment: share of the batches in
    which each stream has its own hop of up to longest_hop_s and loses up to drop_share of its frames."""

    tick_blocks: tuple[int, ...]
    clip_s: float
    stream_s: float
    rise_s: float
    hold_s: float
    forget_s: float
    settle_s: float
    stream_share: float
    carry_share: float
    dt_augment: float
    longest_hop_s: float
    drop_share: float


@dataclass
class WordBatches(StoreBatches):
    """Batches of keywords, other words and silence, in noise."""

    chooser: Chooser
    labels: tuple[str, ...]
    augment: Augment
    timing: Timing
    policy: Policy

    def __call__(self, batch: int, seed: int) -> Batch:
        """One batch, the same for the same seed."""
        rng = np.random.default_rng(seed)
        generator = torch.Generator().manual_seed(seed)
        a, timing = self.augment, self.timing
        stream = rng.random() < timing.stream_share
        tick_blocks = int(rng.choice(timing.tick_blocks))
        tick_s = tick_blocks * BLOCK_S
        ticks = int((timing.stream_s if stream else timing.clip_s) / tick_s + 1e-9)
        shift = int(a.shift_s * 100)
        placed = self.chooser.place(batch, ticks, tick_blocks, stream, a.speed, shift, rng)
        at = np.arange(1, ticks + 1) * tick_blocks
        noise = np.stack([self.stretch(self.chooser.noise(rng), at, rng) for _ in range(batch)], 1)
        sound_gain, noise_gain = self._gains(placed, noise, rng)
        power, energy = self._gather(placed.frames, sound_gain, tick_blocks)
        synthetic = torch.from_numpy(placed.synthetic)
        warp = warp_matrices(batch, power.shape[2], a, generator, synthetic)
        power = torch.bmm(power.transpose(0, 1), warp).transpose(0, 1).contiguous()
        power = add_echo(power, a.strength("echo_share", synthetic).unsqueeze(1), generator, tick_s)
        noise_power, noise_energy = self._gather(noise, noise_gain, tick_blocks)
        power = (power + noise_power) * channel_gain(batch, power.shape[2], a, generator, synthetic)
        log_mel = mask_channels(torch.log(power + LOG_FLOOR), a, generator)
        carried = (rng.random(batch) < timing.carry_share) & stream
        energy = energy + noise_energy
        if rng.random() < timing.dt_augment:
            schedule = random_schedule(ticks, batch, rng, tick_s, timing.longest_hop_s, timing.drop_share)
        else:
            settled = np.exp(rng.uniform(np.log(1e-7), np.log(np.median(energy, 0) + 2e-7)))
            schedule = engine_schedule(
                energy,
                self.policy,
                np.where(carried, settled, 0.0),
                carried & (energy[0] > self.policy.energy_threshold**2),
                tick_s,
            )
        allowed, weight = targets(placed, self.labels, ticks, stream, carried, timing)
        return Batch.of_schedule(log_mel, schedule, allowed, weight, carried, stream, tick_s)

    def _gains(self, placed: Placement, noise: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Power gains (B,) of sound and noise: overall level, then signal-to-noise ratio."""
        a, batch = self.augment, len(placed.label)
        noise_level = self.energy[noise].mean(0) + 1e-12
        overall = 10 ** (rng.uniform(*a.gain_db, batch) / 10)
        snr = 10 ** (rng.uniform(*a.snr_db, batch) / 10)
        share = np.where(placed.synthetic, a.synthetic_noise_share, a.noise_share)
        noise_gain = overall * placed.level / noise_level / snr * (rng.random(batch) < share)
        silence = placed.label == self.labels.index(SILENCE) if SILENCE in self.labels else np.zeros(batch, bool)
        level = 10 ** (rng.uniform(-75, -12, batch) / 10)
        alone = np.where(rng.random(batch) < 0.4, 1.0, level / noise_level)  # as recorded, or any level
        return overall, np.where(silence, alone, noise_gain)

    def _gather(self, frames: np.ndarray, gain: np.ndarray, tick_blocks: int) -> tuple[Tensor, np.ndarray]:
        """frames (T, B), -1 = nothing; gain (B,) -> mel power (T, B, C) and mean square of each tick (T, B)."""
        heard = frames >= 0
        index = np.where(heard, frames, 0)
        scale = np.where(heard, gain, 0.0).astype(np.float32)
        return self.power(index, scale), tick_energy(self.energy, index, tick_blocks) * scale


def targets(
    placed: Placement, labels: tuple[str, ...], ticks: int, stream: bool, carried: np.ndarray, timing: Timing
) -> tuple[np.ndarray, np.ndarray]:
    """Which labels are right at each tick, (T, B, K) bool, and how much the tick counts, (T, B).

    Before a word and long after it: silence; without that label `_unknown_`, without both any label.  While the word is
    spoken: anything but another keyword.  For `hold_s` after its end: the word itself.  A carried stream has `settle_s`
    to forget."""
    count = len(labels)
    tick_s = placed.tick_blocks * BLOCK_S
    t = np.arange(ticks)[:, None]
    own = np.eye(count, dtype=bool)[placed.label]
    resting = next((name for name in (SILENCE, UNKNOWN) if name in labels), None)
    idle = np.array([resting in (None, label) for label in labels])
    silent = np.array([label == SILENCE for label in labels])
    neutral = np.array([label in (SILENCE, UNKNOWN) for label in labels])
    after, spoken = (t - placed.end) * tick_s, (t >= placed.begin) & (t < placed.end)
    held = (after >= 0) & (after <= timing.hold_s)
    gone = (after > timing.forget_s) | (t < placed.begin)
    allowed = np.where(held[..., None], own, own | neutral)
    allowed = np.where(gone[..., None], idle, allowed)
    weight = np.where(held, np.where(after < timing.rise_s, 0.3, 1.0), np.where(spoken | gone, 0.3, 0.1)).astype(
        np.float32
    )
    settling = t * tick_s < np.where(carried, timing.settle_s, np.where(silent[placed.label], 0.16, 0.0))
    weight = np.where(settling & ~held, 0.0, weight)
    if not stream:
        allowed[-1] = own
        weight /= np.maximum(weight.sum(0), 1e-6) * 2.5
        weight[-1] += 0.6
    else:
        weight /= np.maximum(weight.sum(0), 1e-6)
    return allowed, weight
