# SPDX-License-Identifier: MIT
"""What a network on this computer hears: a sound file at the pace of a microphone, or the computer's own microphone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import read_audio
from ..lnn.arrays import Array
from .errors import MonitorError

WAITING_BLOCKS = 8  # what the microphone's driver keeps while the program is busy


class Recording:
    """A sound file as a microphone: class Microphone of native.engine.

    paced: at the speed of a microphone; otherwise as fast as it is read.  again: starts again at its end, for ever."""

    def __init__(self, path: Path, rate: int, paced: bool = True, again: bool = False):
        """Raises AudioError if the file cannot be read."""
        self.rate, self.lost, self.name = rate, 0, path.name
        self._samples, self._at, self._heard = read_audio(path, rate)[0], 0, 0
        self._paced, self._again, self._start_s = paced, again, time.monotonic()

    def readinto(self, block: Array) -> int:
        """Fills the block, int16 (n,), and gives the number of samples: 0 at the end."""
        if self._at == len(self._samples) and self._again:
            self._at = 0
        piece = self._samples[self._at : self._at + len(block)]
        block[: len(piece)] = piece
        self._at, self._heard = self._at + len(piece), self._heard + len(piece)
        if self._paced:
            time.sleep(max(0.0, self._start_s + self._heard / self.rate - time.monotonic()))
        return len(piece)

    def deinit(self) -> None:
        """Nothing to free."""


class ComputerMicrophone:
    """The default microphone of this computer, through `sounddevice`: class Microphone of native.engine."""

    name = "microphone"

    def __init__(self, rate: int, block_samples: int):
        """Raises MonitorError if there is no microphone, ModuleNotFoundError without sounddevice."""
        try:
            import sounddevice
        except OSError:  # its library is missing
            raise MonitorError(
                "the microphone needs PortAudio, which is not installed: sudo apt-get install libportaudio2"
            ) from None
        self.rate, self.lost = rate, 0
        self._error: type[Exception] = sounddevice.PortAudioError
        try:
            self._stream: Any = sounddevice.RawInputStream(
                samplerate=rate, blocksize=block_samples, channels=1, dtype="int16", latency=0.1
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise MonitorError(f"no microphone that records at {rate} Hz: {error}") from None
        self._next_s = time.monotonic()

    def readinto(self, block: Array) -> int:
        """Waits until the block, int16 (n,), is full.  Raises MonitorError if the microphone fails."""
        try:
            data, overflowed = self._stream.read(len(block))
        except self._error as error:
            raise MonitorError(f"the microphone failed: {error}") from None
        block[:] = np.frombuffer(data, np.int16)
        late_s = time.monotonic() - self._next_s
        self.lost = max(0, round(late_s * self.rate) - len(block)) if overflowed else 0
        self._next_s = time.monotonic()
        return len(block)

    def deinit(self) -> None:
        """Frees the microphone."""
        self._stream.close()
