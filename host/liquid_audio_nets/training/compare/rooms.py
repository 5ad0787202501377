# SPDX-License-Identifier: MIT
"""How a trained network does on the streams of liquid-test --stream: hours of sound, its state carried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...audio.files import SAMPLE_RATE_HZ
from ...audio.held_out import Recording
from ...evaluation.playback import CONDITIONS, PAUSE_S, Played, play_by
from ...evaluation.streams import Sounds, StreamTest
from ...evaluation.tuning import tune
from ...reference.frontend import FrontEnd
from ..data.augment import LOG_FLOOR
from ..nets.model import Net
from ..nets.registry import DECISIONS_PER_S, WINDOW_FRAMES

MAX_PER_HOUR = 10.0  # false accepts: each network gets the thresholds that hear most words with so many
REFRACTORY_S = 1.0
MOST_WORDS = 60  # recordings of each word
LONGEST_S = 600.0  # of a stream: the network starts afresh after so long, so that streams can be computed side by side
CHUNK_TICKS = 500  # are computed at once


class Rooms:
    """Held-out recordings as streams of log-mel frames, which all networks hear alike."""

    def __init__(self, sounds: Sounds, labels: Sequence[str], tick_s: float, progress: Callable[[], None]):
        self.labels, self.tick_s = tuple(labels), tick_s
        self._frontend, self._samples = FrontEnd(), round(tick_s * SAMPLE_RATE_HZ)
        self._frames: list[Tensor] = []
        self.words = {
            condition.name: {
                word: play_by(self._hear, self._samples, found[:MOST_WORDS], condition, progress)
                for word, found in sounds.words.items()
            }
            for condition in CONDITIONS
        }
        self.others = {
            f"{source} {k}": play_by(self._hear, self._samples, some, CONDITIONS[0], progress)
            for source, found in sounds.others.items()
            for k, some in enumerate(_streams(found))
        }

    @classmethod
    def read(cls, data: Path, labels: Sequence[str], tick_s: float, progress: Callable[[], None]) -> Rooms:
        """What training left out.  Raises AudioError if data lack a recording of the words or of anything else."""
        words = [label for label in labels if not label.startswith("_")]
        return cls(Sounds.read(data, words, "validation", progress), labels, tick_s, progress)

    def _hear(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keeps the frames of a stream; the posterior is filled in for each network."""
        ends = np.arange(1, len(samples) // self._samples + 1) * self._samples
        self._frames.append(torch.from_numpy(np.log(self._frontend.mel_power(samples, ends) + np.float32(LOG_FLOOR))))
        return np.empty((len(ends), 0), np.float32), np.ones(len(ends), bool)

    def test(self, net: Net, windowed: bool) -> StreamTest:
        """The network's posteriors on all streams.  windowed: it decides whole windows, DECISIONS_PER_S times per second."""
        net.eval()
        found = iter(_windows(net, self._frames, self.tick_s) if windowed else _steps(net, self._frames, self.tick_s))

        def filled(stream: Played) -> Played:
            posterior, steps = next(found)
            return Played(stream.recordings, posterior, steps, stream.begin_tick, stream.word_end_s, stream.tick_s)

        words = {name: {word: filled(s) for word, s in streams.items()} for name, streams in self.words.items()}
        others = {source: filled(stream) for source, stream in self.others.items()}
        thresholds = np.array([0.0 if label.startswith("_") else 0.5 for label in self.labels], np.float32)
        ticks = np.full(len(self.labels), round(REFRACTORY_S / self.tick_s))
        return StreamTest(self.labels, thresholds, ticks, words, others, [])


def figures(test: StreamTest) -> dict[str, float]:
    """recall: as recorded, in percent of the words, and over all conditions; false_accepts_per_hour: both at the thresholds
    that hear the most words with at most MAX_PER_HOUR."""
    tuned = tune(test, MAX_PER_HOUR)
    chosen = np.array([tuned.thresholds.get(label, 0.0) for label in test.labels], np.float32)
    heard = test.heard(chosen)
    return {
        "recall": heard[CONDITIONS[0].name].recall,
        "recall_all": float(np.mean([h.recall for h in heard.values()])),
        "false_accepts_per_hour": sum(map(len, test.false_accepts(chosen).values())) / test.hours,
    }


def _streams(recordings: Sequence[Recording]) -> Iterator[list[Recording]]:
    """The same recordings, in order, as streams of at most LONGEST_S with their pauses."""
    some: list[Recording] = []
    seconds = 0.0
    for recording in recordings:
        more = len(recording.samples) / SAMPLE_RATE_HZ + PAUSE_S
        if some and seconds + more > LONGEST_S:
            yield some
            some, seconds = [], 0.0
        some.append(recording)
        seconds += more
    yield some


@torch.no_grad()
def _steps(net: Net, frames: list[Tensor], tick_s: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """A step at every tick, all streams side by side, the state carried on."""
    longest = max(map(len, frames))
    posterior = np.zeros((longest, len(frames), len(net.config.labels)), np.float32)
    state = None
    for low in range(0, longest, CHUNK_TICKS):
        span = min(CHUNK_TICKS, longest - low)
        log_mel = torch.full((span, len(frames), frames[0].shape[1]), float(np.log(LOG_FLOOR)))
        for k, own in enumerate(frames):
            part = own[low : low + span]
            log_mel[: len(part), k] = part
        dt = torch.full(log_mel.shape[:2], tick_s)
        evidence, state = net(log_mel, dt, torch.zeros_like(dt), state)
        posterior[low : low + span] = torch.softmax(evidence, -1).numpy()
    return [(posterior[: len(own), k], np.ones(len(own), bool)) for k, own in enumerate(frames)]


@torch.no_grad()
def _windows(net: Net, frames: list[Tensor], tick_s: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """A decision on the last WINDOW_FRAMES frames DECISIONS_PER_S times per second, held until the next one."""
    found = []
    for own in frames:
        at = np.unique(
            (np.arange(1, int(len(own) * tick_s * DECISIONS_PER_S) + 1) / DECISIONS_PER_S / tick_s).astype(int)
        )
        padded = torch.cat([own.new_full((WINDOW_FRAMES, own.shape[1]), float(np.log(LOG_FLOOR))), own])
        steps = np.zeros(len(own), bool)
        steps[at - 1] = True
        decided = [torch.zeros(1, len(net.config.labels))]
        for low in range(0, len(at), CHUNK_TICKS):
            windows = torch.stack([padded[end : end + WINDOW_FRAMES] for end in at[low : low + CHUNK_TICKS]], 1)
            nothing = torch.zeros(windows.shape[:2])
            decided.append(torch.softmax(net(windows, nothing, nothing)[0][-1], -1))
        found.append((torch.cat(decided).numpy()[np.cumsum(steps)], steps))
    return found
