# SPDX-License-Identifier: MIT
"""A mixed stream, as a device hears it in a day: a fifth speech, half noise, the rest quiet; and what was heard of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio.dataset import SILENCE, UNKNOWN, scan
from ..audio.files import SAMPLE_RATE_HZ, AudioError, to_int16
from ..audio.layouts import NOISE_FOLDERS
from ..audio.mixing import coloured_noise
from ..lnn.arrays import Array

BLOCK_S, SPEECH_S, NOISE_S = 5.0, 1.0, 2.5  # of each block, in random order; the rest is quiet
NOISE_DB = (-50.0, -26.0)  # RMS of the noise, full scale is 0
OTHERS = 0.3  # share of the speech that is none of the words
PINK = 0.5  # slope of coloured_noise()
QUIET_RMS = 1.0  # of int16
LATE_S = 0.5  # a word counts as heard until so long after its clip
NOISES = (SILENCE, *NOISE_FOLDERS)
Clips = Iterable[tuple[str, Array]]


@dataclass(frozen=True)
class Stream:
    """samples int16 (n,).  words: (label, begin, end) in samples; what else is said has no label in the model."""

    samples: Array
    words: list[tuple[str, int, int]]

    @property
    def seconds(self) -> float:
        """Length of the stream."""
        return len(self.samples) / SAMPLE_RATE_HZ

    def judge(self, events: Sequence[tuple[str, int]]) -> tuple[int, int]:
        """(words heard, false accepts): a word is heard if its label is detected while it sounds or LATE_S after.

        events: (label, sample)."""
        heard, false, late = set(), 0, int(LATE_S * SAMPLE_RATE_HZ)
        for name, sample in events:
            fits = [
                k for k, (label, begin, end) in enumerate(self.words) if name == label and begin < sample <= end + late
            ]
            heard.update(fits)
            false += not fits
        return len(heard), false


def as_int16(samples: Array) -> Array:
    """int16 or float from -1 to 1 -> int16.  Raises AudioError for anything else."""
    array = np.asarray(samples)
    if array.ndim != 1 or array.dtype.kind not in "if":
        raise AudioError(f"a clip is int16 or float samples of one channel, not {array.dtype} {array.shape}")
    return to_int16(np.clip(array, -1, 1)) if array.dtype.kind == "f" else array.astype(np.int16)


def read_clips(
    dataset: str | os.PathLike[str] | Clips, labels: Sequence[str], split: str, most: int
) -> list[tuple[str, Array]]:
    """(folder's label, int16) of at most so many clips of each label: a folder with a folder per word, or pairs of a label and
    samples, int16 or float.  Raises AudioError."""
    if not isinstance(dataset, (str, os.PathLike)):
        return [(str(label), as_int16(samples)) for label, samples in dataset]
    found = scan(Path(dataset), (*labels, *{UNKNOWN, SILENCE}.difference(labels)), split)
    rng, chosen = np.random.default_rng(0), []
    for label in sorted({clip.label for clip in found.clips}):
        mine = [clip for clip in found.clips if clip.label == label]
        chosen += [mine[i] for i in sorted(rng.permutation(len(mine))[:most].tolist())]
    found.clips = sorted(chosen, key=lambda clip: (str(clip.path), clip.start))
    return [(clip.label, samples) for clip, samples in found.read()]


def mixed(clips: Sequence[tuple[str, Array]], wanted: Sequence[str], words: int, seed: int) -> Stream:
    """A stream with so many words.  clips: (label, int16); wanted: the labels that are detected.

    Without clips of noise, pink noise takes their place.  Raises AudioError without clips of a wanted label."""
    rng = np.random.default_rng(seed)
    said = [clip for clip in clips if clip[0] in wanted]
    noises = [samples for label, samples in clips if label in NOISES and np.any(samples)]
    others = [samples for label, samples in clips if label not in wanted and label not in NOISES]
    if not said:
        raise AudioError(f"the data have no clips of {', '.join(wanted)}: give a folder with a folder per word")
    second, pieces, marks, at = SAMPLE_RATE_HZ, [], [], 0
    order = [said[i % len(said)] for i in _shuffled(len(said), words, rng)]
    count = 0
    while count < words:
        parts = {"speech": int(SPEECH_S * second), "noise": int(NOISE_S * second)}
        parts["quiet"] = int(BLOCK_S * second) - sum(parts.values())
        for kind in rng.permutation(list(parts)):
            n = parts[kind]
            piece = rng.normal(size=n) * QUIET_RMS
            if kind == "noise":
                piece += _noise(noises, n, rng)
            elif kind == "speech" and others and rng.random() < OTHERS:
                piece += _fitted(others[rng.integers(len(others))], n)
            elif kind == "speech":
                label, samples = order[count]
                piece += _fitted(samples, n)
                marks.append((label, at, at + n))
                count += 1
            pieces.append(piece)
            at += n
    samples = np.clip(np.rint(np.concatenate(pieces)), -32768, 32767).astype(np.int16)
    return Stream(samples, marks)


def _shuffled(n: int, count: int, rng: np.random.Generator) -> list[int]:
    """0 to n - 1 in random order, again and again."""
    rounds = [rng.permutation(n) for _ in range(-(-count // n))]
    return [int(i) for i in np.concatenate(rounds)[:count]]


def _fitted(samples: Array, n: int) -> Array:
    out = np.zeros(n)
    out[: min(n, len(samples))] = samples[:n]
    return out


def _noise(noises: Sequence[Array], n: int, rng: np.random.Generator) -> Array:
    """float (n,): a noise at a random level."""
    found = noises[int(rng.integers(len(noises)))] if noises else coloured_noise(n, PINK, int(rng.integers(1 << 30)))
    noise = np.resize(np.asarray(found, float), n)
    level = 32768 * 10 ** (rng.uniform(*NOISE_DB) / 20)
    return noise * level / max(float(np.sqrt(np.mean(noise**2))), 1e-9)
