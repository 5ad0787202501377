# SPDX-License-Identifier: MIT
"""Wake words: false rejects against false accepts per hour, on recordings that training left out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..audio.held_out import Recording, Recordings, splits_of
from ..audio.layouts import NOISE_FOLDERS
from ..audio.mixing import coloured_noise, fit_noise, mix_at_snr
from ..lnn import read
from ..native import LNN
from .measure import Options
from .traces import accepts, leading, trace

THRESHOLDS = 1 - np.geomspace(0.5, 1e-5, 64)  # 0.5 .. 0.99999: posteriors of trained words crowd near 1
ACCEPTS_PER_HOUR = 0.5
AS_RECORDED = "as recorded"
NOISE = NOISE_FOLDERS[0]  # stands for all background noise among the names of folders


@dataclass
class WakeSounds:
    """positives: of the word.  others: all other recordings by their first folder, background noise under NOISE.  noises:
    int16 (n,) each, to mix with."""

    positives: list[Recording]
    others: dict[str, list[Recording]]
    noises: list[np.ndarray]
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        data: Path,
        word: str,
        split: str,
        progress: Callable[[], None] = lambda: None,
        said: Sequence[Recording] = (),
    ) -> WakeSounds:
        """Folders named after the word hold it, all others do not.  said: utterances of the word, used if no folder holds it.

        Raises AudioError if the word or other sounds are missing."""
        source = Recordings(Path(data), splits_of(split))
        if not Path(data).is_dir():
            raise AudioError(f"{data}: no such folder; give one with a folder '{word}' and folders of other sounds")
        sounds = cls([], {}, [])
        for recording in source.read("."):
            folders = recording.place.parts
            if word in folders[:-1]:
                sounds.positives.append(recording)
            else:
                sounds.others.setdefault(folders[0], []).append(recording)
            progress()
        noises = list(source.read(*source.noise_folders()))
        sounds.noises = [n.samples for n in noises] or [
            coloured_noise(20 * SAMPLE_RATE_HZ, s, 5) for s in (0.0, 0.5, 1.0)
        ]
        if noises:
            sounds.others[NOISE] = noises
        sounds.unreadable = source.unreadable
        sounds.positives = sounds.positives or list(said)
        if not sounds.positives or not sounds.others:
            what = f"in a folder named '{word}'" if not sounds.positives else "but the wake word's own"
            raise AudioError(f"{data}: no {'held-out ' if split != 'all' else ''}recordings {what}")
        return sounds

    def halves(self) -> tuple[WakeSounds, WakeSounds]:
        """Two parts, one to choose by and one to report: every second recording of the word and of each folder in the order
        of a hash of their places.  A single recording is in both, and so are the noises to mix with."""
        first, second = (
            WakeSounds(
                _half(self.positives, k),
                {name: _half(r, k) for name, r in self.others.items()},
                self.noises,
                self.unreadable,
            )
            for k in (0, 1)
        )
        return first, second


def _half(recordings: Sequence[Recording], k: int) -> list[Recording]:
    order = sorted(recordings, key=lambda r: hashlib.sha1(r.place.as_posix().encode()).digest())
    return order[k::2] or order


def in_noise(
    recordings: Sequence[Recording], noises: Sequence[np.ndarray], snr_db: float | None, rng: np.random.Generator
) -> list[np.ndarray]:
    """Each recording mixed with a stretch of one of the noises, snr_db below its active level; None: as recorded."""
    if snr_db is None:
        return [r.samples for r in recordings]
    return [
        mix_at_snr(r.samples, fit_noise(noises[int(rng.integers(len(noises)))], len(r.samples), rng), snr_db)
        for r in recordings
    ]


@dataclass
class Heard:
    """clips: highest score in each clip of the word, (n,).  others: score at every tick of the other sounds, by folder."""

    clips: np.ndarray
    others: dict[str, np.ndarray]
    tick_s: float
    refractory_s: float

    @property
    def hours(self) -> float:
        """Length of the other sounds."""
        return sum(map(len, self.others.values())) * self.tick_s / 3600

    def rejected(self, threshold: float) -> int:
        """Clips of the word that stay below the threshold."""
        return int((self.clips < threshold).sum())

    def accepted(self, threshold: float) -> dict[str, int]:
        """False accepts by folder."""
        ticks = round(self.refractory_s / self.tick_s)
        return {name: len(accepts(score, threshold, ticks)) for name, score in self.others.items()}


def hear(lnn: LNN, label: int, sounds: WakeSounds, snr_db: float | None, seed: int, refractory_s: float) -> Heard:
    """Plays the clips of the word one by one, and the other sounds of each folder one after the other without a reset."""
    rng = np.random.default_rng(seed)
    clips = [
        leading(trace(lnn, x), label).max(initial=0) for x in in_noise(sounds.positives, sounds.noises, snr_db, rng)
    ]
    others = {}
    for name, recordings in sounds.others.items():
        order = rng.permutation(len(recordings))
        played = in_noise([recordings[i] for i in order], sounds.noises, snr_db if name != NOISE else None, rng)
        others[name] = leading(trace(lnn, np.concatenate(played)), label)
    return Heard(np.array(clips), others, lnn.tick_samples / lnn.sample_rate, refractory_s)


@dataclass
class WakeResult:
    """heard: by condition, AS_RECORDED first.  threshold: the model's own."""

    word: str
    threshold: float
    heard: dict[str, Heard]
    unreadable: list[str]
    figure_name = "detection rate"

    @property
    def hours(self) -> float:
        """Length of the other sounds in all conditions together."""
        return sum(h.hours for h in self.heard.values())

    @property
    def figure(self) -> float:
        """Share of the clips as recorded that are detected at the model's own threshold."""
        first = self.heard[AS_RECORDED]
        return 1 - first.rejected(self.threshold) / len(first.clips)

    def false_accepts(self, threshold: float) -> int:
        """False accepts in all folders and conditions."""
        return sum(sum(h.accepted(threshold).values()) for h in self.heard.values())

    def threshold_for(self, per_hour: float) -> float | None:
        """The lowest threshold with at most per_hour false accepts per hour over all conditions; None if there is none."""
        return next((float(t) for t in THRESHOLDS if self.false_accepts(t) <= per_hour * self.hours), None)

    def detection_rate_at(self, per_hour: float) -> float:
        """Share of the clips as recorded that are detected at threshold_for(per_hour); 0 if there is no such threshold."""
        threshold, first = self.threshold_for(per_hour), self.heard[AS_RECORDED]
        return 0.0 if threshold is None else 1 - first.rejected(threshold) / len(first.clips)

    def accepts_at(self, recall: float) -> float:
        """False accepts per hour over all conditions at the highest threshold at which that share of the clips as recorded is
        detected; infinite if there is no such threshold."""
        first = self.heard[AS_RECORDED]
        able = [t for t in THRESHOLDS if 1 - first.rejected(t) / len(first.clips) >= recall]
        return self.false_accepts(able[-1]) / self.hours if able else math.inf

    def curve(self) -> list[tuple[float, float, float]]:
        """(threshold, share of false rejects as recorded, false accepts per hour over all conditions) by threshold."""
        first = self.heard[AS_RECORDED]
        return [
            (float(t), first.rejected(t) / len(first.clips), self.false_accepts(t) / self.hours) for t in THRESHOLDS
        ]

    def conditions(self) -> dict[str, dict[str, Any]]:
        """False rejects and false accepts at the model's own threshold, by condition."""
        return {
            name: {
                "clips": len(h.clips),
                "false_rejects": h.rejected(self.threshold),
                "hours": h.hours,
                "false_accepts": h.accepted(self.threshold),
            }
            for name, h in self.heard.items()
        }

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        first, count = self.heard[AS_RECORDED], self.false_accepts(self.threshold)
        return {
            "task": "wake_word",
            "word": self.word,
            "threshold": self.threshold,
            "clips": len(first.clips),
            "false_reject_rate": 1 - self.figure,
            "false_reject_rate_95": share_interval(first.rejected(self.threshold), len(first.clips)),
            "hours": self.hours,
            "distinct_hours": first.hours,
            "false_accepts": count,
            "false_accepts_per_hour": count / self.hours,
            "false_accepts_per_hour_95": rate_interval(count, self.hours),
            "conditions": self.conditions(),
            "det": [
                dict(zip(("threshold", "false_rejects", "false_accepts_per_hour"), p, strict=True))
                for p in self.curve()
            ],
            "unreadable": self.unreadable,
        }

    def lines(self) -> list[str]:
        """The figures in sentences."""
        j = self.as_json()
        low, high = j["false_accepts_per_hour_95"]
        worst, best = j["false_reject_rate_95"]
        text = [
            f"'{self.word}' at its threshold {self.threshold:.4f}: {100 * j['false_reject_rate']:.1f} % of {j['clips']} clips "
            f"as recorded are missed (false rejects; 95 % interval {100 * worst:.1f} to {100 * best:.1f} %)",
            f"{j['false_accepts']} false accepts in {j['hours']:.2f} h of other sounds: {j['false_accepts_per_hour']:.2f} per "
            f"hour (95 % interval {low:.2f} to {high:.2f}); {j['distinct_hours']:.2f} h are distinct recordings, the rest "
            "are the same in noise",
        ]
        for name, c in j["conditions"].items():
            heard = ", ".join(f"{folder} {n}" for folder, n in c["false_accepts"].items() if n) or "none"
            text.append(
                f"  {name}: {100 * c['false_rejects'] / c['clips']:.1f} % false rejects; false accepts: {heard}"
            )
        wanted = self.threshold_for(ACCEPTS_PER_HOUR)
        text.append(
            f"lowest threshold with at most {ACCEPTS_PER_HOUR} false accepts per hour on these recordings: "
            + ("none" if wanted is None else f"{wanted:.4f}")
        )
        return text


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson)."""
    from scipy.stats import binomtest

    found = binomtest(count, total).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)


def rate_interval(count: int, hours: float) -> tuple[float, float]:
    """95 % confidence interval of a Poisson rate, in events per hour (exact, by the chi-squared distribution)."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low / hours), float(chi2.ppf(0.975, 2 * count + 2) / 2 / hours)


