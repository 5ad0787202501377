"""Folders of class-named folders (the Speech Commands layout) and its official speaker split."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .files import SAMPLE_RATE_HZ, SUFFIXES, AudioError, read_audio

UNKNOWN, SILENCE = "_unknown_", "_silence_"
NOISE_FOLDERS = ("_background_noise_", SILENCE)
_BUCKETS = 2**27


def speaker_of(name: str) -> str:
    """`<speaker>_nohash_<n>.wav` -> `<speaker>`; a name without the mark is its own speaker."""
    return re.sub(r"_nohash_.*$", "", Path(name).stem if "_nohash_" not in name else Path(name).name)


def split_of(name: str, validation_percent: float = 10, testing_percent: float = 10) -> str:
    """The data set's own rule: 'validation', 'testing' or 'training', by SHA-1 of the speaker."""
    digest = int(hashlib.sha1(speaker_of(name).encode()).hexdigest(), 16)
    percent = (digest % _BUCKETS) * (100.0 / (_BUCKETS - 1))
    if percent < validation_percent:
        return "validation"
    return "testing" if percent < validation_percent + testing_percent else "training"


def label_of(folder: str, labels: Sequence[str]) -> str | None:
    """Label that a clip in this folder carries, None when the model has no label for it."""
    if folder in NOISE_FOLDERS:
        return SILENCE if SILENCE in labels else None
    if folder in labels:
        return folder
    return UNKNOWN if UNKNOWN in labels else None


@dataclass(frozen=True)
class Clip:
    """One labelled piece of a file: samples [start, start + length), length None = to the end."""

    path: Path
    word: str
    label: str
    split: str
    start: int = 0
    length: int | None = None

    @property
    def speaker(self) -> str:
        """Who spoke, by the name of the file."""
        return speaker_of(self.path.name)


@dataclass
class Dataset:
    """Clips of a folder with what was met on the way; `unreadable` fills up while reading."""

    root: Path
    labels: tuple[str, ...]
    clips: list[Clip]
    converted: int = 0
    unreadable: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.clips)

    def counts(self) -> Counter:
        """Clips of each label."""
        return Counter(clip.label for clip in self.clips)

    def read(self) -> Iterator[tuple[Clip, np.ndarray]]:
        """Yield (clip, int16 samples) of every readable clip; unreadable files are listed, once."""
        last_path, signal = None, None
        for clip in self.clips:
            if clip.path != last_path:
                last_path = clip.path
                try:
                    signal, converted = read_audio(clip.path)
                    self.converted += converted
                except AudioError as error:
                    signal = None
                    self.unreadable.append(str(error))
            if signal is not None:
                end = None if clip.length is None else clip.start + clip.length
                yield clip, signal[clip.start : end]

    def require_classes(self, minimum: int = 1) -> None:
        """Raise AudioError naming the first label with fewer than `minimum` clips."""
        counts = self.counts()
        for label in self.labels:
            if counts[label] < minimum:
                raise AudioError(
                    f"{self.root}: {counts[label]} clips for '{label}', need at least {minimum}; "
                    f"add recordings or remove the label"
                )


def sound_files(folder: Path) -> list[Path]:
    """Files of a folder itself that have one of SUFFIXES, sorted by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())


def _noise_slices(path: Path, word: str, split: str, clip_samples: int) -> Iterable[Clip]:
    import soundfile

    try:
        info = soundfile.info(str(path))
        n = int(info.frames * SAMPLE_RATE_HZ / info.samplerate)
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        n = clip_samples  # kept, so that reading reports it as unreadable
    for start in range(0, max(n - clip_samples, 0) + 1, clip_samples):
        yield Clip(path, word, SILENCE, split, start, clip_samples)


def scan(
    root: str | Path, labels: Sequence[str], split: str | None = None, clip_samples: int = SAMPLE_RATE_HZ
) -> Dataset:
    """List the clips under root, folder by folder, sorted by name.

    A folder named after a label gives that label, `_background_noise_` is cut into pieces of
    clip_samples for `_silence_`, every other folder is `_unknown_`; folders for which the model has
    no label are left out.  split: None for all clips or 'training' / 'validation' / 'testing' by
    the official rule (noise has no speaker and is in every split).
    Raises AudioError when root has no class folder with sound files.
    """
    root = Path(root)
    if not root.is_dir():
        raise AudioError(f"{root}: no such folder; give a folder with one folder per word")
    clips: list[Clip] = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        label = label_of(folder.name, labels)
        if label is None:
            continue
        noise = folder.name in NOISE_FOLDERS
        for path in sound_files(folder):
            if noise:
                clips.extend(_noise_slices(path, folder.name, split or "any", clip_samples))
                continue
            part = split_of(path.name)
            if split is None or part == split:
                clips.append(Clip(path, folder.name, label, part))
    if not clips:
        where = f" of the {split} split" if split else ""
        named = [label for label in labels if not label.startswith("_")][:4]
        raise AudioError(
            f"{root}: no sound files{where} ({', '.join(SUFFIXES)}) in folders named after the labels"
            f"{', such as ' + ', '.join(named) if named else ''}"
        )
    return Dataset(root, tuple(labels), clips)
