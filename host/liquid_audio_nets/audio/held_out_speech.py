# SPDX-License-Identifier: MIT
"""Sentences in natural voices that training never uses, to count false accepts in hours of speech."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

import numpy as np

from .ahead import in_order
from .files import SAMPLE_RATE_HZ
from .kokoro import base_voices
from .speech import NATURAL, Voice, random_voice, say

_PAUSE_S = (0.3, 1.0)  # after each sentence
_LONGEST_S = 8.0  # few sentences take longer, with their pause


@cache
def _parts() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "held_out_sentences.toml").read_text(encoding="utf-8"))


def drawn(seed: int = 1) -> Iterator[tuple[str, str, Voice]]:
    """Endless (language, sentence, voice), the same for the same seed; every voice is a blend of testing speakers."""
    rng, languages = np.random.default_rng(seed), _parts()
    shares = np.array([table["share"] for table in languages.values()])
    while True:
        language = list(languages)[rng.choice(len(languages), p=shares / shares.sum())]
        sentence = " ".join(part[rng.integers(len(part))] for part in languages[language]["parts"])
        choices = [Voice(NATURAL, name) for name in base_voices(language, ("testing",))]
        yield language, sentence, random_voice(rng, choices)


def sentences(seconds: float, seed: int = 1) -> Iterator[tuple[str, np.ndarray]]:
    """(language, int16 (n,) with a pause at its end) until there are so many seconds; the speech is kept in the user's cache.

    Call speech.prepare() first, which downloads the voices.  Raises AudioError if a voice gives no sound."""
    rng, left, wanted = np.random.default_rng(seed), seconds * SAMPLE_RATE_HZ, drawn(seed)
    while left > 0:
        count = max(int(left / SAMPLE_RATE_HZ / _LONGEST_S), 1)  # as many as are needed at least, and no more ahead
        for language, samples in in_order(_spoken, islice(wanted, count)):
            pause = np.zeros(int(rng.uniform(*_PAUSE_S) * SAMPLE_RATE_HZ), np.int16)
            yield language, np.concatenate([samples, pause])
            left -= len(samples) + len(pause)


def _spoken(wanted: tuple[str, str, Voice]) -> tuple[str, np.ndarray]:
    language, sentence, voice = wanted
    return language, say(sentence, voice)
