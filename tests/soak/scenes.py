# SPDX-License-Identifier: MIT
"""Recordings for the soak test: a quiet room in which, for 5 % of the time, somebody speaks or something sounds."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from liquid_audio_nets.audio import say, write_wav

RATE_HZ = 16000
SOUND_SHARE = 0.05
WORDS = "yes no up down left right stop go on off computer seven marvin".split()


@dataclasses.dataclass(frozen=True)
class Scene:
    """samples: int16 (n,).  sound: bool (n,), whether a sample belongs to a sound."""

    path: pathlib.Path
    samples: np.ndarray
    sound: np.ndarray


def one_sound(rng: np.random.Generator, words: list[np.ndarray]) -> np.ndarray:
    """A word, a burst of noise or a tone, int16 (n,), from about -40 dBFS to full scale."""
    kind = rng.random()
    if kind < 0.75:
        signal = words[rng.integers(len(words))].astype(float)
    else:
        n = int(rng.uniform(0.2, 2.0) * RATE_HZ)
        signal = (
            rng.standard_normal(n) if kind < 0.9 else np.sin(2 * np.pi * rng.uniform(80, 4000) * np.arange(n) / RATE_HZ)
        )
    loudest = 32767 * 10 ** rng.uniform(-2.0, 0.0)
    return (signal / np.abs(signal).max() * loudest).astype(np.int16)


def make(folder: pathlib.Path, seed: int, seconds: float) -> Scene:
    """Writes folder/scene_<seed>.wav.  The same seed gives the same recording."""
    rng = np.random.default_rng(seed)
    words = [say(word) for word in WORDS]
    n = int(seconds * RATE_HZ)
    samples = np.round(rng.normal(scale=rng.uniform(2, 8), size=n)).astype(np.int16)
    sound = np.zeros(n, bool)
    while sound.mean() < SOUND_SHARE:
        signal = one_sound(rng, words)
        at = int(rng.integers(0, n - len(signal)))
        if not sound[at : at + len(signal)].any():  # words may follow each other closely, but do not overlap
            samples[at : at + len(signal)] = np.clip(samples[at : at + len(signal)] + signal.astype(int), -32768, 32767)
            sound[at : at + len(signal)] = True
    path = folder / f"scene_{seed}.wav"
    write_wav(path, samples)
    return Scene(path, samples, sound)
