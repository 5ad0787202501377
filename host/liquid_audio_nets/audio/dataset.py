# SPDX-License-Identifier: MIT
"""Clips with labels from a folder with a folder for each word, and Speech Commands' official split by speaker."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from .files import SAMPLE_RATE_HZ, SUFFIXES, AudioError, Reader
from .layouts import NOISE_FOLDERS, Placed, is_background, read_layout, words

UNKNOWN, SILENCE = "_unknown_", "_silence_"
_BUCKETS = 2**27


def speaker_of(name: str) -> str:
    """`<speaker>_nohash_<n>.wav` -> `<speaker>`; a name without the mark is its own speaker."""
    return re.sub(r"_nohash_.*$", "", Path(name).stem if "_nohash_" not in name else Path(name).name)


def split_of(name: str, validation_percent: float = 10, testing_percent: float = 10) -> str:
    """'validation', 'testing' or 'training', by SHA-1 of the speaker: the rule `which_set` of Speech Commands' README."""
    digest = int(hashlib.sha1(speaker_of(name).encode()).hexdigest(), 16)
    percent = (digest % _BUCKETS) * (100.0 / (_BUCKETS - 1))
    if percent < validation_percent:
        return "validation"
    return "testing" if percent < validation_percent + testing_percent else "training"


def official_split(file: Placed) -> str:
    """The split that the layout states for a file, else that of split_of()."""
    return file.split or split_of(file.path.name, testing_percent=0 if file.tested else 10)


def label_of(folder: str, labels: Sequence[str]) -> str | None:
    """The label of a clip in this folder; None if the model has no label for it."""
    if folder in NOISE_FOLDERS:
        return SILENCE if SILENCE in labels else None
    if folder in labels:
        return folder
    return UNKNOWN if UNKNOWN in labels else None


def nearest(word: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown word: which known word was perhaps meant, and which words there are."""
    near = difflib.get_close_matches(word, known, 3)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{meant} There are {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}" if known else meant


@dataclass(frozen=True)
class Clip:
    """One labelled piece of a file: samples [start, start + length), length None = to the end."""

    path: Path
    word: str
    label: str
    split: str
    start: int = 0
    length: int | None = None


class Dataset(Reader):
    """Clips of a folder with what was met on the way; `unreadable` fills up while reading."""

    def __init__(self, root: Path, labels: tuple[str, ...], clips: list[Clip]):
        super().__init__()
        self.root, self.labels, self.clips = root, labels, clips

    def __len__(self) -> int:
        return len(self.clips)

    def counts(self) -> Counter[str]:
        """Clips of each label."""
        return Counter(clip.label for clip in self.clips)

    def read(self) -> Iterator[tuple[Clip, np.ndarray]]:
        """Yield (clip, int16 samples (n,)) of every readable clip; an unreadable file is listed once."""
        paths = [path for path, _ in groupby(clip.path for clip in self.clips)]
        pieces = (list(clips) for _, clips in groupby(self.clips, lambda clip: clip.path))
        for clips, signal in zip(pieces, self.all_samples(paths), strict=True):
            if signal is None:
                continue
            for clip in clips:
                yield clip, signal[clip.start : None if clip.length is None else clip.start + clip.length]

    def require_words(self) -> None:
        """Raise AudioError if no folder is named after a label, so that every clip would count as another word.

        A folder `_unknown_` says that its clips are other words."""
        here = {clip.word for clip in self.clips}
        wanted = [label for label in self.labels if not label.startswith("_")]
        if wanted and here.isdisjoint(self.labels) and here - set(NOISE_FOLDERS):
            raise AudioError(
                f"{self.root}: no folder is named after a label of the model ({', '.join(wanted[:4])}, ...); there are "
                f"{', '.join(sorted(here)[:6])}. Give the folder that holds one folder per word, or put clips of other "
                f"words into a folder {UNKNOWN}"
            )


def _noise_slices(path: Path, word: str, split: str, clip_samples: int) -> Iterator[Clip]:
    import soundfile

    try:
        info = soundfile.info(str(path))
        n = int(info.frames * SAMPLE_RATE_HZ / info.samplerate)
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        n = clip_samples  # kept, so that reading reports it as unreadable
    for start in range(0, max(n - clip_samples, 0) + 1, clip_samples):
        yield Clip(path, word, SILENCE, split, start, clip_samples)


def scan(
    root: str | Path,
    labels: Sequence[str],
    split: str | None = None,
    clip_samples: int = SAMPLE_RATE_HZ,
    part: Callable[[Placed], str] = official_split,
) -> Dataset:
    """List the clips under root, folder by folder, sorted by name.

    A folder named after a label gives that label, `_background_noise_` is cut into pieces of clip_samples for `_silence_`,
    every other folder is `_unknown_`; folders for which the model has no label are left out.  split: None for all clips,
    or 'training', 'validation' or 'testing' as `part` says (noise has no speaker and is in every split).
    Raises AudioError if root is no folder, or holds no such clip.
    """
    root = Path(root)
    files = read_layout(root)
    clips: list[Clip] = []
    for file in files:
        label = label_of(file.word, labels) if file.word else None
        if label is None or (is_background(file.place) and file.word not in NOISE_FOLDERS):
            continue
        if file.word in NOISE_FOLDERS:
            clips += _noise_slices(file.path, file.word, split or "any", clip_samples)
        elif split in (None, own := part(file)):
            clips.append(Clip(file.path, file.word, label, own))
    if not clips:
        where = f" of the {split} split" if split else ""
        named = [label for label in labels if not label.startswith("_")][:4]
        there = f"; there are the folders {', '.join(words(files)[:6])}" if words(files) else ""
        raise AudioError(
            f"{root}: no sound files{where} ({', '.join(SUFFIXES)}) in folders named after the labels"
            f"{', such as ' + ', '.join(named) if named else ''}{there}"
        )
    return Dataset(root, tuple(labels), clips)
