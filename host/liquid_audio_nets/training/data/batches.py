"""Batches of augmented sequences with their allowed labels at every tick."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...audio.dataset import SILENCE, UNKNOWN
from .augment import LOG_FLOOR, Augment, add_echo, channel_gain, mask_channels, warp_matrices
from .frame_store import BLOCK_S, FrameStore, tick_energy
from .placement import Chooser, Placement
from .schedule import Policy, engine_schedule, random_schedule


def allowed_loss(evidence: Tensor, allowed: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """-log of the probability of the allowed labels; evidence and allowed (T, B, K), weight (T, B).

    smoothing spreads that share of the target over all labels, which keeps confidences honest."""
    log_p = torch.log_softmax(evidence, -1)
    right = torch.logsumexp(log_p.masked_fill(~allowed, -30.0), -1)
    loss = (1 - smoothing) * right + smoothing * log_p.mean(-1)
    return -(loss * weight).sum() / weight.sum().clamp_min(1e-6)


@dataclass
class Batch:
    """Time-major tensors: log_mel (T, B, C), dt and closed_s (T, B) s, allowed (T, B, K) bool,
    weight (T, B); stream: the sequences may go on from the end of earlier ones where carried (B,) says so;
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
    def of_clips(cls, log_mel: Tensor, labels: Tensor, classes: int, dt_s: float = 0.02) -> "Batch":
        """Plain clips: log_mel (B, T, C), labels (B,); all that counts is the answer at the end."""
        batch, ticks, _ = log_mel.shape
        dt = torch.full((ticks, batch), dt_s)
        weight = torch.zeros(ticks, batch)
        weight[-1] = 1.0
        own = torch.nn.functional.one_hot(labels, classes).bool().expand(ticks, batch, classes)
        return cls(
            log_mel.transpose(0, 1).contiguous(),
            dt,
            torch.zeros_like(dt),
            own,
            weight,
            torch.zeros(batch, dtype=torch.bool),
            False,
            dt_s,
        )

    def loss(self, evidence: Tensor, net: nn.Module, label_smoothing: float) -> Tensor:
        """What train_step makes smaller; evidence (T, B, K), or (1, B, K) of a net that answers once, at the end."""
        ticks = len(evidence)
        return allowed_loss(evidence, self.allowed[-ticks:], self.weight[-ticks:], label_smoothing)


def moved(batch: Any, device: torch.device) -> Any:
    """A batch, of this class or another dataclass, with its tensors on a device."""
    if batch.log_mel.device == device:
        return batch
    return replace(
        batch, **{k: v.to(device, non_blocking=True) for k, v in vars(batch).items() if isinstance(v, Tensor)}
    )


@dataclass(frozen=True)
class Timing:
    """Seconds around a word: how long its label stays wanted, and when silence must be back.

    tick_blocks: lengths of a tick in blocks of 10 ms, drawn batch by batch (a length named twice, twice as
    often), so that the network knows the timesteps it will be run with.  dt_augment: share of the batches in
    which each stream has its own hop of up to longest_hop_s and loses up to drop_share of its frames."""

    tick_blocks: tuple[int, ...] = (2, 3, 3, 3, 3, 3, 4, 6, 8, 10)
    clip_s: float = 1.0
    stream_s: float = 1.8
    rise_s: float = 0.1
    hold_s: float = 0.7
    forget_s: float = 1.1
    settle_s: float = 0.8
    stream_share: float = 0.5
    carry_share: float = 0.6
    dt_augment: float = 0.3
    longest_hop_s: float = 0.13
    drop_share: float = 0.3


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
        tick_blocks = int(rng.choice(timing.tick_blocks))
        tick_s = tick_blocks * BLOCK_S
        ticks = int((timing.stream_s if stream else timing.clip_s) / tick_s + 1e-9)
        shift = int(a.shift_s * 100)
        placed = self.chooser.place(batch, ticks, tick_blocks, stream, a.speed, shift, rng)
        noise = np.stack([self._noise_frames(ticks, tick_blocks, rng) for _ in range(batch)], 1)
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
        return Batch(
            log_mel,
            torch.from_numpy(schedule.dt),
            torch.from_numpy(schedule.closed),
            torch.from_numpy(allowed),
            torch.from_numpy(weight),
            torch.from_numpy(carried),
            stream,
            tick_s,
        )

    def _noise_frames(self, ticks: int, tick_blocks: int, rng: np.random.Generator) -> np.ndarray:
        clip = self.chooser.noise(rng)
        blocks = int(self.store.blocks[clip])
        start = int(rng.integers(blocks))
        return self.store.offset[clip] + (start + np.arange(1, ticks + 1) * tick_blocks) % blocks

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
        power = self.mel[torch.from_numpy(index.ravel())].view(*frames.shape, -1)
        energy = tick_energy(self.energy, index, tick_blocks) * scale
        return power * torch.from_numpy(scale).unsqueeze(-1), energy


def targets(
    placed: Placement, labels: tuple[str, ...], ticks: int, stream: bool, carried: np.ndarray, timing: Timing
) -> tuple[np.ndarray, np.ndarray]:
    """Which labels are right at each tick, (T, B, K) bool, and how much the tick counts, (T, B).

    Before a word and long after it: silence.  While it is spoken: anything but another keyword.
    From its end on for `hold_s`: the word itself.  A carried stream has `settle_s` to forget."""
    batch, count = len(placed.label), len(labels)
    tick_s = placed.tick_blocks * BLOCK_S
    t = np.arange(ticks)[:, None]
    own = np.eye(count, dtype=bool)[placed.label]
    idle = np.array([label == SILENCE for label in labels])
    neutral = np.array([label in (SILENCE, UNKNOWN) for label in labels])
    after, spoken = (t - placed.end) * tick_s, (t >= placed.begin) & (t < placed.end)
    held = (after >= 0) & (after <= timing.hold_s)
    gone = (after > timing.forget_s) | (t < placed.begin)
    allowed = np.where(held[..., None], own, own | neutral)
    allowed = np.where(gone[..., None], idle, allowed)
    weight = np.where(held, np.where(after < timing.rise_s, 0.3, 1.0), np.where(spoken | gone, 0.3, 0.1)).astype(
        np.float32
    )
    settling = t * tick_s < np.where(carried, timing.settle_s, np.where(idle[placed.label], 0.16, 0.0))
    weight = np.where(settling & ~held, 0.0, weight)
    if not stream:
        allowed[-1] = own
        weight /= np.maximum(weight.sum(0), 1e-6) * 2.5
        weight[-1] += 0.6
    else:
        weight /= np.maximum(weight.sum(0), 1e-6)
    return allowed, weight
