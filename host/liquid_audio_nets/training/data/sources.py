# SPDX-License-Identifier: MIT
"""The sounds of a task on their way into the frame store: recordings by groups of folders, then synthetic speech."""

from __future__ import annotations

import hashlib
import tomllib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from ...audio.ahead import in_order
from ...audio.codecs import CODECS, coded
from ...audio.dataset import SILENCE, nearest
from ...audio.files import SAMPLE_RATE_HZ, AudioError, to_int16
from ...audio.held_out import BOTH, HELD_OUT_FOLD, Recording, Recordings, part_of_voice
from ...audio.layouts import NOISE_FOLDERS, Placed, is_background
from ...audio.mixing import as_float, coloured_noise, mains_hum
from ...audio.speech import PROGRAMS, Voice, engines, prepare, random_voice, say, voices
from ...lnn.whole_file import replacing
from .frame_store import Sound
from .own import SOURCE as OWN
from .own import spread

WORD_LISTS = files(__package__)
KEPT_TOGETHER = 100  # utterances of a text in one file
MADE_NOISE = 12  # pieces of steady noise for each split, so that a network that is learned for rooms knows it
HUMS_HZ = (50.0, 60.0, 50.0, 60.0)  # mains frequencies of the last pieces, if there are so many
HELD_OUT_EVERY = 10  # utterance of a text is by a voice that is held out, so that a spoken word can be measured
OVERDRIVE_DB = (0.0, 24.0)  # by so much the loudest sample of a clipped copy would be above full scale


def often_said() -> list[str]:
    """Words that people say to devices that listen to them."""
    return (WORD_LISTS / "unknown_words.txt").read_text().splitlines()[0].split()


def other_words() -> list[str]:
    """Words of everyday speech, without those of often_said()."""
    lines = (WORD_LISTS / "unknown_words.txt").read_text().splitlines()[1:]
    return [word for word in dict.fromkeys(" ".join(lines).split()) if word not in often_said()]


def sentences() -> list[str]:
    """Sentences of everyday speech."""
    return (WORD_LISTS / "sentences.txt").read_text().strip().splitlines()


@cache
def other_languages() -> dict[str, list[str]]:
    """Sentences of everyday speech by the ISO 639 code of their language, without English."""
    return tomllib.loads((WORD_LISTS / "other_languages.toml").read_text(encoding="utf-8"))


def language_of(text: str) -> str:
    """The language in which a text is spoken: that of its list in other_languages(), else English."""
    return next((language for language, texts in other_languages().items() if text in texts), "en")


def overdriven(samples: np.ndarray, over_db: float) -> np.ndarray:
    """int16 (n,) as a microphone gives it whose gain takes the loudest sample over_db above full scale; int16 (n,)."""
    signal = as_float(samples)
    gain = 10 ** (over_db / 20) / max(float(np.abs(signal).max()), 1e-9)
    return to_int16(np.clip(signal * gain, -1, 1))


def steady_noises(count: int, seed: int) -> list[np.ndarray]:
    """So many pieces of 20 s, int16: from white to brown, the last ones mains hum with an offset."""
    hums = HUMS_HZ if count > len(HUMS_HZ) else ()
    slopes, samples = np.linspace(0, 1, count - len(hums)), 20 * SAMPLE_RATE_HZ
    noises = [coloured_noise(samples, slope, seed + k) for k, slope in enumerate(slopes)]
    return noises + [mains_hum(samples, hertz, seed + len(slopes) + k) for k, hertz in enumerate(hums)]


@dataclass
class Group:
    """Folders whose recordings have one source, such as "digits"; those of a noise folder have the source "noise".

    label: of every recording, or a function that gives it, None for a recording to leave out.  required: it is an error
    if there is none.  part: which split a file belongs to, if the names follow a rule of their own."""

    source: str
    label: str | Callable[[Recording], str | None]
    folders: Sequence[str]
    required: bool = False
    part: Callable[[Placed], str] | None = None

    def label_of(self, recording: Recording) -> str | None:
        """The label of one of its recordings."""
        return self.label if isinstance(self.label, str) else self.label(recording)


