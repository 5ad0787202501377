"""Which audio a keyword model learns from: recordings, noise, other speech and synthetic words."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Callable, Iterator, Sequence

import numpy as np

from ...audio.dataset import NOISE_FOLDERS, SILENCE, UNKNOWN, scan, sound_files, split_of
from ...audio.files import SAMPLE_RATE_HZ, AudioError, read_audio
from ...audio.held_out import HELD_OUT_FOLD, HELD_OUT_NOISE, MIN_SAMPLES, part_of_voice
from ...audio.mixing import coloured_noise
from ...audio.speech import engines, random_voice, say, voices
from .frame_store import Sound

_HELD_OUT_DIGITS = "theo"


@dataclass
class KeywordSources:
    """Sounds of a keyword task.

    root: Speech Commands layout, or a folder that holds `speech_commands/` beside `digits/`,
    `negatives/`, `wake_words/` and `esc10/`, which then widen `_unknown_` and the noises.
    said: labels learned from synthetic speech alone; recordings of them, if any, are validation.
    synthetic_per_keyword, per_said, per_unknown: utterances of each keyword, of each that is said, of each other word,
    ten times as many of the words in the list's first line.
    """

    root: Path
    labels: Sequence[str]
    synthetic_per_keyword: int = 300
    synthetic_per_unknown: int = 10
    said: Sequence[str] = ()
    synthetic_per_said: int = 1000
    seed: int = 1
    splits: Sequence[str] = ("training", "validation")  # testing speakers are never even read
    report: Callable[[str], None] = lambda text: None
    unreadable: list[str] = field(default_factory=list)
    converted: int = 0

    def __iter__(self) -> Iterator[Sound]:
        root = Path(self.root)
        commands = root / "speech_commands" if (root / "speech_commands").is_dir() else root
        yield from self._commands(commands)
        for name, reader in (
            ("digits", self._digits),
            ("wake_words", self._phrases),
            ("negatives", self._phrases),
            ("esc10", self._environment),
        ):
            if commands != root and (root / name).is_dir():
                self.report(name)
                yield from reader(root / name)
        if self.said or (engines() and self.synthetic_per_keyword):
            self.report("synthetic speech")
            yield from self._synthetic()

    def _read(self, path: Path) -> np.ndarray | None:
        try:
            samples, converted = read_audio(path)
        except AudioError as error:
            self.unreadable.append(str(error))
            return None
        self.converted += converted
        return samples if len(samples) >= MIN_SAMPLES else None

    def _one(self, path: Path, label: str, word: str, source: str, split: str) -> Iterator[Sound]:
        samples = self._read(path) if split in self.splits else None
        if samples is not None:
            yield Sound(samples, label, word, source, split)

    def _commands(self, root: Path) -> Iterator[Sound]:
        for split in self.splits:
            self.report(f"speech commands, {split}")
            try:
                data = scan(root, [label for label in self.labels if label != SILENCE], split)
            except AudioError:
                if not root.is_dir() or {w for w in self.labels if not w.startswith("_")} - set(self.said):
                    raise
                continue  # nothing recorded, nothing missing
            for clip, samples in data.read():
                if len(samples) >= MIN_SAMPLES and (split != "training" or clip.label not in self.said):
                    yield Sound(samples, clip.label, clip.word, "commands", split)
            self.unreadable += data.unreadable
            self.converted += data.converted
        folders = [root / name for name in NOISE_FOLDERS if (root / name).is_dir() and sound_files(root / name)]
        if not folders:
            self.report("no _background_noise_ folder: using generated noise")
            for k, (split, slope) in enumerate((s, c) for s in self.splits for c in (0.0, 0.5, 1.0)):
                yield Sound(
                    coloured_noise(20 * SAMPLE_RATE_HZ, slope, self.seed + k), SILENCE, "generated", "noise", split
                )
        for folder in folders:
            self.report("background noise")
            for path in sound_files(folder):
                samples = self._read(path)
                if samples is not None:
                    cut = int(len(samples) * (1 - HELD_OUT_NOISE))
                    for split, part in (("training", samples[:cut]), ("validation", samples[cut:])):
                        if split in self.splits:
                            yield Sound(part, SILENCE, path.stem, "noise", split)

    def _digits(self, root: Path) -> Iterator[Sound]:
        for folder in sorted(p for p in root.iterdir() if p.is_dir()):
            for path in sound_files(folder):
                split = "validation" if path.name.startswith(_HELD_OUT_DIGITS) else "training"
                yield from self._one(path, UNKNOWN, folder.name, "digits", split)

    def _phrases(self, root: Path) -> Iterator[Sound]:
        for folder in sorted({root, *(p for p in root.rglob("*") if p.is_dir())}):
            for path in sound_files(folder):
                yield from self._one(path, UNKNOWN, folder.name, root.name, split_of(path.name, 10, 0))

    def _environment(self, root: Path) -> Iterator[Sound]:
        for folder in sorted(p for p in root.iterdir() if p.is_dir()):
            for path in sound_files(folder):
                split = "validation" if path.name.startswith(HELD_OUT_FOLD) else "training"
                yield from self._one(path, SILENCE, folder.name, "environment", split)

    def _synthetic(self) -> Iterator[Sound]:
        rng = np.random.default_rng(self.seed)
        choices = voices()
        keywords = [label for label in self.labels if not label.startswith("_")]
        here = files(__package__)
        lines = (here / "unknown_words.txt").read_text().splitlines()
        often = [w for w in lines[0].split() if w not in keywords]  # what people say to such devices
        others = [w for w in dict.fromkeys(" ".join(lines[1:]).split()) if w not in keywords + often]
        others += (here / "sentences.txt").read_text().strip().splitlines()
        recorded = [w for w in keywords if w not in self.said]
        for words, count in (
            (self.said, self.synthetic_per_said),
            (recorded, self.synthetic_per_keyword),
            (often, 10 * self.synthetic_per_unknown),
            (others, self.synthetic_per_unknown),
        ):
            for word in words:
                for _ in range(count):
                    voice = random_voice(rng, choices)
                    split = part_of_voice(voice)
                    if split not in self.splits:
                        continue
                    try:
                        samples = say(word, voice)
                    except AudioError as error:
                        self.unreadable.append(str(error))
                        continue
                    label = word if word in keywords else UNKNOWN
                    yield Sound(samples, label, word, "synthetic", split)
