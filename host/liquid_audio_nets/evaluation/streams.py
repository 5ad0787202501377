# SPDX-License-Identifier: MIT
"""Hours of sound through the C core without a reset: which words are heard, how late, and what else is reported.

Clips say how well a model tells words apart; streams say how it behaves in a room.  Every recording of a folder named
after a label must be heard, at several levels and in noise; everything else must not be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..audio.held_out import NEAR_MISSES, Recording, Recordings, part, splits_of
from ..audio.layouts import Placed
from ..lnn import read
from ..lnn.arrays import Array
from ..native import LNN
from .playback import CONDITIONS, LATE_S, Event, Played, play
from .traces import refractory_ticks
from .wake_word import rate_interval, share_interval


@dataclass
class Sounds:
    """words: recordings by label; others: all other recordings by their source, the first folder of their path."""

    words: dict[str, list[Recording]]
    others: dict[str, list[Recording]]
    unreadable: list[str]

    @classmethod
    def read(cls, data: Path, labels: Sequence[str], split: str, progress: Callable[[], None]) -> Sounds:
        """Everything below data that belongs to a split ("all": to any), without phrases that hold a word.  Near-misses that
        a board kept belong to every split.

        Raises AudioError if there is no such folder, no recording of a word, or nothing else."""
        if not Path(data).is_dir():
            raise AudioError(f"{data}: no such folder; give one with a folder per word and folders of other sounds")
        splits = splits_of(split)
        reader = Recordings(Path(data), splits)
        sounds = cls({}, {}, [])

        def part_with_near_misses(file: Placed) -> str:
            return splits[0] if NEAR_MISSES in file.place.parts else part(file)

        for recording in reader.read(".", *reader.noise_folders(), part=part_with_near_misses):
            folders = recording.place.parts[:-1]
            word = next((label for label in labels if label in folders), None)
            progress()
            if not word and any(label in re.split(r"[_ -]", name) for label in labels for name in folders):
                continue  # such as hey_computer for computer: neither the word alone nor without it
            target, name = (sounds.words, word) if word else (sounds.others, folders[0] if folders else ".")
            target.setdefault(name, []).append(recording)
        sounds.unreadable = reader.unreadable
        if not sounds.words or not sounds.others:
            what = f"of {', '.join(labels)}" if not sounds.words else "of anything else than the words"
            raise AudioError(f"{data}: no recordings {what} among the split '{split}'")
        return sounds


@dataclass
class Heard:
    """What was heard of the words under one condition; latencies_s: end of a word to its detection."""

    said: dict[str, int]
    heard: dict[str, int]
    latencies_s: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of all words that were heard."""
        return sum(self.heard.values()) / max(sum(self.said.values()), 1)

    def as_json(self) -> dict[str, Any]:
        """Counts, recall with its 95 % interval, and latency in ms."""
        late = np.array(self.latencies_s or [np.nan])
        return {
            "said": self.said,
            "heard": self.heard,
            "recall": self.recall,
            "recall_95": share_interval(sum(self.heard.values()), max(sum(self.said.values()), 1)),
            "latency_ms_median": float(np.median(late)) * 1000,
            "latency_ms_99": float(np.percentile(late, 99)) * 1000,
        }


