"""Batches of augmented sequences with their allowed labels at every tick."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..audio.dataset import SILENCE, UNKNOWN
from .augment import LOG_FLOOR, Augment, add_echo, channel_gain, mask_channels, warp_matrices
from .cache import FrameStore
from .placement import BLOCKS_PER_TICK, Chooser, Placement
from .schedule import Policy, engine_schedule, random_schedule


@dataclass
class Batch:
    """Time-major tensors: log_mel (T, B, C), dt and closed_s (T, B) s, allowed (T, B, K) bool,
    weight (T, B); stream: the sequences may go on from the end of earlier ones where carried (B,) says so."""

    log_mel: Tensor
    dt: Tensor
    closed_s: Tensor
    allowed: Tensor
    weight: Tensor
    carried: Tensor
    stream: bool

    @classmethod
    def of_clips(cls, log_mel: Tensor, labels: Tensor, classes: int, dt_s: float = 0.02) -> "Batch":
        """Plain clips: log_mel (B, T, C), labels (B,); all that counts is the answer at the end."""
        batch, ticks, _ = log_mel.shape
        dt = torch.full((ticks, batch), dt_s)
        weight = torch.zeros(ticks, batch)
        weight[-1] = 1.0
        own = torch.nn.functional.one_hot(labels, classes).bool().expand(ticks, batch, classes)
        return cls(log_mel.transpose(0, 1).contiguous(), dt, torch.zeros_like(dt), own, weight,
                   torch.zeros(batch, dtype=torch.bool), False)


@dataclass(frozen=True)
class Timing:
    """Ticks of 20 ms around a word: how long its label stays wanted, and when silence must be back."""

    clip_ticks: int = 50
    stream_ticks: int = 90
    hold: int = 35
    forget: int = 55
    settle: int = 40
    stream_share: float = 0.5
    carry_share: float = 0.6
    random_dt_share: float = 0.3


@dataclass
class BatchMaker:
    store: FrameStore
    chooser: Chooser
    labels: tuple[str, ...]
    augment: Augment = field(default_factory=Augment)
    timing: Timing = field(default_factory=Timing)
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        self.mel = torch.from_numpy(np.asarray(self.store.mel))
        self.energy = np.asarray(self.store.energy)

    def make(self, batch: int, seed: int) -> Batch:
        """One batch, the same for the same seed."""
        rng = np.random.default_rng(seed)
        generator = torch.Generator().manual_seed(seed)
        a, timing = self.augment, self.timing
        stream = rng.random() < timing.stream_share
        ticks = timing.stream_ticks if stream else timing.clip_ticks
        shift = int(a.shift_s * 100)
        placed = self.chooser.place(batch, ticks, stream, a.speed, shift, rng)
        noise = np.stack([self._noise_frames(ticks, rng) for _ in range(batch)], 1)
        sound_gain, noise_gain = self._gains(placed, noise, rng)
        power, energy = self._gather(placed.frames, sound_gain)
        power = torch.bmm(power.transpose(0, 1), warp_matrices(batch, power.shape[2], a, generator)).transpose(0, 1)
        power = add_echo(power.contiguous(), a, generator)
        noise_power, noise_energy = self._gather(noise, noise_gain)
        power = (power + noise_power) * channel_gain(batch, power.shape[2], a, generator)
        log_mel = mask_channels(torch.log(power + LOG_FLOOR), a, generator)
        carried = (rng.random(batch) < timing.carry_share) & stream
        energy = energy + noise_energy
        if rng.random() < timing.random_dt_share:
            schedule = random_schedule(ticks, batch, rng)
        else:
            settled = np.exp(rng.uniform(np.log(1e-7), np.log(np.median(energy, 0) + 2e-7)))
            schedule = engine_schedule(energy, self.policy, np.where(carried, settled, 0.0),
                                       carried & (energy[0] > self.policy.energy_threshold**2))
        allowed, weight = targets(placed, self.labels, ticks, stream, carried, timing)
        return Batch(log_mel, torch.from_numpy(schedule.dt), torch.from_numpy(schedule.closed),
                     torch.from_numpy(allowed), torch.from_numpy(weight), torch.from_numpy(carried), stream)

    def _noise_frames(self, ticks: int, rng: np.random.Generator) -> np.ndarray:
        clip = self.chooser.noise(rng)
        blocks = int(self.store.blocks[clip])
        start = int(rng.integers(blocks))
        return self.store.offset[clip] + (start + np.arange(1, ticks + 1) * BLOCKS_PER_TICK) % blocks

    def _gains(self, placed: Placement, noise: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Power gains (B,) of sound and noise: overall level, then signal-to-noise ratio."""
        a, batch = self.augment, len(placed.label)
        noise_level = self.energy[noise].mean(0) + 1e-12
        overall = 10 ** (rng.uniform(*a.gain_db, batch) / 10)
        snr = 10 ** (rng.uniform(*a.snr_db, batch) / 10)
        noise_gain = overall * placed.level / noise_level / snr * (rng.random(batch) < a.noise_share)
        silence = placed.label == self.labels.index(SILENCE) if SILENCE in self.labels else np.zeros(batch, bool)
        level = 10 ** (rng.uniform(-75, -12, batch) / 10)
        alone = np.where(rng.random(batch) < 0.4, 1.0, level / noise_level)  # as recorded, or any level
        return overall, np.where(silence, alone, noise_gain)

    def _gather(self, frames: np.ndarray, gain: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """frames (T, B), -1 = nothing; gain (B,) -> mel power (T, B, C) and mean square of each tick (T, B)."""
        heard = frames >= 0
        index = np.where(heard, frames, 0)
        scale = np.where(heard, gain, 0.0).astype(np.float32)
        power = self.mel[torch.from_numpy(index.ravel())].view(*frames.shape, -1)
        energy = 0.5 * (self.energy[index] + self.energy[np.maximum(index - 1, 0)]) * scale
        return power * torch.from_numpy(scale).unsqueeze(-1), energy


def targets(placed: Placement, labels: tuple[str, ...], ticks: int, stream: bool, carried: np.ndarray,
            timing: Timing) -> tuple[np.ndarray, np.ndarray]:
    """Which labels are right at each tick, (T, B, K) bool, and how much the tick counts, (T, B).

    Before a word and long after it: silence.  While it is spoken: anything but another keyword.
    From its end on for `hold` ticks: the word itself.  A carried stream has `settle` ticks to forget."""
    batch, count = len(placed.label), len(labels)
    t = np.arange(ticks)[:, None]
    own = np.eye(count, dtype=bool)[placed.label]
    idle = np.array([label == SILENCE for label in labels])
    neutral = np.array([label in (SILENCE, UNKNOWN) for label in labels])
    after, spoken = t - placed.end, (t >= placed.begin) & (t < placed.end)
    held = (after >= 0) & (after <= timing.hold)
    gone = (after > timing.forget) | (t < placed.begin)
    allowed = np.where(held[..., None], own, own | neutral)
    allowed = np.where(gone[..., None], idle, allowed)
    weight = np.where(held, np.where(after < 5, 0.3, 1.0), np.where(spoken | gone, 0.3, 0.1)).astype(np.float32)
    settling = (t < timing.settle) & (carried | (placed.label == labels.index(SILENCE)) & (t < 8))
    weight = np.where(settling & ~held, 0.0, weight)
    if not stream:
        allowed[-1] = own
        weight /= np.maximum(weight.sum(0), 1e-6) * 2.5
        weight[-1] += 0.6
    else:
        weight /= np.maximum(weight.sum(0), 1e-6)
    return allowed, weight