@dataclass
class Sources:
    """Sounds of groups of folders below root, then the recordings `own` with their labels, then of `spoken`: (text, label,
    utterances) by the engines `by`.

    splits: those that are read; recordings of testing speakers never are.  made_noise: so many of steady_noises() are made up
    for each split.  Of the words and other speech that are learned from, clipped_share are given a second time, too loud for
    full scale, and codec_share through a random codec.  kept: folder for synthetic speech, a file per text and KEPT_TOGETHER voices, so that an interrupted preparation
    goes on.  report takes a line for the user; progress takes the sounds that are done and how many there are.

    Raises AudioError while it is read if a required group has no sound."""

    root: Path
    groups: Sequence[Group]
    spoken: Sequence[tuple[str, str, int]] = ()
    splits: Sequence[str] = BOTH
    fold: str = HELD_OUT_FOLD
    made_noise: int = 0
    clipped_share: float = 0.0
    codec_share: float = 0.0
    kept: Path | None = None
    by: Sequence[str] = PROGRAMS
    own: Sequence[tuple[str, Recording]] = ()
    seed: int = 1
    report: Callable[[str], None] = lambda text: None
    progress: Callable[[int, int], None] = lambda done, total: None
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recordings = Recordings(self.root, self.splits, self.fold)

    def __iter__(self) -> Iterator[Sound]:
        said = self._voices()
        found = sum(len(self.recordings.find(*group.folders, part=group.part)) for group in self.groups)
        done, total = 0, found + self.made_noise * len(self.splits) + sum(len(by) for _, _, by in said)
        self.progress(done, total)
        rng = np.random.default_rng(self.seed)
        for sound in self._all(said):
            done += 1
            self.progress(done, max(done, total))
            yield sound
            speech = sound.label != SILENCE and sound.split == "training"
            if speech and len(sound.samples) and rng.random() < self.clipped_share:
                yield replace(sound, samples=overdriven(sound.samples, rng.uniform(*OVERDRIVE_DB)))
            if speech and len(sound.samples) and rng.random() < self.codec_share:
                passed = coded(sound.samples, list(CODECS)[rng.integers(len(CODECS))])
                if passed.any():
                    yield replace(sound, samples=passed)

    def remarks(self) -> list[str]:
        """What a user should know of files and texts that were left out."""
        return self.recordings.remarks() + [f"skipped: {reason}" for reason in self.failed]

    def _all(self, said: list[tuple[str, str, list[Voice]]]) -> Iterator[Sound]:
        taken: set[Path] = set()  # what an earlier group has, such as the word among other words, is not taken again
        noises = 0
        for group in self.groups:
            own: set[Path] = set()
            for r in self.recordings.read(*group.folders, part=group.part):
                label = group.label_of(r)
                if label is not None and r.path not in taken:
                    own.add(r.path)
                    source = "noise" if is_background(r.place) else group.source
                    noises += source == "noise"
                    yield Sound(r.samples, label, r.folder, source, r.split)
            taken |= own
            if group.required and not own:
                here = sorted({str(file.place.parent) for file in self.recordings.files} - {"."})
                raise AudioError(
                    f"{self.root}: no sound files in {', '.join(group.folders)}{nearest(group.folders[0], here)}. Name the "
                    f"folders of {group.source} in the recipe's [data]"
                )
        if self.made_noise and not noises:
            self.report(f"no folder {NOISE_FOLDERS[0]}: using generated noise alone")
        made_for = [split for split in self.splits if split == "training" or not noises]  # nothing is measured on it
        for k, split in enumerate(made_for):
            for samples in steady_noises(self.made_noise, self.seed + k * self.made_noise):
                yield Sound(samples, SILENCE, "generated", "noise", split)
        for word, recording in self.own:
            for r in spread(recording) if recording.split in self.splits else ():
                yield Sound(r.samples, word, word, OWN, r.split)
        if said:
            yield from self._speak(said)

    def _voices(self) -> list[tuple[str, str, list[Voice]]]:
        """(text, label, at most KEPT_TOGETHER voices): every text has a sequence of voices of its own, so that speech that
        was kept is found again if other texts or counts change; voices of other splits are left out afterwards."""
        if not self.spoken:
            return []
        prepare(self.by, self.progress)
        choices = {name: voices(engines(self.by), language=name) for name in ("en", *other_languages())}
        by_phonemes = [voice for voice in choices["en"] if voice.engine != "flite"]
        drawn = []
        for text, label, count in self.spoken:
            rng = np.random.default_rng([self.seed, zlib.crc32(text.encode())])
            able = by_phonemes if text.startswith("[[") else choices[language_of(text)]
            if not able:  # such as flite in other languages than English
                continue
            drawn.append((text, label, [_drawn(rng, able, k % HELD_OUT_EVERY == 0) for k in range(1, count + 1)]))
        wanted = [(text, label, [v for v in by if part_of_voice(v) in self.splits]) for text, label, by in drawn]
        return [
            (text, label, by[low : low + KEPT_TOGETHER])
            for text, label, by in wanted
            for low in range(0, len(by), KEPT_TOGETHER)
        ]

    def _speak(self, said: list[tuple[str, str, list[Voice]]]) -> Iterator[Sound]:
        """Speaks what is not kept yet, all texts ahead on all cores."""
        wanted = [(text, voice) for text, _, by in said if not self._kept(text, by) for voice in by]
        made = in_order(_say, wanted)
        for text, label, by in said:
            path, new = self._kept(text, by), []
            if path:
                with np.load(path) as stored:
                    spoken: Iterator[np.ndarray | str] = iter([stored[f"arr_{k}"] for k in range(len(by))])
            else:
                spoken = made
            for voice in by:
                samples = next(spoken)
                if isinstance(samples, str):
                    self.failed.append(samples)
                    continue
                new.append(samples)
                yield Sound(samples, label, text, "synthetic", part_of_voice(voice))
            if not path and len(new) == len(by):
                self._keep(text, by, new)

    def _path(self, text: str, by: list[Voice]) -> Path | None:
        name = hashlib.sha1("\n".join([text, *map(str, by)]).encode()).hexdigest()[:16]
        return self.kept / f"{name}.npz" if self.kept else None

    def _kept(self, text: str, by: list[Voice]) -> Path | None:
        """The file with these utterances, if it was written."""
        path = self._path(text, by)
        return path if path and path.exists() else None

    def _keep(self, text: str, by: list[Voice], spoken: list[np.ndarray]) -> None:
        if path := self._path(text, by):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as part, open(part, "wb") as file:
                np.savez(file, *spoken)


def _drawn(rng: np.random.Generator, choices: Sequence[Voice], held_out: bool) -> Voice:
    """A random voice; held_out: one of those that training does not hear, if there are any."""
    voice = random_voice(rng, choices)
    for _ in range(100 if held_out else 0):
        if part_of_voice(voice) == "validation":
            break
        voice = random_voice(rng, choices)
    return voice


def _say(wanted: tuple[str, Voice]) -> np.ndarray | str:
    """int16 (n,), or why there is no sound."""
    try:
        return say(*wanted)
    except AudioError as error:
        return str(error)
