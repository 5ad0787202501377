"""What is kept away from training in folders of any recordings: by speaker, fold or file, and the end of long noises."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .dataset import NOISE_FOLDERS, Dataset, scan, sound_files, split_of
from .files import SAMPLE_RATE_HZ, AudioError, read_audio
from .speech import Voice, random_voice, say, voices

HELD_OUT_FOLD = "4"
HELD_OUT_NOISE = 0.2  # the last part of every background noise, and of all recordings that must be cut
MIN_SAMPLES = SAMPLE_RATE_HZ // 50
_FOLD = re.compile(r"(\d)-\d+-[A-Z]")
_SPEAKER = re.compile(r"([A-Za-z]+)_\d+$")


def part_of(name: str, percent: float = 20, fold: str = HELD_OUT_FOLD) -> str:
    """'training', 'validation' or 'testing', by the name of a file alone.

    `<speaker>_nohash_<n>`: Speech Commands' own rule; `<fold>-<recording>-<take>`: ESC's folds, `fold` is held out;
    `<speaker>_<n>`: by speaker; any other name: by file, `percent` of them held out."""
    if "_nohash_" in name:
        return split_of(name)
    stem = Path(name).stem
    if found := _FOLD.match(stem):
        return "validation" if found[1] == fold else "training"
    speaker = _SPEAKER.match(stem)
    return split_of(speaker[1] if speaker else stem, percent, 0)


def is_background(path: Path) -> bool:
    """Whether a file or folder is, or lies in, a folder of background noise."""
    return not set(NOISE_FOLDERS).isdisjoint(path.parts)


def part_of_voice(voice: Voice) -> str:
    """One espeak variant in eight is kept for validation, whatever its accent; flite has too few."""
    if voice.engine == "flite":
        return "training"
    variant = voice.name.partition("+")[2]
    return "validation" if hashlib.sha1(variant.encode()).digest()[0] % 8 == 3 else "training"


def spoken(text: str, part: str, count: int, seed: int = 1) -> list[Recording]:
    """So many utterances of a text by voices of a part, 'training' or 'validation'; the path of each is text/<k>.wav.

    Raises AudioError where there is no speech program."""
    rng, choices = np.random.default_rng(seed), [voice for voice in voices() if part_of_voice(voice) == part]
    return [Recording(say(text, random_voice(rng, choices)), Path(text) / f"{k}.wav", part) for k in range(count)]


def scan_parts(root: str | Path, labels: Sequence[str], split: str | None = None, fold: str = HELD_OUT_FOLD) -> Dataset:
    """Clips of folders named as labels, as dataset.scan lists them, with the split that part_of gives their names.

    split: None for all.  Raises AudioError where there is no such clip."""
    dataset = scan(root, labels)
    parted = [replace(clip, split=part_of(clip.path.name, fold=fold)) for clip in dataset.clips]
    dataset.clips = [clip for clip in parted if split in (None, clip.split)]
    if not dataset.clips:
        raise AudioError(f"{root}: no clip of the {split} split in folders named as the labels")
    return dataset


@dataclass(frozen=True)
class Recording:
    """One file, or the part of a noise that belongs to a split; samples int16 (n,)."""

    samples: np.ndarray
    path: Path
    split: str

    @property
    def folder(self) -> str:
        """Name of the folder in which the file lies."""
        return self.path.parent.name

    @property
    def is_noise(self) -> bool:
        """Background noise by its folder, or an environmental sound by ESC's way to name files."""
        return is_background(self.path) or bool(_FOLD.match(self.path.stem))


@dataclass
class Recordings:
    """Sound files below folders of root, one split or both; what could not be read is listed, not fatal."""

    root: Path
    splits: Sequence[str] = ("training", "validation")
    percent: float = 20
    fold: str = HELD_OUT_FOLD
    unreadable: list[str] = field(default_factory=list)
    converted: int = 0

    def folders(self, *names: str) -> list[Path]:
        """Folders that hold sound files, below the named ones, noise and what is below it apart unless it is named itself."""
        found = []
        for top in (Path(self.root) / name for name in names):
            below = [top, *(p for p in top.rglob("*") if not is_background(p.relative_to(top)))]
            found += [p for p in below if p.is_dir() and p not in found]
        return sorted(p for p in found if sound_files(p))

    def noise_folders(self) -> list[str]:
        """Names, relative to root, of the folders of background noise anywhere below it."""
        root = Path(self.root)
        return sorted(str(p.relative_to(root)) for name in NOISE_FOLDERS for p in root.rglob(name) if p.is_dir())

    def read(self, *names: str, most: int | None = None) -> Iterator[Recording]:
        """Recordings of the named folders of root, at most so many files of each; of noise folders each file in two parts."""
        for folder in self.folders(*names):
            noise = is_background(folder)
            wanted = [
                p for p in sound_files(folder) if noise or part_of(p.name, self.percent, self.fold) in self.splits
            ]
            for path in wanted[:most]:
                samples = self._samples(path)
                if samples is None:
                    continue
                whole = Recording(samples, path, part_of(path.name, self.percent, self.fold))
                yield from (
                    r
                    for r in (_cut(whole) if noise else (whole,))
                    if r.split in self.splits and len(r.samples) >= MIN_SAMPLES
                )

    def _samples(self, path: Path) -> np.ndarray | None:
        try:
            samples, converted = read_audio(path)
        except AudioError as error:
            self.unreadable.append(str(error))
            return None
        self.converted += converted
        return samples


def with_held_out(recordings: Iterable[Recording]) -> list[Recording]:
    """The same where their names hold out some and not all; else each is cut, its end held out."""
    found = list(recordings)
    if {"training", "validation"} <= {r.split for r in found}:
        return found
    return [part for r in found for part in (_cut(r) if r.split != "testing" else (r,))]


def _cut(r: Recording) -> tuple[Recording, Recording]:
    at = int(len(r.samples) * (1 - HELD_OUT_NOISE))
    return Recording(r.samples[:at], r.path, "training"), Recording(r.samples[at:], r.path, "validation")
