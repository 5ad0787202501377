# SPDX-License-Identifier: MIT
"""Task `wake-word`: one word against everything else, from a folder of the word and folders of other sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import lnn
from ...audio.dataset import SILENCE, UNKNOWN
from ...audio.files import AudioError
from ...audio.held_out import BOTH, Recording, Recordings, spoken
from ...audio.mixing import fit_noise, mix_at_snr
from ...audio.speech import NATURAL, engines
from ...evaluation.wake_word import ACCEPTS_PER_HOUR, THRESHOLDS, WakeResult, WakeSounds, listen
from ..data.augment import Augment
from ..data.near_words import near_words
from ..data.placement import Chooser, Mixture
from ..data.sources import Group, Sources, often_said, other_words, sentences
from ..data.word_batches import Timing, WordBatches
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.listening import misheard
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.recipe import build
from .base import MORE_VOICES, SPLIT, WordTask, write_calibration

SNR_DB = (20.0, 10.0, 5.0)
SAID = 60  # utterances of a word without recordings, to measure and to calibrate on


class WakeWordTask(WordTask):
    """See recipes/wake-word.toml.  One half of the held-out sounds chooses the epoch that is exported, by its false accepts
    at the recall that [goals] asks for, and the threshold; the other half is what the card reports."""

    name, metric, keep = "wake-word", f"detection rate at {ACCEPTS_PER_HOUR} false accepts per hour", "best"

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        if len(self.said) > 1:
            raise AudioError(
                f"data.say = {', '.join(self.said)}: there can be only one wake word; give one, or train the recipe keywords"
            )
        if self.said and not self.recipe["data"]["synthetic"]:
            raise AudioError(
                "a word that is learned from synthetic speech alone needs data.synthetic utterances of it, more than 0"
            )
        self.word = self.said[0] if self.said else Path(self.recipe["data"]["positives"]).name
        self.labels = (self.word, UNKNOWN, SILENCE)

    def groups(self) -> list[Group]:
        """The folders of the word, of other speech and of noise."""
        d = self.recipe["data"]
        # The words of placement.Chooser: recordings have the source "commands", running speech is "negatives".
        return [
            Group("commands", self.word, [] if self.said else [d["positives"]], required=not self.said),
            *(Group(source, self._other, d[source]) for source in ("negatives", "wake_words", "digits", "commands")),
            Group("environment", SILENCE, d["noise"]),
        ]

    def sources(self, splits: Sequence[str] = BOTH) -> Sources:
        """The word, other speech, noise, and synthetic speech."""
        return self.sources_of(self._spoken(), splits)

    def _other(self, recording: Recording) -> str | None:
        """Recordings of a word that is learned from synthetic speech alone only measure it."""
        return None if self.said and self.word in recording.place.parts[:-1] else UNKNOWN

    def _spoken(self) -> list[tuple[str, str, int]]:
        d = self.recipe["data"]
        if not (self.said or engines(self.voices)) or not d["synthetic"]:
            return []
        near = self._near()
        words = [w for w in (*often_said(), *other_words()) if w != self.word and w not in near]
        others = (
            (near, d["synthetic_confusable"]),
            (words, d["synthetic_unknown"]),
            ([*sentences(), *self.foreign()], d["synthetic_sentence"]),
        )
        return [
            (self.word, self.word, d["synthetic"]),
            *((text, UNKNOWN, count) for texts, count in others for text in texts),
        ]

    def _near(self) -> list[str]:
        return [c for c in self.recipe["data"]["confusable"] or near_words(self.word) if c != self.word]

    def prepare(self) -> None:
        """Opens the frame store, built on first use, and reads what is measured on.  Raises AudioError for data that cannot
        be learned from."""
        super().prepare()
        r = self.recipe
        chooser = Chooser(self.store, self.labels, build(Mixture, r["mixture"]))
        augment, timing = build(Augment, r["augment"]), build(Timing, r["timing"])
        self.training = WordBatches(self.store, chooser, self.labels, augment, timing, self.policy)
        said = spoken(self.word, "validation", SAID, by=self.voices) if self.said else ()
        held_out = WakeSounds.read(self.data, self.word, "validation", said=said)
        held_out.positives += [r for _, r in self.own if r.split == "validation"]
        self.choosing, self.reported = held_out.halves()
        self.measured = self.choosing

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Through the C core, as recorded and at 10 dB: on the half of the held-out sounds that chooses, after finish() on the
        reported one."""
        model = to_model(trainer.average, 0.5, policy=self.policy, task="wake_word")
        result = listen(lnn.write(model), self.measured, (10.0,))
        rate, accepts = result.detection_rate_at(ACCEPTS_PER_HOUR), result.accepts_at(self.recipe["goals"]["recall"])
        return {
            "score": rate,
            "rank": (-accepts, rate),
            "false_accepts_per_hour_at_the_required_recall": accepts,
            "detection_rate_at_4_an_hour": result.detection_rate_at(4.0),
            "clips": len(self.measured.positives),
            "hours": result.hours,
        }

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """The threshold for the wanted rate of false accepts, then `<word>.lnn`, and training sound for liquid-compress."""
        wanted = self.recipe["data"]["false_accepts_per_hour"]
        content = lnn.write(to_model(trainer.average, 0.5, policy=self.policy, task="wake_word"))
        threshold = listen(content, self.choosing, SNR_DB).threshold_for(wanted)
        if threshold is None:
            threshold = float(THRESHOLDS[-1])
            self.missed.append(
                f"No threshold is strict enough for {wanted} false accepts per hour; {threshold:.5f} is set. Train longer, or "
                "add recordings that were taken for the word."
            )
        self.measured = self.reported
        result = listen(content, self.reported, SNR_DB)
        result.threshold = threshold
        if result.figure < (least := self.recipe["goals"]["recall"]):
            self.missed.append(
                f"{self.word} is heard in {result.figure:.1%} of {len(self.reported.positives)} held-out clips at the "
                f"threshold for {wanted} false accepts per hour; the goal is {least:.0%}. {self._advice()}"
            )
        accepts = result.false_accepts(threshold) / result.hours
        if accepts > wanted:
            self.missed.append(
                f"{accepts:.2f} false accepts per hour on the half of the held-out sounds that chose no threshold; {wanted} is "
                f"the goal. {self._advice()}"
            )
        self.notes["Held-out sounds"] = (
            "One half of the held-out sounds chose the epoch and the threshold. On the other half:\n\n"
            + "\n".join(f"- {line.strip()}" for line in result.lines()[:-1])
        )
        self.notes["Still misheard"] = misheard(
            trainer.average, self.store, self._near(), self.policy, np.full(len(self.labels), threshold)
        )
        self.det = det_of(result)
        write_calibration(out / "calibration", self._played())
        if self.said:
            self.notes["Synthetic word"] = (
                f"{self.word} was learned from synthetic speech{self.own_note()}; it was measured on {len(self.reported.positives)} clips, "
                "recordings if the data have any, else held-out voices."
            )
        metadata = self.metadata(trainer, split=SPLIT)
        model = to_model(trainer.average, threshold, metadata, policy=self.policy, task="wake_word")
        return self.save(model, out / f"{self.word}.lnn", self.golden_sounds())

    def _advice(self) -> str:
        first = "Train longer (--epochs)"
        if self.said:
            first = "Record it ten times or more (--recordings)" if NATURAL in self.voices else MORE_VOICES.capitalize()
        return (
            f"{first}, add recordings of the word and of what is taken for it, or allow more false accepts "
            "(data.false_accepts_per_hour)."
        )

    def _positives(self) -> list[np.ndarray]:
        if self.said:
            own = [r.samples for _, r in self.own if r.split == "training"]
            return own + [r.samples for r in spoken(self.word, "training", SAID, by=self.voices)]
        return [r.samples for r in Recordings(self.data, ("training",)).read(self.recipe["data"]["positives"])]

    def _played(self) -> Iterator[np.ndarray]:
        """Endless words and other speech that were learned from, half of them in noise; int16 (n,) each."""
        rng, d = np.random.default_rng(0), self.recipe["data"]
        reader = Recordings(self.data, ("training",))
        words, others = self._positives(), [r.samples for r in reader.read(*d["negatives"], *d["wake_words"])]
        noises = [r.samples for r in reader.read(*d["noise"])]
        while True:
            pool = others if others and rng.random() < 0.5 else words
            samples = pool[rng.integers(len(pool))]
            if noises and rng.random() < 0.5:
                noise = fit_noise(noises[rng.integers(len(noises))], len(samples), rng)
                samples = mix_at_snr(samples, noise, rng.uniform(3, 25))
            yield samples

    def licence(self) -> str:
        return self._provenance()[1]

    def _provenance(self) -> tuple[str, str]:
        return self.provenance_of(spoken=bool(self._spoken()))

    def facts(self) -> Facts:
        return self.facts_of(self._provenance()[0], SPLIT)


def det_of(result: WakeResult) -> Det:
    """The trade that liquid-test measures."""
    threshold, rejects, accepts = map(np.array, zip(*result.curve(), strict=True))
    return Det(threshold, rejects, accepts, result.hours)
