# SPDX-License-Identifier: MIT
"""Reading and writing sound files as 16 kHz mono int16."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import LiquidError, LiquidWarning
from .ahead import in_order

SAMPLE_RATE_HZ = 16000
SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")
CANCELLED = 0.2  # of the power that the mean of unrelated channels has
LOUDEST_FLOAT = 100.0  # overdriven sound is clipped at 1; more than this was written with an integer's full scale


class AudioError(LiquidError):
    """A sound file or a folder of them cannot be used; the message says what to do."""


def to_int16(signal: np.ndarray) -> np.ndarray:
    """Float signal, full scale 1 -> int16, rounded and clipped."""
    return np.clip(np.rint(np.asarray(signal, np.float64) * 32768.0), -32768, 32767).astype(np.int16)


def resample(signal: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Float signal (n,) at from_hz -> float64 signal at to_hz."""
    if from_hz == to_hz:
        return np.asarray(signal, np.float64)
    from scipy.signal import resample_poly  # takes longer to import than all else

    common = math.gcd(from_hz, to_hz)
    changed: np.ndarray = resample_poly(np.asarray(signal, np.float64), to_hz // common, from_hz // common)
    return changed


def read_audio(path: str | os.PathLike[str], sample_rate_hz: int = SAMPLE_RATE_HZ) -> tuple[np.ndarray, bool]:
    """Read a sound file of any rate and channel count.

    Returns (signal int16 (n,), converted), converted being True when the file was not mono at
    sample_rate_hz already.  Channels are averaged; if they cancel each other out, the loudest one is used and a
    LiquidWarning says so.  Raises AudioError if the file cannot be decoded, holds no sample, or holds floats that are not
    sound of full scale 1.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            # libsndfile scales integers and what is decoded to them, but not floats: a full scale of 1 would become 0 and 1
            floats = file.subtype in ("FLOAT", "DOUBLE")
            signal, rate_hz = file.read(dtype="float64" if floats else "int16", always_2d=True), file.samplerate
    except FileNotFoundError as error:
        raise AudioError(f"{path}: no such file") from error
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        if not Path(path).exists():
            raise AudioError(f"{path}: no such file") from error
        raise AudioError(f"{path}: not a readable sound file; re-encode or delete it") from error
    if len(signal) == 0:
        raise AudioError(f"{path}: holds no samples; delete it")
    if floats:
        if not np.max(np.abs(signal)) <= LOUDEST_FLOAT:  # NaN, too
            raise AudioError(f"{path}: float samples must be numbers from -1 to 1; write it again as 16 bit")
        signal = to_int16(signal)
    if signal.shape[1] == 1 and rate_hz == sample_rate_hz:
        return signal[:, 0], False
    return to_int16(resample(_mono(signal / 32768.0, path), rate_hz, sample_rate_hz)), True


def _mono(signal: np.ndarray, path: str | os.PathLike[str]) -> np.ndarray:
    """The mean of the channels, float (n, channels) -> (n,); the loudest channel, with a warning, if they cancel out."""
    mean: np.ndarray = signal.mean(axis=1)
    power = (signal**2).mean(axis=0)
    if np.mean(mean**2) >= CANCELLED * power.mean() / signal.shape[1]:
        return mean
    warnings.warn(
        f"{path}: the channels cancel each other out when they are averaged, so only the loudest one is used; check "
        "the polarity of the microphones",
        LiquidWarning,
        stacklevel=3,
    )
    return signal[:, power.argmax()]


@dataclass
class Reader:
    """Reads sound files.  unreadable: a sentence for each that could not be read; converted: how many were not mono at
    16 kHz."""

    unreadable: list[str] = field(default_factory=list)
    converted: int = 0

    def samples(self, path: Path) -> np.ndarray | None:
        """int16 (n,) at SAMPLE_RATE_HZ; None, and a sentence in `unreadable`, for a file that cannot be read."""
        return next(self.all_samples([path]))

    def all_samples(self, paths: Iterable[Path]) -> Iterator[np.ndarray | None]:
        """samples() of every path, in order, read ahead."""
        for read in in_order(_attempt, paths):
            if isinstance(read, AudioError):
                self.unreadable.append(str(read))
                yield None
            else:
                self.converted += read[1]
                yield read[0]

    def remarks(self) -> list[str]:
        """What a user should know: files that were skipped, each with its reason, and how many were converted."""
        skipped = [f"skipped: {problem}" for problem in self.unreadable]
        return skipped + [f"{self.converted} files were converted to 16 kHz mono"] * bool(self.converted)


def _attempt(path: Path) -> tuple[np.ndarray, bool] | AudioError:
    try:
        return read_audio(path)
    except AudioError as error:
        return error


def write_wav(path: str | os.PathLike[str], signal: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Write int16 (n,), or float at full scale 1, as a 16-bit wav file."""
    import soundfile

    signal = np.asarray(signal)
    if signal.dtype != np.int16:
        signal = to_int16(signal)
    soundfile.write(str(path), signal, sample_rate_hz, subtype="PCM_16", format="WAV")