@dataclass
class StreamTest:
    """A model's traces on streams; thresholds may be changed afterwards without playing anything again.

    words: by condition and label; others: by source."""

    labels: tuple[str, ...]
    thresholds: Array
    refractory_ticks: Array
    words: dict[str, dict[str, Played]]
    others: dict[str, Played]
    unreadable: list[str]

    @cached_property
    def hours(self) -> float:
        """Hours of sound in which nothing should be reported."""
        return sum(stream.hours for stream in self.others.values())

    def heard(self, thresholds: Array | None = None) -> dict[str, Heard]:
        """By condition.  thresholds (labels,): default the model's own."""
        level = self.thresholds if thresholds is None else thresholds
        return {name: self._heard(streams, level) for name, streams in self.words.items()}

    def _heard(self, streams: dict[str, Played], thresholds: Array) -> Heard:
        result = Heard({}, {})
        for label, stream in streams.items():
            lengths = [len(r.samples) / SAMPLE_RATE_HZ for r in stream.recordings]
            found: dict[int, float] = {}
            for which, event in stream.events(self.labels, thresholds, self.refractory_ticks):
                if event.label == label and event.at_s <= lengths[which] + LATE_S:
                    found.setdefault(which, event.at_s)
            result.said[label], result.heard[label] = len(stream.recordings), len(found)
            result.latencies_s += [at_s - stream.word_end_s[which] for which, at_s in found.items()]
        return result

    def false_accepts(self, thresholds: Array | None = None) -> dict[str, list[Event]]:
        """Everything that is reported in the other sounds, by source.  thresholds (labels,): default the model's own."""
        level = self.thresholds if thresholds is None else thresholds
        return {
            source: [event for _, event in stream.events(self.labels, level, self.refractory_ticks)]
            for source, stream in self.others.items()
        }

    figure_name = "recall"

    @property
    def figure(self) -> float:
        """Recall as recorded, at the model's own thresholds."""
        return self.heard()[CONDITIONS[0].name].recall

    def as_json(self) -> dict[str, Any]:
        """Everything that lines() says, for --json."""
        accepts = self.false_accepts()
        count = sum(map(len, accepts.values()))
        return {
            "recall": {name: heard.as_json() for name, heard in self.heard().items()},
            "hours": self.hours,
            "false_accepts": count,
            "false_accepts_per_hour": count / self.hours,
            "false_accepts_per_hour_95": rate_interval(count, self.hours),
            "sources": {
                name: {"hours": self.others[name].hours, "false_accepts": [event.as_json() for event in events]}
                for name, events in accepts.items()
            },
            "unreadable": self.unreadable,
        }

    def lines(self) -> list[str]:
        """The report for people: recall by condition, false accepts by source, and what caused each."""
        return [*self._recall_lines(), *self._accept_lines()]

    def _recall_lines(self) -> Iterator[str]:
        if not self.words:
            yield f"recall: no recordings of {', '.join(self.labels)} among these"
        for name, heard in self.heard().items():
            j = heard.as_json()
            by_label = (
                ""
                if len(heard.said) == 1
                else "; " + ", ".join(f"{label} {heard.heard[label]}/{said}" for label, said in heard.said.items())
            )
            late = (
                f"; latency {j['latency_ms_median']:.0f} ms median, {j['latency_ms_99']:.0f} ms p99"
                if heard.latencies_s
                else ""
            )
            yield f"recall {name}: {100 * heard.recall:.1f} % of {sum(heard.said.values())}{by_label}{late}"

    def _accept_lines(self) -> Iterator[str]:
        accepts = self.false_accepts()
        count = sum(map(len, accepts.values()))
        low, high = rate_interval(count, self.hours)
        yield (
            f"false accepts: {count} in {self.hours:.2f} h, {count / self.hours:.2f} per hour (95 %: {low:.2f} to {high:.2f})"
        )
        for source, events in accepts.items():
            yield f"  {source}: {len(events)} in {self.others[source].hours:.2f} h"
            for event in events:
                yield f"    {event.label} {event.confidence:.4f} at {event.at_s:.2f} s of {event.path}"


def stream_test(
    content: bytes, data: Path, split: str = "validation", progress: Callable[[], None] = lambda: None
) -> StreamTest:
    """Plays all recordings of a split through a model that listens for words.

    Raises LnnError if the model is not valid, AudioError if data lack words or other sounds, or if the model's task has
    no words."""
    model = read(content)
    if model.task not in ("keywords", "wake_word"):
        raise AudioError(f"streams measure words, and the model's task is {model.task}")
    with LNN(content) as lnn:
        thresholds = np.array(list(lnn.thresholds), np.float32)
        listened = [label for label, level in zip(lnn.labels, thresholds, strict=True) if level > 0]
        sounds = Sounds.read(data, listened, split, progress)
        words = {
            condition.name: {label: play(lnn, found, condition, progress) for label, found in sounds.words.items()}
            for condition in CONDITIONS
        }
        others = {source: play(lnn, found, CONDITIONS[0], progress) for source, found in sounds.others.items()}
        ticks = refractory_ticks(model, lnn.tick_samples / SAMPLE_RATE_HZ)
        return StreamTest(lnn.labels, thresholds, ticks, words, others, sounds.unreadable)
