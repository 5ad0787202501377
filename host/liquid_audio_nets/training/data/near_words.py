# SPDX-License-Identifier: MIT
"""Words that sound like the one that is trained, to learn what it is not: from a packaged list, or by editing its sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import pairwise

from ...audio.speech import engines, phonemes

MOST = 36  # derived forms of a word
_LIST = files(__package__) / "near_words.txt"
_VOWELS = "aAeEiIoOuUV@03"
# Phonemes that nobody takes for each other: another accent of the word must stay the word.
_OTHER_VOWELS = ("i:", "aI", "oU", "A:", "E", "u:")
_OTHER_CONSONANTS = {
    "pbtdkg": ("s", "m", "l"),
    "fvTDsSzZh": ("t", "n", "g"),
    "mnN": ("s", "k", "f"),
    "lrjw": ("s", "b", "d"),
}


def near_words(word: str) -> list[str]:
    """Texts for speech programs that sound like a word; none without espeak-ng.

    Words of the packaged list have words of their own; for any other they are forms such as "[[m|'i:|v|I|n]]"."""
    for line in _LIST.read_text().splitlines():
        name, _, near = line.partition(": ")
        if name == word:
            return near.split(", ")
    return [f"[[{'|'.join(form)}]]" for form in forms(phonemes(word))] if "espeak-ng" in engines() else []


def forms(sounds: Sequence[str]) -> list[list[str]]:
    """At most MOST sequences of phonemes that differ from a word's in one place: another stressed vowel, another consonant
    before a vowel, or only the beginning or the end of the word."""
    own, every = list(sounds), [list(form) for form in dict.fromkeys(map(tuple, _edited(sounds)))]
    every = [form for form in every if form != own]
    step = max(len(every) / MOST, 1.0)
    return [every[int(k * step)] for k in range(min(len(every), MOST))]  # spread over the word


def _edited(sounds: Sequence[str]) -> Iterator[list[str]]:
    vowels = [k for k, sound in enumerate(sounds) if _is_vowel(sound)]
    for first, second in pairwise(vowels):
        onset = second - 1 if second - 1 > first else second
        if onset > 1:  # without a first vowel alone it is still the word
            yield list(sounds[:onset])
            yield list(sounds[onset:])
    for k, sound in enumerate(sounds):
        others: Sequence[str] = ()
        if _is_vowel(sound):
            plain = sound.strip("',%=")
            others = (
                [f"'{vowel}" for vowel in _OTHER_VOWELS if vowel[0].lower() != plain[0].lower()]
                if plain != sound
                else ()
            )
        elif k + 1 in vowels:
            others = next((new for group, new in _OTHER_CONSONANTS.items() if sound[0] in group), ())
        for other in others:
            yield [*sounds[:k], other, *sounds[k + 1 :]]


def _is_vowel(sound: str) -> bool:
    return sound.strip("',%=")[:1] in tuple(_VOWELS)
