# SPDX-License-Identifier: MIT
"""A tiny data set in Speech Commands' layout: tones for words, made once."""

import numpy as np
import pytest
import soundfile
import torch
from liquid_audio_nets.audio.dataset import split_of

SPEAKERS = {
    split: [f"{i:08x}" for i in range(400) if split_of(f"{i:08x}_nohash_0.wav") == split][:8]
    for split in ("training", "validation", "testing")
}


@pytest.fixture(autouse=True)
def denormal_numbers():
    """Other tests of this process want the numbers that training flushes to zero."""
    yield
    torch.set_flush_denormal(False)


def tone(hz: float, rate_hz: int = 16000, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(rate_hz) / rate_hz
    word = np.sin(2 * np.pi * hz * t * rng.uniform(0.95, 1.05)) * (np.abs(t - 0.5) < 0.2)
    return (0.3 * word + 0.002 * rng.standard_normal(rate_hz)).astype(np.float32)


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    root = tmp_path_factory.mktemp("words")
    for k, (word, hz) in enumerate({"yes": 400, "no": 1000, "tree": 2500}.items()):
        (root / word).mkdir()
        for _split, speakers in SPEAKERS.items():
            for i, speaker in enumerate(speakers):
                soundfile.write(root / word / f"{speaker}_nohash_0.wav", tone(hz, seed=100 * k + i), 16000)
    (root / "_background_noise_").mkdir()
    noise = 0.02 * np.random.default_rng(9).standard_normal(16000 * 10)
    soundfile.write(root / "_background_noise_" / "hiss.wav", noise, 16000)
    return root
