# SPDX-License-Identifier: MIT
"""Finding 04: two different words 0.1 s apart are both heard; one word's refractory time deafens no other word."""

import itertools
import shutil

import numpy as np
import pytest
from liquid_audio_nets.audio import say
from liquid_audio_nets.audio.speech import voices
from liquid_audio_nets.native import LNN

PAIRS = 140
RATE_HZ = 16_000
RANGE_DB = 22  # a word is all that is within this range of its loudest 10 ms


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE_HZ), np.int16)


def loud_part(samples: np.ndarray) -> np.ndarray:
    block = RATE_HZ // 100
    power = np.mean(samples[: len(samples) // block * block].reshape(-1, block).astype(float) ** 2, axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-RANGE_DB / 10))
    return samples[loud[0] * block : (loud[-1] + 1) * block]


def heard(lnn: LNN, *pieces: np.ndarray) -> dict[str, float]:
    """Each word that was heard, and when it was heard first, in s."""
    lnn.reset()
    lnn.process(np.concatenate([silence(0.5), *pieces, silence(0.7)]))
    return {event.label: event.time_s for event in reversed(list(lnn.events()))}


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="needs espeak-ng")
def test_the_second_of_140_pairs_of_words_is_heard_whatever_the_first_was(root):
    """A refractory time for all labels together would lose every second word that follows within it."""
    with LNN.load(root / "device/models/keywords.lnn") as lnn:
        words = [name for name, level in zip(lnn.labels, lnn.thresholds, strict=True) if level > 0]
        refractory = list(lnn.refractory)
        said = [
            (word, part)
            for voice, word in itertools.product(voices(["espeak-ng"])[::7], words)
            if list(heard(lnn, part := loud_part(say(word, voice)))) == [word]
        ]
        rng, pairs = np.random.default_rng(0), []
        while len(pairs) < PAIRS:
            a, b = (said[k] for k in rng.integers(len(said), size=2))
            pairs += [(a, b)] if a[0] != b[0] else []
        found, soon = {}, 0
        for name, times in (("own", refractory), ("none", [0.0] * len(refractory))):
            for k, seconds in enumerate(times):
                lnn.refractory[k] = seconds
            found[name] = [heard(lnn, first, silence(0.1), second) for (_, first), (_, second) in pairs]
        seconds_heard = {
            name: [b in at for at, (_, (b, _)) in zip(all_, pairs, strict=True)] for name, all_ in found.items()
        }
        soon = sum(
            a in at and b in at and 0 < at[b] - at[a] < refractory[0]
            for at, ((a, _), (b, _)) in zip(found["own"], pairs, strict=True)
        )
    print(f"{sum(seconds_heard['own'])} second words of {PAIRS} heard, {soon} within the first one's refractory time")
    assert seconds_heard["own"] == seconds_heard["none"] and soon >= 40
