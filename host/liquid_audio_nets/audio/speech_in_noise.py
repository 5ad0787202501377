# SPDX-License-Identifier: MIT
"""Speech mixed into noise at a stated signal-to-noise ratio, and where in the mixture somebody speaks.

The truth comes from the clean speech alone: a 10 ms block is speech if it lies within 20 dB of the loudest block of its
utterance (the same blocks from which active_rms takes the level of the speech). Gaps of up to 100 ms inside words are
filled.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .files import SAMPLE_RATE_HZ, to_int16
from .mixing import active_rms, as_float, fit_noise, rms

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 100
RANGE_DB, GAP_BLOCKS = 20.0, 10
SPEECH_LEVEL = 10 ** (-28 / 20)  # RMS of the active speech in a mixture, full scale 1
# A recording tells where its speech ends if this share of its blocks lies this far below the loudest one.
CLEAN_DB, CLEAN_SHARE = 35.0, 0.3


def speech_blocks(power: np.ndarray) -> np.ndarray:
    """Mean squares of 10 ms blocks of one clean utterance (blocks,) -> bool (blocks,): somebody speaks."""
    smooth = np.convolve(power, np.full(3, 1 / 3), "same")
    active: np.ndarray = smooth >= smooth.max(initial=0) * 10 ** (-RANGE_DB / 10)
    at = np.flatnonzero(active)
    for begin, end in itertools.pairwise(at):
        active[begin:end] |= end - begin <= GAP_BLOCKS
    active &= power.max(initial=0) > 0
    return active


def is_clean(power: np.ndarray) -> bool:
    """Whether the noise of a recording is far enough below its peak to tell where the speech ends; power (blocks,).

    Silence alone is not clean."""
    peak = float(power.max(initial=0))
    return peak > 0 and bool(np.quantile(power, CLEAN_SHARE) <= peak * 10 ** (-CLEAN_DB / 10))


def block_power(samples: np.ndarray) -> np.ndarray:
    """int16 (n,) -> mean square of each whole 10 ms block, full scale 1."""
    whole = as_float(samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES]).reshape(-1, BLOCK_SAMPLES)
    power: np.ndarray = (whole**2).mean(1)
    return power


@dataclass
class Scene:
    """samples: int16 (n,); speech: bool (n,), whether somebody speaks at that sample."""

    samples: np.ndarray
    speech: np.ndarray

    def ticks(self, tick_samples: int, hangover_s: float = 0.0) -> np.ndarray:
        """Whether at least half of a tick is speech, bool (ticks,); hangover_s: speech counts as so much longer."""
        speech = self.speech
        if hangover_s:
            last = np.maximum.accumulate(np.where(speech, np.arange(len(speech)), -len(speech)))
            speech = np.arange(len(speech)) - last <= hangover_s * SAMPLE_RATE_HZ
        whole = len(speech) // tick_samples * tick_samples
        mostly: np.ndarray = speech[:whole].reshape(-1, tick_samples).mean(1) >= 0.5
        return mostly

    def far_from_changes(self, tick_samples: int, collar_s: float) -> np.ndarray:
        """Whether the middle of a tick is further than collar_s from where speech begins or ends, bool (ticks,)."""
        ticks = len(self.speech) // tick_samples
        middle = (np.arange(ticks) + 0.5) * tick_samples
        far = np.ones(ticks, bool)
        for change in np.flatnonzero(self.speech[1:] != self.speech[:-1]):
            far &= np.abs(middle - change) > collar_s * SAMPLE_RATE_HZ
        return far


def scene(
    utterances: Sequence[np.ndarray],
    noise: np.ndarray,
    snr_db: float,
    pause_s: tuple[float, float],
    rng: np.random.Generator,
) -> Scene:
    """Utterances, int16 (n,) each, at one level and with pauses before and after each, in noise snr_db below that level.

    The level of the speech, measured over its active blocks, is the same in every scene; the noise differs."""
    parts, truth = [], []
    for samples in utterances:
        pause = int(rng.uniform(*pause_s) * SAMPLE_RATE_HZ)
        samples = samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES]
        parts += [np.zeros(pause), as_float(samples) * SPEECH_LEVEL / max(active_rms(samples), 1e-6)]
        truth += [np.zeros(pause, bool), np.repeat(speech_blocks(block_power(samples)), BLOCK_SAMPLES)]
    end = int(pause_s[1] * SAMPLE_RATE_HZ)
    clean, speech = np.concatenate([*parts, np.zeros(end)]), np.concatenate([*truth, np.zeros(end, bool)])
    hiss = as_float(fit_noise(noise, len(clean), rng))
    mixed = clean + hiss * SPEECH_LEVEL * 10 ** (-snr_db / 20) / max(rms(hiss), 1e-9)
    return Scene(to_int16(np.clip(mixed, -1, 1)), speech)
