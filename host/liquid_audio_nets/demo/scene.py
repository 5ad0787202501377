# SPDX-License-Identifier: MIT
"""What the demo's microphone hears: spoken keywords with pauses, over noises that change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..audio import dataset, files, layouts, mixing, speech

RATE_HZ = 16000
N_WORDS = 12
SEED = 20
SNR_DB = (14.0, 24.0)
PAUSE_S = (1.2, 2.2)
FADE_S = 0.25
ESPEAK = {
    "en-us": 0.95,
    "en-us+f2": 0.9,
    "en-gb+m3": 1.0,
    "en-us+f1": 0.95,
    "en-gb-x-rp+f4": 0.95,
    "en-us+m7": 1.0,
}
FLITE = {"slt": 0.95, "rms": 1.0, "kal16": 0.9, "awb": 1.0}
VOICES = [speech.Voice("espeak-ng", name, rate) for name, rate in ESPEAK.items()]
VOICES += [speech.Voice("flite", name, rate) for name, rate in FLITE.items()]
Clip = tuple[str, str, np.ndarray]
"""A word, who says it, and int16 samples (n,)."""


@dataclasses.dataclass(frozen=True)
class Spoken:
    """A word in the scene, from start_s to end_s.  voice: who says it."""

    word: str
    start_s: float
    end_s: float
    voice: str


def white(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with the same power at every frequency: float (n,)."""
    return rng.normal(size=n)


def coloured(n: int, rng: np.random.Generator, slope: float) -> np.ndarray:
    """Noise whose power falls with frequency ** -slope: float (n,)."""
    spectrum = np.fft.rfft(rng.normal(size=n))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (slope / 2)
    spectrum[0] = 0
    return np.fft.irfft(spectrum, n)


def hum(n: int, rng: np.random.Generator) -> np.ndarray:
    """A transformer at 50 Hz, with overtones and a hiss: float (n,)."""
    t = np.arange(n) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5))
    return tones + 0.1 * rng.normal(size=n)


NOISES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "white": white,
    "pink": lambda n, rng: coloured(n, rng, 1.0),
    "brown": lambda n, rng: coloured(n, rng, 2.0),
    "hum": hum,
    "none": lambda n, rng: np.zeros(n),
}


def synthetic(words: Sequence[str], rng: np.random.Generator) -> list[Clip]:
    """Each word, spoken by a speech program, each time with another voice.  Raises AudioError without such a program."""
    installed = speech.engines()
    voices = [voice for voice in VOICES if voice.engine in installed]
    if not voices:
        speech.voices()  # raises with the line to type
    order = rng.permutation(len(voices))
    chosen = [voices[order[i % len(voices)]] for i in range(len(words))]
    return [
        (word, f"{voice.engine} {voice.name}", speech.say(word, voice))
        for word, voice in zip(words, chosen, strict=True)
    ]


def recorded(folder: Path, words: Sequence[str], rng: np.random.Generator) -> list[Clip]:
    """Each word from a folder with one folder per word, if possible of speakers of the official validation split.

    Raises AudioError if a word has no clip.
    """
    found = []
    for word in words:
        place = folder / word
        clips = [file.path for file in layouts.read_layout(place)] if place.is_dir() else []
        clips = [clip for clip in clips if dataset.split_of(clip.name) == "validation"] or clips
        if not clips:
            raise files.AudioError(f"{folder}: no recordings of {word!r}; give a folder with one folder per word")
        clip = clips[rng.integers(len(clips))]
        found.append((word, clip.stem, files.read_audio(clip)[0]))
    return found


def choose_words(keywords: Sequence[str], rng: np.random.Generator) -> list[str]:
    """N_WORDS of them, every one as often as the others or once more."""
    rounds = [rng.permutation(list(keywords)) for _ in range(-(-N_WORDS // len(keywords)))]
    return [str(word) for word in np.concatenate(rounds)[:N_WORDS]]


def make(keywords: Sequence[str], folder: Path | None = None, seed: int = SEED) -> tuple[np.ndarray, list[Spoken]]:
    """The scene, int16 (n,), and what is said in it.  folder: recordings for every other word.

    Raises AudioError without a speech program, or if the folder lacks a word.
    """
    rng = np.random.default_rng(seed)
    words = choose_words(keywords, rng)
    real = range(1, len(words), 2) if folder else range(0)
    made = [i for i in range(len(words)) if i not in real]
    clips = dict(zip(made, synthetic([words[i] for i in made], rng), strict=True))
    if folder:
        clips |= zip(real, recorded(folder, [words[i] for i in real], rng), strict=True)
    pieces, spoken, at = [], [], 0
    for i, (word, voice, samples) in sorted(clips.items()):
        before, after = (int(rng.uniform(*PAUSE_S) * RATE_HZ / 2) for _ in range(2))
        signal = np.concatenate([np.zeros(before), samples / 32768, np.zeros(after)])
        noise = list(NOISES.values())[i % len(NOISES)](len(signal), rng)
        pieces.append(mix(signal, noise, rng))
        spoken.append(Spoken(word, (at + before) / RATE_HZ, (at + before + len(samples)) / RATE_HZ, voice))
        at += len(signal)
    return files.to_int16(np.concatenate(pieces)), spoken


def mix(signal: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speech at a random level, over noise that fades in and out: float (n,) within -1 and 1."""
    signal = signal / mixing.active_rms(signal) * rng.uniform(0.05, 0.12)
    if np.any(noise):
        edge = int(FADE_S * RATE_HZ)
        fade = np.minimum(1, np.minimum(np.arange(len(noise)), np.arange(len(noise))[::-1]) / edge)
        snr = 10 ** (-rng.uniform(*SNR_DB) / 20)
        noise = noise / mixing.rms(noise) * mixing.active_rms(signal) * snr * fade
    mixed: np.ndarray = np.clip(signal + noise, -1, 1)
    return mixed
