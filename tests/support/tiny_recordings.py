# SPDX-License-Identifier: MIT
"""A folder as wake-word and vad want it: tones for words, talk and background noise, names that show the split."""

import pathlib

import numpy as np
import soundfile
from liquid_audio_nets.audio.held_out import part_of


def chirp(low_hz: float, high_hz: float, seed: int, seconds: float = 1.2) -> np.ndarray:
    """A sweep of 0.4 s somewhere in a quiet clip, float (n,)."""
    rng = np.random.default_rng(seed)
    n, word = int(seconds * 16000), 6400
    t = np.arange(word) / 16000
    sweep = np.sin(2 * np.pi * (low_hz * t + (high_hz - low_hz) * t**2 / 0.8)) * np.hanning(word)
    clip = 0.0005 * rng.standard_normal(n)
    at = rng.integers(0, n - word)
    clip[at : at + word] += 0.3 * rng.uniform(0.7, 1.3) * sweep
    return clip


def names(stem: str, count: int) -> list[str]:
    """count file names of each split."""
    found = {"training": [], "validation": []}
    for i in range(400):
        found[part_of(f"{stem}{i}.wav")].append(f"{stem}{i}.wav")
    return found["training"][:count] + found["validation"][:count]


def make(root: pathlib.Path, count: int = 4) -> pathlib.Path:
    for k, (folder, low_hz, high_hz) in enumerate(
        (("computer", 400, 1600), ("talk", 1800, 500), ("digits", 900, 1000))
    ):
        (root / folder).mkdir(parents=True)
        for i, name in enumerate(names(folder[0], count)):
            soundfile.write(root / folder / name, chirp(low_hz, high_hz, 100 * k + i), 16000)
    (root / "_background_noise_").mkdir()
    soundfile.write(
        root / "_background_noise_/hiss.wav", 0.02 * np.random.default_rng(9).standard_normal(16000 * 8), 16000
    )
    return root
