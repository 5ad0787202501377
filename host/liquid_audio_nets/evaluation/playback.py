# SPDX-License-Identifier: MIT
"""Recordings played through the C core one after the other, as one stream without a reset, and what it reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.files import SAMPLE_RATE_HZ, to_int16
from ..audio.held_out import Recording
from ..audio.mixing import as_float, coloured_noise, mix_at_snr, rms
from ..lnn.arrays import Array
from ..native import LNN
from .traces import detections, leading, trace_with_steps

PAUSE_S = 1.0  # of silence after each recording
LATE_S = 0.5  # a word counts as heard until so long after its recording
SPEECH_RANGE_DB = 22.0  # a word ends with the last 10 ms that are within this range of its loudest
PINK = 0.5  # slope of coloured_noise()


@dataclass(frozen=True)
class Condition:
    """How the recordings of words are played: with a gain before clipping at full scale, or in pink noise of the same RMS
    as the whole recording, its pauses included."""

    name: str
    gain_db: float = 0.0
    noisy: bool = False

    def play(self, samples: Array, seed: int) -> Array:
        """int16 (n,) -> int16 (n,)."""
        if self.noisy:
            return mix_at_snr(samples, coloured_noise(len(samples), PINK, seed), 0.0, rms)
        return to_int16(np.clip(as_float(samples) * 10 ** (self.gain_db / 20), -1, 1)) if self.gain_db else samples


CONDITIONS = (
    Condition("as recorded"),
    Condition("-32 dB", -32.0),
    Condition("-40 dB", -40.0),
    Condition("+20 dB, clipped", 20.0),
    Condition("pink noise as loud as the recording", noisy=True),
)


@dataclass(frozen=True)
class Event:
    """A detection.  at_s: seconds from the beginning of the recording in which, or after which, it fell."""

    label: str
    confidence: float
    path: Path
    at_s: float

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {"label": self.label, "confidence": self.confidence, "file": str(self.path), "at_s": self.at_s}


@dataclass
class Played:
    """One stream: recordings one after the other.

    posterior float32 (ticks, labels); steps bool (ticks,): whether the cells ran; begin_tick int (recordings,): the tick
    with which each recording begins; word_end_s (recordings,): where the loud part of each recording ends."""

    recordings: list[Recording]
    posterior: Array
    steps: Array
    begin_tick: Array
    word_end_s: Array
    tick_s: float

    @property
    def hours(self) -> float:
        """Length of the stream in hours."""
        return len(self.posterior) * self.tick_s / 3600

    def best(self, label: int) -> Array:
        """Best posterior of a label while each recording is played, and LATE_S after it, where the label is the likeliest
        and the cells ran; float (recordings,)."""
        score = np.where(self.steps, leading(self.posterior, label), 0.0)
        ends = [len(r.samples) / SAMPLE_RATE_HZ + LATE_S for r in self.recordings]
        return np.array(
            [
                score[begin : begin + int(end / self.tick_s)].max(initial=0)
                for begin, end in zip(self.begin_tick, ends, strict=True)
            ]
        )

    def events(self, labels: Sequence[str], thresholds: Array, refractory_ticks: Array) -> list[tuple[int, Event]]:
        """(index of the recording, detection) of everything that the readout reports at these thresholds, in order of time."""
        found = []
        for tick, label in detections(self.posterior, self.steps, thresholds, refractory_ticks):
            which = int(np.searchsorted(self.begin_tick, tick, "right")) - 1
            at_s = (tick + 1 - self.begin_tick[which]) * self.tick_s
            confidence = float(self.posterior[tick, label])
            found.append((which, Event(labels[label], confidence, self.recordings[which].path, float(at_s))))
        return found


def word_end_s(samples: Array) -> float:
    """Where the loud part of a recording ends, in s; int16 (n,)."""
    blocks = len(samples) // (SAMPLE_RATE_HZ // 100)
    if not blocks:
        return 0.0
    power = np.mean(as_float(samples[: blocks * (SAMPLE_RATE_HZ // 100)]).reshape(blocks, -1) ** 2, axis=1)
    return float(np.flatnonzero(power >= power.max() * 10 ** (-SPEECH_RANGE_DB / 10))[-1] + 1) / 100


def play(lnn: LNN, recordings: list[Recording], condition: Condition, progress: Callable[[], None]) -> Played:
    """Plays the recordings with a pause after each, tick by tick, as one stream."""
    return play_by(lambda samples: trace_with_steps(lnn, samples), lnn.tick_samples, recordings, condition, progress)


def play_by(
    trace: Callable[[Array], tuple[Array, Array]],
    tick_samples: int,
    recordings: list[Recording],
    condition: Condition,
    progress: Callable[[], None],
) -> Played:
    """The same for any listener.  trace: plays int16 (n,) and returns what trace_with_steps() returns."""
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE_HZ), np.int16)
    pieces, begins, ends, at = [], [], [], 0
    for k, recording in enumerate(recordings):
        samples = np.concatenate([condition.play(recording.samples, seed=k), pause])
        pieces.append(samples)
        begins.append(at // tick_samples)
        ends.append(word_end_s(recording.samples))
        at += len(samples)
        progress()
    posterior, steps = trace(np.concatenate(pieces))
    return Played(recordings, posterior, steps, np.array(begins), np.array(ends), tick_samples / SAMPLE_RATE_HZ)