def listen(content: bytes, sounds: WakeSounds, snr_db: Sequence[float] = (), seed: int = 0) -> WakeResult:
    """Plays all sounds as recorded, and mixed with noise at each of snr_db.  Raises LnnError if the model is not valid."""
    with LNN(content) as lnn:
        word, label = wake_word(lnn)
        refractory_s = read(content).labels[label].refractory_us * 1e-6
        names = {AS_RECORDED: None} | {f"noise at {snr:g} dB": snr for snr in snr_db}
        heard = {
            name: hear(lnn, label, sounds, snr, seed + k, refractory_s) for k, (name, snr) in enumerate(names.items())
        }
        return WakeResult(word, lnn.thresholds[label], heard, sounds.unreadable)


def wake_word(lnn: LNN) -> tuple[str, int]:
    """The first label that can be detected, and its index."""
    index = next((i for i, name in enumerate(lnn.labels) if not name.startswith("_")), 0)
    return lnn.labels[index], index


def measure(content: bytes, data: Path, options: Options, progress: Callable[[], None]) -> WakeResult:
    """Measures the word that the model names.  Raises AudioError if data lacks the word or other sounds."""
    with LNN(content) as lnn:
        word, _ = wake_word(lnn)
    return listen(content, WakeSounds.read(Path(data), word, options.split, progress), options.snr_db, options.seed)
