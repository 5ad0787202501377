# SPDX-License-Identifier: MIT
"""What is kept away from training in folders of any recordings: by speaker, fold or file, and the end of long noises."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePath

import numpy as np

from .ahead import in_order
from .dataset import Dataset, scan, split_of
from .files import SAMPLE_RATE_HZ, Reader
from .kokoro import Blend
from .layouts import NOISE_FOLDERS, Placed, is_background, read_layout, speaker
from .speech import NATURAL, PROGRAMS, Voice, engines, prepare, random_voice, say, voices

HELD_OUT_FOLD = "4"
NEAR_MISSES = "near_misses"  # what a board kept: a folder of recordings that belongs to every split
HELD_OUT_NOISE = 0.2  # the last part of every background noise, and of all recordings that must be cut
MIN_SAMPLES = SAMPLE_RATE_HZ // 50
BOTH = ("training", "validation")
SPLITS = (*BOTH, "testing")
_FOLD = re.compile(r"(\d)-\d+-[A-Z]")


def part_of(name: str, percent: float = 20, fold: str = HELD_OUT_FOLD, alone: bool = False) -> str:
    """'training', 'validation' or 'testing', by the name of a file alone.

    `<speaker>_nohash_<n>`: Speech Commands' own rule; `<fold>-<recording>-<take>`: ESC's folds, `fold` is held out;
    `<speaker>_<n>`: by speaker, unless the prefix is `alone`, the same in the whole folder; any other name: by file,
    `percent` of them held out."""
    if "_nohash_" in name:
        return split_of(name)
    stem = Path(name).stem
    if found := _FOLD.match(stem):
        return "validation" if found[1] == fold else "training"
    return split_of((not alone and speaker(stem)) or stem, percent, 0)


def splits_of(split: str) -> tuple[str, ...]:
    """The split of that name alone, or every split for "all"."""
    return SPLITS if split == "all" else (split,)


def part(file: Placed, percent: float = 20, fold: str = HELD_OUT_FOLD) -> str:
    """The split that the layout states for a file, else that of part_of()."""
    own = file.split or part_of(file.path.name, percent, fold, file.alone)
    return "training" if file.tested and not file.split and own == "testing" else own


def part_of_voice(voice: Voice) -> str:
    """One espeak variant in eight is kept for validation, whatever its accent; flite has too few voices.  Natural speakers
    have lists of their own."""
    if voice.engine == NATURAL:
        return Blend.parse(voice.name).part
    if voice.engine == "flite":
        return "training"
    variant = voice.name.partition("+")[2]
    return "validation" if hashlib.sha1(variant.encode()).digest()[0] % 8 == 3 else "training"


def scan_parts(root: str | Path, labels: Sequence[str], split: str | None = None, fold: str = HELD_OUT_FOLD) -> Dataset:
    """Clips as dataset.scan lists them, with the split that part() gives.

    split: None for all.  Raises AudioError if there is no such clip."""
    return scan(root, labels, split, part=partial(part, fold=fold))


@dataclass(frozen=True)
class Recording:
    """One file, or the part of a noise that belongs to a split; samples int16 (n,).

    place: where the file would lie, relative to the root, if the root had a folder for each word."""

    samples: np.ndarray
    path: Path
    split: str
    place: PurePath

    @property
    def folder(self) -> str:
        """Name of the folder in which the file lies, as placed."""
        return self.place.parent.name or self.path.parent.name

    @property
    def is_noise(self) -> bool:
        """Background noise by its folder, or an environmental sound by ESC's way to name files."""
        return is_background(self.place) or bool(_FOLD.match(self.path.stem))

    def cut(self) -> tuple[Recording, Recording]:
        """Its beginning for training, its end held out."""
        at = int(len(self.samples) * (1 - HELD_OUT_NOISE))
        return (
            Recording(self.samples[:at], self.path, "training", self.place),
            Recording(self.samples[at:], self.path, "validation", self.place),
        )


def spoken(text: str, split: str, count: int, seed: int = 1, by: Sequence[str] = PROGRAMS) -> list[Recording]:
    """So many utterances of a text by voices of a split, 'training' or 'validation'; the place of each is text/<k>.wav.

    by: the engines that speak.  Raises AudioError if none is installed."""
    prepare(by)
    choices = [voice for voice in voices(engines(by)) if part_of_voice(voice) == split]
    rng = np.random.default_rng(seed)
    drawn = [random_voice(rng, choices) for _ in range(count)]
    names = [Path(text) / f"{k}.wav" for k in range(count)]
    said = in_order(lambda voice: say(text, voice), drawn)
    return [Recording(samples, name, split, name) for samples, name in zip(said, names, strict=True)]


class Recordings(Reader):
    """Sound files of folders of root, of some splits; what could not be read is listed, not fatal.

    Raises AudioError, at the first use, for a root that layouts.read_layout() refuses."""

    def __init__(self, root: str | Path, splits: Sequence[str] = BOTH, fold: str = HELD_OUT_FOLD):
        super().__init__()
        self.root, self.splits, self.fold = Path(root), tuple(splits), fold

    @cached_property
    def files(self) -> list[Placed]:
        """All sound files below root."""
        return read_layout(self.root)

    def find(self, *names: str, part: Callable[[Placed], str] | None = None, most: int | None = None) -> list[Placed]:
        """Files in and below the named folders of root, of the wanted splits, at most so many of each folder.

        Folders of noise, and what lies below them, count only if they are named themselves.  part: which split a file
        belongs to, default part() above."""
        tops = [PurePath(name) for name in names]
        split, found = part or self._part, []
        count: Counter[PurePath] = Counter()
        for file in self.files:
            below = any(top in file.place.parents and not _hidden(file, top) for top in tops)
            if not below or (split(file) not in self.splits and not self._is_cut(file)):
                continue
            folder = file.place.parent
            count[folder] += 1
            if most is None or count[folder] <= most:
                found.append(file)
        return found

    def noise_folders(self) -> list[str]:
        """Names, relative to root, of the folders of background noise anywhere below it."""
        tops = {
            PurePath(*file.place.parts[: k + 1])
            for file in self.files
            for k, name in enumerate(file.place.parts[:-1])
            if name in NOISE_FOLDERS
        }
        return sorted(map(str, tops))

    def read(
        self, *names: str, part: Callable[[Placed], str] | None = None, most: int | None = None
    ) -> Iterator[Recording]:
        """Recordings of what find() finds; background noise in two parts, its end held out."""
        split, found = part or self._part, self.find(*names, part=part, most=most)
        for file, samples in zip(found, self.all_samples(file.path for file in found), strict=True):
            if samples is None:
                continue
            whole = Recording(samples, file.path, split(file), file.place)
            for recording in whole.cut() if self._is_cut(file) else (whole,):
                if recording.split in self.splits and len(recording.samples) >= MIN_SAMPLES:
                    yield recording

    def _part(self, file: Placed) -> str:
        return part(file, fold=self.fold)

    @staticmethod
    def _is_cut(file: Placed) -> bool:
        return is_background(file.place) and file.split in (None, "training")


def _hidden(file: Placed, top: PurePath) -> bool:
    """Whether the file is noise below a folder that was not named as noise."""
    return is_background(file.place.relative_to(top).parent)


def with_held_out(recordings: Iterable[Recording]) -> list[Recording]:
    """The same recordings if their names hold out some and not all; else each is cut, its end held out."""
    found = list(recordings)
    if set(BOTH) <= {r.split for r in found}:
        return found
    return [piece for r in found for piece in (r.cut() if r.split != "testing" else (r,))]
