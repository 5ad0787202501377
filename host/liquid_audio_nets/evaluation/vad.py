# SPDX-License-Identifier: MIT
"""Voice activity: area under ROC of the posterior of speech, tick by tick, on speech mixed into noise.

The energy gate is held open, so that the network alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ..audio.files import AudioError
from ..audio.held_out import Recordings, splits_of
from ..audio.speech_in_noise import Scene, block_power, is_clean, scene
from ..lnn import read
from ..native import LNN
from .measure import Options
from .traces import area_under_roc, trace

UTTERANCES_A_SCENE = 6
PAUSE_S = (0.2, 0.9)
COLLAR_S = 0.05
OPEN_GATE = 1e-7  # RMS


@dataclass
class SpeechAndNoise:
    """speech, noises: int16 (n,) each.  left_out: number of recordings whose own noise hides where the speech ends.
    folders: names of the folders that count as speech, and as noise."""

    speech: list[np.ndarray]
    noises: list[np.ndarray]
    left_out: int = 0
    unreadable: list[str] = field(default_factory=list)
    folders: tuple[Sequence[str], Sequence[str]] = ((), ())

    @classmethod
    def read(
        cls, data: Path, split: str, progress: Callable[[], None] = lambda: None, noise: Sequence[str] = ()
    ) -> SpeechAndNoise:
        """Folders of background noise, recordings of ESC-50 and the folders `noise` are noise; everything else is speech.

        Raises AudioError if either is missing."""
        if not Path(data).is_dir():
            raise AudioError(f"{data}: no such folder; give one with folders of speech and of noise")
        source = Recordings(Path(data), splits_of(split))
        hiss = set(map(PurePath, noise))
        found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        folders: tuple[set[str], set[str]] = (set(), set())
        for recording in source.read(".", *source.noise_folders()):
            is_noise = recording.is_noise or not hiss.isdisjoint(recording.place.parents)
            found[is_noise].append(recording.samples)
            folders[is_noise].add(str(recording.place.parent))
            progress()
        speech, noises = found
        clean = [x for x in speech if is_clean(block_power(x))]
        if not clean or not noises:
            raise AudioError(
                f"{data}: no {'held-out ' if split != 'all' else ''}"
                + (
                    "speech"
                    if not clean
                    else "noise in a folder _background_noise_, named as ESC's files, or in a folder that --noise names"
                )
            )
        return cls(clean, noises, len(speech) - len(clean), source.unreadable, (sorted(folders[0]), sorted(folders[1])))

    def scenes(self, snr_db: float, seed: int) -> list[Scene]:
        """Every utterance once, several per scene, with the noises in turn.  Each snr_db gives the same speech and noise."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.speech))
        parts = [order[low : low + UTTERANCES_A_SCENE] for low in range(0, len(order), UTTERANCES_A_SCENE)]
        return [
            scene([self.speech[i] for i in part], self.noises[k % len(self.noises)], snr_db, PAUSE_S, rng)
            for k, part in enumerate(parts)
        ]


@dataclass
class Activity:
    """At one signal-to-noise ratio.

    Areas under ROC: area of all ticks; area_collar of the ticks further than COLLAR_S from a change of the truth;
    area_hangover with a truth in which speech lasts COLLAR_S longer.  missed, false_alarms: shares of the ticks, at 0.5."""

    snr_db: float
    area: float
    area_collar: float
    area_hangover: float
    missed: float
    false_alarms: float
    seconds: float
    speech_share: float


@dataclass
class VadResult:
    """rows: one for each signal-to-noise ratio; folders: those that count as speech, and as noise."""

    label: str
    rows: list[Activity]
    utterances: int
    noises: int
    left_out: int
    unreadable: list[str]
    folders: tuple[Sequence[str], Sequence[str]]
    figure_name = "area under ROC"

    @property
    def figure(self) -> float:
        """Area under ROC at the last signal-to-noise ratio."""
        return self.rows[-1].area

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        return {
            "task": "vad",
            "label": self.label,
            "auc": self.figure,
            "collar_s": COLLAR_S,
            "utterances": self.utterances,
            "noises": self.noises,
            "left_out": self.left_out,
            "by_snr": [vars(row) for row in self.rows],
            "speech_folders": list(self.folders[0]),
            "noise_folders": list(self.folders[1]),
            "unreadable": self.unreadable,
        }

    def lines(self) -> list[str]:
        """The figures in sentences."""
        text = [
            f"{r.snr_db:g} dB: area under ROC {r.area:.4f}; {r.area_collar:.4f} without the ticks within "
            f"{1000 * COLLAR_S:.0f} ms of a change, {r.area_hangover:.4f} if speech lasts that much longer; at a threshold "
            f"of 0.5, {100 * r.missed:.1f} % of the speech is missed and {100 * r.false_alarms:.1f} % of the rest is taken "
            f"for speech ({r.seconds / 60:.0f} min, {100 * r.speech_share:.0f} % of it speech)"
            for r in self.rows
        ]
        speech, noise = map(", ".join, self.folders)
        return [
            *text,
            f"{self.utterances} utterances in {self.noises} noises, one decision per tick, energy gate held open; "
            f"{self.left_out} recordings were left out because their own noise hides where speech ends",
            f"counted as speech: {speech}; as noise: {noise}",
        ]


def listen(content: bytes, sounds: SpeechAndNoise, snr_db: Sequence[float], seed: int = 0) -> VadResult:
    """Plays scenes at each of snr_db.  Raises LnnError if the model is not valid."""
    with LNN(content) as lnn:
        label = next((i for i, name in enumerate(lnn.labels) if not name.startswith("_")), 0)
        rows = [activity(lnn, label, sounds.scenes(snr, seed), snr) for snr in snr_db]
        return VadResult(
            lnn.labels[label],
            rows,
            len(sounds.speech),
            len(sounds.noises),
            sounds.left_out,
            sounds.unreadable,
            sounds.folders,
        )


def activity(lnn: LNN, label: int, scenes: Sequence[Scene], snr_db: float) -> Activity:
    """Plays scenes, all at snr_db, with the gate held open; label: index of speech."""
    own, tick = lnn.policy["energy_threshold"], lnn.tick_samples
    lnn.set_adaptive_config(energy_threshold=OPEN_GATE)
    score = np.concatenate([trace(lnn, s.samples)[:, label] for s in scenes])
    lnn.set_adaptive_config(energy_threshold=own)
    truth = np.concatenate([s.ticks(tick) for s in scenes])
    hangover = np.concatenate([s.ticks(tick, COLLAR_S) for s in scenes])
    sure = np.concatenate([s.far_from_changes(tick, COLLAR_S) for s in scenes])
    return Activity(
        snr_db,
        area_under_roc(score, truth),
        area_under_roc(score[sure], truth[sure]),
        area_under_roc(score, hangover),
        float((score[truth] < 0.5).mean()),
        float((score[~truth] >= 0.5).mean()),
        len(truth) * tick / lnn.sample_rate,
        float(truth.mean()),
    )


def measure(content: bytes, data: Path, options: Options, progress: Callable[[], None]) -> VadResult:
    """Without options.noise, the folders that were noise in training are noise.

    Raises AudioError if data lacks speech, noise, or a folder of options.noise."""
    for name in options.noise:
        if not (Path(data) / name).is_dir():
            raise AudioError(f"{data}: no folder '{name}' of noise")
    noise = options.noise or str(read(content).metadata.get("noise", "")).split(", ")
    sounds = SpeechAndNoise.read(Path(data), options.split, progress, [name for name in noise if name])
    return listen(content, sounds, options.snr_db, options.seed)
