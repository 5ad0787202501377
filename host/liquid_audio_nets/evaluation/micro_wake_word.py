# SPDX-License-Identifier: MIT
"""A model of microWakeWord on the streams that stream_test() played, to compare with.

Its models, its front-end and the TensorFlow Lite that runs them come from the package pymicro-wakeword (Apache-2.0)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..audio.held_out import Recording
from ..lnn.arrays import Array
from .playback import CONDITIONS, Condition, Played, play_by
from .streams import StreamTest

PREFIX = "micro-wake-word:"
SLICE_SAMPLES = SAMPLE_RATE_HZ // 100
REFRACTORY_S = 1.0  # ESPHome's firmware does not detect again before 100 slices have passed


class MicroWakeWord:
    """One of the models that the package ships.

    Raises AudioError if the package is not installed, or ships no model of that name."""

    def __init__(self, name: str):
        try:
            from pymicro_wakeword import MicroWakeWord as Loaded
            from pymicro_wakeword import MicroWakeWordFeatures, Model
        except ImportError as error:
            raise AudioError(
                f"{name} needs the package pymicro-wakeword: pip install 'liquid-audio-nets[against]'"
            ) from error
        known = {PREFIX + model.value: model for model in Model}
        if name not in known:
            raise AudioError(f"{name}: no such model; give one of {', '.join(known)}")
        self.word = known[name].value
        self._model, self._features = Loaded.from_builtin(known[name]), MicroWakeWordFeatures()

    @property
    def cutoff(self) -> float:
        """The probability above which the word is detected."""
        return float(self._model.probability_cutoff)

    @property
    def tick_samples(self) -> int:
        """Samples per run of the network."""
        return int(self._model.stride) * SLICE_SAMPLES

    def trace(self, samples: Array) -> tuple[Array, Array]:
        """Resets the model and plays int16 (n,).

        Returns the probability that it compares with its cutoff, the mean over its sliding window, float32 (ticks, 1), and
        that the network ran in every tick, bool (ticks,)."""
        self._model.reset()
        self._features.reset()
        tick, slices, now = self.tick_samples, 0, 0.0
        out = np.empty((len(samples) // tick, 1), np.float32)
        for i in range(len(out)):
            for features in self._features.process_streaming(samples[i * tick : (i + 1) * tick].tobytes()):
                slices += 1
                probability = self._model.process_streaming_prob(features)
                if slices % self._model.stride == 0:
                    now = probability or 0.0
            out[i] = now
        return out, np.ones(len(out), bool)


def micro_wake_word_test(name: str, test: StreamTest, progress: Callable[[], None] = lambda: None) -> StreamTest:
    """The same other sounds through a model of microWakeWord, named micro-wake-word:<word>.

    What lies in a folder named after its word does not count as another sound, but as the word, and is played under all
    conditions.  Raises AudioError as MicroWakeWord does."""
    model = MicroWakeWord(name)

    def play(recordings: list[Recording], condition: Condition) -> Played:
        return play_by(model.trace, model.tick_samples, recordings, condition, progress)

    said: list[Recording] = []
    others = {}
    for source, stream in test.others.items():
        said += [r for r in stream.recordings if model.word in r.place.parts[:-1]]
        if left := [r for r in stream.recordings if model.word not in r.place.parts[:-1]]:
            others[source] = play(left, CONDITIONS[0])
    words = {c.name: {model.word: play(said, c)} for c in CONDITIONS} if said else {}
    threshold = np.array([np.nextafter(np.float32(model.cutoff), np.float32(1))])  # it detects above its cutoff
    ticks = np.array([math.ceil(REFRACTORY_S * SAMPLE_RATE_HZ / model.tick_samples)])
    return StreamTest((model.word,), threshold, ticks, words, others, [])
