# SPDX-License-Identifier: MIT
"""Frame store: mel power of every clip on a 10 ms grid, one flat memory-mapped array.

Augmentation works on power, before the logarithm, so that gains, noise and filters are exact or nearly so, and no clip
is decoded twice.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.files import SAMPLE_RATE_HZ, AudioError
from ...lnn.whole_file import replacing
from ...reference.frontend import FrontEnd

GRID_SAMPLES = SAMPLE_RATE_HZ // 100
BLOCK_S = GRID_SAMPLES / SAMPLE_RATE_HZ
TAIL_FRAMES = 3  # windows that still touch the clip's last samples
_SPEECH_RANGE = 10 ** (-22 / 10)  # energy below the peak that still counts as speech


@dataclass(frozen=True)
class Sound:
    """One piece of audio on its way into the store; samples int16 (n,).  source: such as "commands" or "synthetic"."""

    samples: np.ndarray
    label: str
    word: str
    source: str
    split: str


def speech_bounds(energy: np.ndarray) -> tuple[int, int]:
    """First and last grid block of the loud part of a clip; energy (blocks,) mean squares."""
    smooth = np.convolve(energy, np.full(3, 1 / 3), "same")
    loud = np.flatnonzero(smooth >= smooth.max() * _SPEECH_RANGE)
    return int(loud[0]), int(loud[-1])


def tick_energy(energy: np.ndarray, newest: np.ndarray, tick_blocks: int) -> np.ndarray:
    """Mean square of ticks that end with the blocks `newest`; energy (blocks,), newest any shape."""
    total: np.ndarray = np.stack([energy[np.maximum(newest - k, 0)] for k in range(tick_blocks)]).sum(0)
    return total / tick_blocks


class FrameStore:
    """Memory-mapped clips.

    mel (frames, channels) power, energy (frames,) mean square of each 10 ms block at full scale 1;
    clip i owns frames offset[i] .. offset[i] + blocks[i] + TAIL_FRAMES.  first, last: speech bounds in
    blocks.  label, word, source, split: arrays of str, one per clip.
    """

    COLUMNS = ("offset", "blocks", "first", "last", "label", "word", "source", "split")
    offset: np.ndarray
    blocks: np.ndarray
    first: np.ndarray
    last: np.ndarray
    label: np.ndarray
    word: np.ndarray
    source: np.ndarray
    split: np.ndarray

    def __init__(self, folder: str | Path):
        """Raises AudioError if the files are not as build() left them."""
        self.folder = Path(folder)
        try:
            table = json.loads((self.folder / "clips.json").read_text())
            for name in self.COLUMNS:
                setattr(self, name, np.array(table[name]))
            self.channels = table["channels"]
            frames = int(self.offset[-1] + self.blocks[-1]) + TAIL_FRAMES
            self.mel = np.memmap(self.folder / "mel.f32", np.float32, "c").reshape(frames, self.channels)
            self.energy = np.memmap(self.folder / "energy.f32", np.float32, "r").reshape(frames)
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            raise AudioError(f"{folder}: a damaged frame cache; delete it, and it is made again") from None

    def __len__(self) -> int:
        return len(self.offset)

    def where(self, **wanted: str | tuple[str, ...]) -> np.ndarray:
        """Indices of the clips whose columns have one of the wanted values."""
        keep = np.ones(len(self), bool)
        for column, values in wanted.items():
            keep &= np.isin(getattr(self, column), values)
        return np.flatnonzero(keep)

    @staticmethod
    def exists(folder: str | Path) -> bool:
        """Whether a store was built there, to its end."""
        return (Path(folder) / "clips.json").exists()

    @classmethod
    def build(cls, folder: str | Path, sounds: Iterable[Sound], frontend: FrontEnd) -> FrameStore:
        """Write a store.  clips.json comes last, so that a broken build is never taken for a store; what it wrote is removed.

        Raises AudioError if there is no sound; data that cannot be used leave no folder."""
        folder, each = Path(folder), iter(sounds)
        first = next(each, None)
        if first is None:
            raise AudioError("none of the sound files could be read")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "clips.json").unlink(missing_ok=True)
        try:
            cls._write(folder, itertools.chain([first], each), frontend)
        except BaseException:
            for name in ("mel.f32", "energy.f32"):
                (folder / name).unlink(missing_ok=True)
            raise
        return cls(folder)

    @classmethod
    def _write(cls, folder: Path, sounds: Iterable[Sound], frontend: FrontEnd) -> None:
        table: dict[str, list[int | str]] = {name: [] for name in cls.COLUMNS}
        position = 0
        with open(folder / "mel.f32", "wb") as mel_file, open(folder / "energy.f32", "wb") as energy_file:
            for sound in sounds:
                blocks = -(-len(sound.samples) // GRID_SAMPLES)
                ends = np.arange(1, blocks + TAIL_FRAMES + 1) * GRID_SAMPLES
                padded = np.zeros((blocks + TAIL_FRAMES) * GRID_SAMPLES, np.float32)
                padded[: len(sound.samples)] = sound.samples
                energy = np.mean((padded.reshape(-1, GRID_SAMPLES) / 32768.0) ** 2, axis=1)
                first, last = speech_bounds(energy[:blocks])
                mel_file.write(frontend.mel_power(sound.samples, ends).tobytes())  # tofile() hides a full disk's name
                energy_file.write(energy.astype(np.float32).tobytes())
                row: tuple[int | str, ...] = (
                    position,
                    blocks,
                    first,
                    last,
                    sound.label,
                    sound.word,
                    sound.source,
                    sound.split,
                )
                for name, value in zip(cls.COLUMNS, row, strict=True):
                    table[name].append(value)
                position += blocks + TAIL_FRAMES
        with replacing(folder / "clips.json") as part:
            part.write_text(json.dumps({**table, "channels": frontend.channels}))
