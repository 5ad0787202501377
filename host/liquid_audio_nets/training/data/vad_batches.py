# SPDX-License-Identifier: MIT
"""Batches of speech with pauses in noise, and for every tick whether somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...audio.speech_in_noise import SPEECH_LEVEL, is_clean, speech_blocks
from .augment import LOG_FLOOR, Augment, channel_gain, mask_channels, warp_matrices
from .batches import Batch, StoreBatches
from .frame_store import BLOCK_S
from .schedule import Policy, Schedule, engine_schedule, random_schedule

NO_SOUND = -1


@dataclass(frozen=True)
class Speech:
    """How speech is laid out and mixed; dB ranges are uniform, shares are of the sequences."""

    length_s: float
    tick_blocks: tuple[int, ...]
    pause_s: tuple[float, float]
    snr_db: tuple[float, float]
    level_db: tuple[float, float]
    gain_db: tuple[float, float]
    silent_share: float
    clean_share: float
    dt_augment: float
    carry_share: float
    edge_weight: float


@dataclass
class VadBatches(StoreBatches):
    """Batches of labels (speech, idle) of the sounds of one split of a store.

    left_out: recordings whose own noise hides where the speech ends."""

    split: str
    speech: Speech
    augment: Augment
    policy: Policy

    def __post_init__(self) -> None:
        super().__post_init__()
        voices = self.store.where(split=self.split, label="speech")
        self.left_out = 0
        self.words: dict[str, list[tuple[int, np.ndarray, float]]] = {}
        for clip in voices:
            power = self.energy[self.store.offset[clip] :][: self.store.blocks[clip]]
            if not is_clean(power):
                self.left_out += 1
                continue
            truth = speech_blocks(power)
            self.words.setdefault(str(self.store.source[clip]), []).append(
                (int(clip), truth, float(power[truth].mean()))
            )
        share = np.sqrt([len(clips) for clips in self.words.values()])
        self.shares = share / share.sum()
        self.noises = [n for s in ("noise", "environment") if len(n := self.store.where(split=self.split, source=s))]

    def __call__(self, batch: int, seed: int) -> Batch:
        """One batch, the same for the same seed."""
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        s, a = self.speech, self.augment
        tick_blocks = int(rng.choice(s.tick_blocks))
        tick_s = tick_blocks * BLOCK_S
        ticks = int(s.length_s / tick_s + 1e-9)
        blocks = ticks * tick_blocks
        frames, level, truth = (
            np.stack(x, 1) for x in zip(*(self._lay(blocks, rng) for _ in range(batch)), strict=True)
        )
        noise = np.stack([self.noise(blocks, rng) for _ in range(batch)], 1)
        hiss = SPEECH_LEVEL**2 * 10 ** (-rng.uniform(*s.snr_db, batch) / 10) / (self.energy[noise].mean(0) + 1e-12)
        hiss *= rng.random(batch) >= s.clean_share
        gain = 10 ** (rng.uniform(*s.gain_db, batch) / 10)
        clean_power, clean_energy = self.gather(frames, level * gain, tick_blocks)
        noise_power, noise_energy = self.gather(noise, np.broadcast_to(hiss * gain, noise.shape), tick_blocks)
        clean_power, noise_power = (
            torch.bmm(power.transpose(0, 1), warp_matrices(batch, power.shape[2], a, generator)).transpose(0, 1)
            * channel_gain(batch, power.shape[2], a, generator)
            for power in (clean_power, noise_power)
        )
        power = clean_power + noise_power
        log_mel = mask_channels(torch.log(power + LOG_FLOOR), a, generator)
        speaks = truth.reshape(ticks, tick_blocks, batch).mean(1) >= 0.5
        carried = rng.random(batch) < s.carry_share
        schedule = self._schedule(clean_energy + noise_energy, tick_s, carried, rng)
        weight = np.where(schedule.closed > 0, 0.0, 1.0)
        weight[1:] *= np.where(speaks[1:] != speaks[:-1], s.edge_weight, 1.0)
        weight[: round(0.2 / tick_s)] *= 0.3
        allowed = np.stack([speaks, ~speaks], 2)
        return Batch.of_schedule(log_mel, schedule, allowed, weight, carried, True, tick_s)

    def _lay(self, blocks: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames of the store (blocks,), their power gain, and whether somebody speaks."""
        s = self.speech
        frames, level, truth = np.full(blocks, NO_SOUND), np.zeros(blocks, np.float32), np.zeros(blocks, bool)
        if rng.random() < s.silent_share:
            return frames, level, truth
        sources, at = list(self.words), -int(rng.uniform(0, 100))
        while at < blocks:
            clips = self.words[sources[rng.choice(len(sources), p=self.shares)]]
            clip, speaks, power = clips[rng.integers(len(clips))]
            first = int(rng.integers(0, max(len(speaks) - 150, 1)))  # into the middle of a sentence
            begin, end = max(at, 0), min(at + len(speaks) - first, blocks)
            if end > begin:
                inside = np.arange(begin, end) - at + first
                frames[begin:end] = self.store.offset[clip] + inside
                truth[begin:end] = speaks[inside]
                level[begin:end] = SPEECH_LEVEL**2 / power * 10 ** (rng.uniform(*s.level_db) / 10)
            at = max(end, at) + int(rng.uniform(*s.pause_s) * 100)
        return frames, level, truth

    def noise(self, blocks: int, rng: np.random.Generator) -> np.ndarray:
        """Frames of a stretch of noise from anywhere, (blocks,)."""
        clips = self.noises[rng.integers(len(self.noises))]
        return self.stretch(clips[rng.integers(len(clips))], np.arange(blocks), rng)

    def gather(self, frames: np.ndarray, gain: np.ndarray, tick_blocks: int) -> tuple[Tensor, np.ndarray]:
        """frames and gain (blocks, B) -> mel power of the window at each tick's end (T, B, C), mean square (T, B)."""
        index, gain = np.maximum(frames, 0), np.where(frames >= 0, gain, 0).astype(np.float32)
        ends = slice(tick_blocks - 1, None, tick_blocks)
        energy = (self.energy[index] * gain).reshape(-1, tick_blocks, frames.shape[1]).mean(1)
        return self.power(index[ends], gain[ends]), energy

    def _schedule(self, energy: np.ndarray, tick_s: float, carried: np.ndarray, rng: np.random.Generator) -> Schedule:
        if rng.random() < self.speech.dt_augment:
            ticks, batch = energy.shape
            return random_schedule(ticks, batch, rng, tick_s, max(self.policy.max_timestep_s, tick_s))
        background = np.where(carried, np.quantile(energy, 0.1, axis=0), 0.0)
        is_open = carried & (energy[0] > self.policy.energy_threshold**2)
        return engine_schedule(energy, self.policy, background, is_open, tick_s)
