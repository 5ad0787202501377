# SPDX-License-Identifier: MIT
"""Near-misses while somebody watches: the score of a word rose, but the word was not detected.  device/near_misses.py does
the same on a board alone."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio import write_wav
from ..audio.held_out import NEAR_MISSES
from .reading import Reading
from .settings import THRESHOLD, Value

NEAR = 0.5  # a score from which on a sound counts as near; half the threshold of a word with a low one
CLIP_S = 1.5
WAIT_S = 0.5  # in which a near-miss can still become a detection


@dataclass(frozen=True)
class NearMiss:
    """path: of the clip, which ends at time_s; None if it was not kept."""

    label: str
    score: float
    time_s: float
    path: Path | None


class NearMisses:
    """Watches readings.  folder: of recordings; clips go to folder/near_misses, where liquid-tune and liquid-train look for
    them; None: nothing is kept."""

    def __init__(self, labels: tuple[str, ...], sample_rate: int, folder: Path | None):
        self._labels, self._rate, self._folder = labels, sample_rate, folder
        self._sound: deque[np.ndarray] = deque()
        self._best, self._word, self._since_s, self._done = 0.0, 0, 0.0, False

    def see(self, reading: Reading, settings: Mapping[str, Value]) -> NearMiss | None:
        """The near-miss that ended with this reading, if one did.  Raises OSError if its clip cannot be written."""
        self._remember(reading)
        near = [
            (score, i)
            for i, score in enumerate(reading.scores)
            if (threshold := float(settings[f"{THRESHOLD}.{self._labels[i]}"])) > 0
            and score >= min(NEAR, threshold / 2)
        ]
        if near and not self._best:
            self._since_s, self._done = reading.time_s, False
        self._done = self._done or bool(reading.events)
        if near and max(near)[0] > self._best:
            self._best, self._word = max(near)
        found = None
        if self._best and not self._done and (not near or reading.time_s - self._since_s >= WAIT_S):
            found, self._done = self._keep(reading.time_s), True
        if not near:
            self._best = 0.0
        return found

    def _remember(self, reading: Reading) -> None:
        if reading.audio is None:
            return
        self._sound.append(reading.audio)
        while sum(map(len, self._sound)) - len(self._sound[0]) >= CLIP_S * self._rate:
            self._sound.popleft()

    def _keep(self, time_s: float) -> NearMiss:
        label, path = self._labels[self._word], None
        if self._folder is not None and self._sound:
            clip = np.concatenate(self._sound)[-int(CLIP_S * self._rate) :]
            name = f"{label}_{1000 * self._best:.0f}_{zlib.crc32(clip.tobytes()):08x}.wav"
            path = self._folder / NEAR_MISSES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, clip, self._rate)
        return NearMiss(label, self._best, time_s, path)
