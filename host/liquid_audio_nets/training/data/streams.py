# SPDX-License-Identifier: MIT
"""Long streams of words, pauses and noise with known events, for thresholds and false alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...audio.dataset import SILENCE, UNKNOWN
from ...audio.files import SAMPLE_RATE_HZ, to_int16
from ...audio.mixing import active_rms, as_float, fit_noise, rms
from .frame_store import Sound

LATEST_S = 0.9  # a detection so long after the end of a word still counts for it


@dataclass(frozen=True)
class Event:
    """A word in a stream, in seconds; label None: a word that must not be detected."""

    begin_s: float
    end_s: float
    label: str | None


@dataclass
class Stream:
    """samples int16 (n,) and what is said in them."""

    samples: np.ndarray
    events: list[Event]

    @property
    def seconds(self) -> float:
        """Length, s."""
        return len(self.samples) / SAMPLE_RATE_HZ


def compose(
    words: Sequence[tuple[str | None, np.ndarray]],
    noise: np.ndarray,
    snr_db: tuple[float, float],
    pause_s: tuple[float, float],
    rng: np.random.Generator,
) -> Stream:
    """Words, (label, int16 samples) each, one after the other with pauses, in noise at a level that drifts.

    The signal-to-noise ratio moves linearly between random values of snr_db from word to word."""
    parts, events, level, at = [], [], [], 0
    for label, samples in words:
        pause = int(rng.uniform(*pause_s) * SAMPLE_RATE_HZ)
        signal = as_float(samples)
        parts += [np.zeros(pause), signal]
        level.append((at + pause, active_rms(signal) * 10 ** (-rng.uniform(*snr_db) / 20)))
        at += pause
        events.append(Event(at / SAMPLE_RATE_HZ, (at + len(signal)) / SAMPLE_RATE_HZ, label))
        at += len(signal)
    parts.append(np.zeros(SAMPLE_RATE_HZ))
    speech = np.concatenate(parts)
    hiss = as_float(fit_noise(noise, len(speech), rng))
    at_samples, levels = zip(*level, strict=True)
    envelope = np.interp(np.arange(len(speech)), at_samples, levels) / max(rms(hiss), 1e-9)
    return Stream(to_int16(np.clip(speech + hiss * envelope, -1, 1)), events)


def validation_streams(
    sounds: Iterable[Sound],
    seed: int = 7,
    words_per_stream: int = 60,
    snr_db: tuple[float, float] = (5.0, 30.0),
    pause_s: tuple[float, float] = (0.3, 1.5),
) -> list[Stream]:
    """Streams of held-out sounds: keywords, other words and sentences in random order in held-out noise,
    and every environmental sound by itself."""
    rng, words, noises, streams = np.random.default_rng(seed), [], [], []
    for sound in sounds:
        if sound.source == "noise":
            noises.append(sound.samples)
        elif sound.label == SILENCE:
            streams.append(Stream(sound.samples, []))
        else:
            words.append((None if sound.label == UNKNOWN else sound.label, sound.samples))
    noises = noises or [rng.integers(-300, 300, 4 * SAMPLE_RATE_HZ).astype(np.int16)]
    order = rng.permutation(len(words))
    for low in range(0, len(words), words_per_stream):
        part = [words[i] for i in order[low : low + words_per_stream]]
        streams.append(compose(part, noises[rng.integers(len(noises))], snr_db, pause_s, rng))
    return streams


@dataclass
class Score:
    """Counts by label: said, found, and false alarms; seconds of audio in all."""

    said: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, stream: Stream, detections: Iterable[tuple[float, str]]) -> None:
        """detections: (time_s, label).  The first right one in the span of a word counts, all others are false."""
        self.seconds += stream.seconds
        open_events = [e for e in stream.events if e.label is not None]
        for label in (e.label for e in stream.events if e.label is not None):
            self.said[label] = self.said.get(label, 0) + 1
        for time_s, label in detections:
            match = next(
                (e for e in open_events if e.label == label and e.begin_s <= time_s <= e.end_s + LATEST_S), None
            )
            if match:
                open_events.remove(match)
                self.found[label] = self.found.get(label, 0) + 1
            else:
                self.false[label] = self.false.get(label, 0) + 1

    @property
    def hit_rate(self) -> float:
        """Share of the words said that were found, 0 to 1."""
        return sum(self.found.values()) / max(sum(self.said.values()), 1)

    @property
    def false_per_hour(self) -> float:
        """False alarms of all labels per hour of audio."""
        return 3600 * sum(self.false.values()) / max(self.seconds, 1e-9)
