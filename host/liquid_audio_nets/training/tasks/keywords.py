# SPDX-License-Identifier: MIT
"""Task `keywords`: from a folder of word folders to a model that hears these words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from ...audio.dataset import SILENCE, UNKNOWN, label_of, nearest, official_split
from ...audio.files import AudioError
from ...audio.held_out import BOTH, Recording
from ...audio.layouts import NOISE_FOLDERS, Placed
from ...audio.speech import engines
from ..data.augment import Augment
from ..data.frame_store import BLOCK_S
from ..data.near_words import near_words
from ..data.placement import Chooser, Mixture
from ..data.sources import Group, Sources, often_said, other_words, sentences
from ..data.streams import Score, validation_streams
from ..data.word_batches import Timing, WordBatches
from ..loop.card import Facts
from ..loop.evaluation import posteriors, score_and_confusion, validation_clips
from ..loop.export import to_model
from ..loop.listening import accepts_at, misheard, without_words
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..nets.registry import WINDOWED
from ..settings.recipe import build
from .base import WordTask
from .calibration import best_temperature, calibration_error, choose_thresholds, favour, listen

WINDOW_TICK_BLOCKS = 2
HELD_OUT_DIGITS = "theo"
STREAM_UTTERANCES = 80  # of each keyword in the streams that thresholds are chosen on


class KeywordTask(WordTask):
    """See recipes/keywords.toml for the settings.

    data: a folder with one folder per word, or a folder that holds `speech_commands/` beside `digits/`, `esc10/` and the
    folders that the recipe names, which then widen `_unknown_` and the noises."""

    name, metric, keep = "keywords", "validation accuracy", "best"
    golden_s = 0.5  # boards keep the file
    wants = "a folder with one folder per word"
    normalising_batches = 12

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.labels = with_said(self.recipe["data"]["labels"], self.said)
        self.words = [label for label in self.labels if not label.startswith("_")]
        if not self.words:
            raise AudioError("no word among the labels; give --labels such as yes,no,_unknown_,_silence_")
        self.commands = PurePath("speech_commands" if (self.data / "speech_commands").is_dir() else ".")
        self.timing = build(Timing, self.recipe["timing"])
        if self.recipe["model"]["cell_kind"] in WINDOWED:  # they answer for whole windows, on one grid
            self.timing = replace(self.timing, stream_share=0.0, tick_blocks=(WINDOW_TICK_BLOCKS,))
            self.policy = replace(self.policy, min_timestep_us=round(WINDOW_TICK_BLOCKS * BLOCK_S * 1e6))

    def groups(self) -> list[Group]:
        """The folders of the words, of noise, and of other sounds if the data have them."""
        groups = [
            Group("commands", self._label, [str(self.commands)], part=official_split),
            Group("noise", SILENCE, [str(self.commands / name) for name in NOISE_FOLDERS]),
        ]
        if self.commands.name:
            groups += [
                Group("digits", UNKNOWN, ["digits"], part=_digit_part),
                *(Group(name, self._other, self.recipe["data"][name]) for name in ("wake_words", "negatives")),
                Group("environment", SILENCE, ["esc10"]),
            ]
        return groups

    def sources(self, splits: Sequence[str] = BOTH, for_streams: bool = False) -> Sources:
        """for_streams: with few utterances of each word.  Raises AudioError for a label without recordings, unless it is
        one of `say`."""
        sources = self.sources_of(self._spoken(for_streams), splits)
        here = {self._word(file.place) for file in sources.recordings.files} - {"", *NOISE_FOLDERS}
        for word in self.words:
            if word not in here and word not in self.said:
                raise AudioError(
                    f"{self.data}: no recordings of '{word}'{nearest(word, sorted(here))}. Learn a word from synthetic "
                    f"speech alone with --say {word}"
                )
        return sources

    def _word(self, place: PurePath) -> str:
        """The folder of the word, empty for other files."""
        depth = len(self.commands.parts)
        return place.parts[depth] if place.is_relative_to(self.commands) and len(place.parts) > depth + 1 else ""

    def _label(self, recording: Recording) -> str | None:
        word = self._word(recording.place)
        label = label_of(word, self.labels) if word else None
        return None if recording.split == "training" and label in self.said else label

    def _other(self, recording: Recording) -> str | None:
        """`_unknown_`, but for recordings that are named after one of the labels, such as down__ann.opus."""
        return None if recording.path.stem.partition("__")[0] in self.labels else UNKNOWN

    def _spoken(self, for_streams: bool) -> list[tuple[str, str, int]]:
        data = self.recipe["data"]
        count, others = data["synthetic"], data["synthetic_unknown"]
        if for_streams:
            count, others = min(count, STREAM_UTTERANCES), 1
        elif UNKNOWN not in self.labels:
            others = 0
        if not self.said and not (engines(self.voices) and count):
            return []
        return [
            *((word, word, data["synthetic_said"]) for word in self.said),
            *((word, word, count) for word in self.words if word not in self.said),
            *((word, UNKNOWN, 10 * others) for word in often_said() if word not in self.words),
            *((text, UNKNOWN, others) for text in self._other_texts()),
        ]

    def _other_texts(self) -> list[str]:
        """Everyday words and sentences, in other languages too, and what sounds like one of the words."""
        texts = dict.fromkeys((*other_words(), *sentences(), *self.foreign(), *self._near()))
        return [text for text in texts if text not in self.words and text not in often_said()]

    def _near(self) -> list[str]:
        return [text for word in self.words for text in near_words(word)]

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError for data that cannot be learned from."""
        super().prepare()
        r = self.recipe
        chooser = Chooser(self.store, self.labels, build(Mixture, r["mixture"]))
        augment = build(Augment, r["augment"])
        self.training = WordBatches(self.store, chooser, self.labels, augment, self.timing, self.policy)
        self.clips = validation_clips(self.store, self.labels)

    def check(self) -> None:
        """Raises AudioError for a label with fewer than two training clips, or data without validation speakers."""
        for label in self.labels:
            training = self.store.where(label=label, split="training")
            if len(training) < (1 if label == SILENCE else 2):
                raise AudioError(f"{len(training)} training clips for '{label}'; add recordings or leave the label out")
        if len(self.store.where(source="commands")) and not len(
            self.store.where(split="validation", source="commands")
        ):
            raise AudioError(
                "no clip of the validation split (file names decide, by SHA-1 up to '_nohash_'); add more speakers"
            )

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Accuracy on the validation clips, and false accepts in the validation sound without a word at the recall that [goals]
        asks for, under the engine's policy.  The fewest false accepts are best, then the highest accuracy."""
        posterior = posteriors(trainer.average, self.store, self.clips, self.policy)
        answer, truth = posterior.argmax(1), self.clips.label
        result = score_and_confusion(truth, answer, self.labels)
        others = without_words(self.store, self.labels, "validation")
        if trainer.net.config.cell_kind in WINDOWED or not len(others):
            return result
        words = np.isin(truth, [self.labels.index(word) for word in self.words])
        right = np.where(answer == truth, posterior.max(1), 0.0)[words]
        recall = self.recipe["goals"]["recall"]
        accepts = accepts_at(trainer.average, self.store, others, self.policy, right, recall)
        return result | {
            "rank": (-accepts, result["score"]),
            "false_accepts_per_hour_at_the_required_recall": accepts,
        }

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """Calibrates on held-out sounds and exports keywords.lnn with golden vectors of a training clip."""
        calibration = self.recipe["calibration"]
        if self.said:
            bias = favour(trainer.average, self.store, self.clips, self.said, calibration["said_cost"], self.policy)
            self.notes["Synthetic words"] = (
                f"Learned from synthetic speech{self.own_note()}: {', '.join(self.said)}. "
                f"Their bias is raised by {bias:.2f}."
            )
        posterior = posteriors(trainer.average, self.store, self.clips, self.policy)
        temperature = best_temperature(posterior, self.clips.label)
        sources = self.sources(("validation",), for_streams=True)
        sources.progress = self.progress
        streams = validation_streams(sources)
        thresholds, scores = choose_thresholds(
            trainer.average, streams[::2], calibration["alarm_cost"], temperature, self.policy
        )
        accuracy = round(float((posterior.argmax(1) == self.clips.label).mean()), 4)
        metadata = self.metadata(trainer, split="official speaker hash", validation_accuracy=accuracy)
        model = to_model(trainer.average, thresholds, metadata, policy=self.policy, temperature=temperature)
        reported = streams[1::2] or streams  # those that chose no threshold
        score, error = listen(model, reported), calibration_error(posterior, self.clips.label, temperature)
        least = np.array([thresholds.get(label, 1.0) for label in self.labels])
        self.notes["Still misheard"] = misheard(
            trainer.average, self.store, self._near(), self.policy, least, temperature
        )
        self.det = det_of(scores)
        if score.hit_rate < (least := self.recipe["goals"]["recall"]):
            self.missed.append(
                f"{score.hit_rate:.1%} of the words in held-out streams are heard; the goal is {least:.0%}. Train longer "
                "(--epochs), or add recordings of the words."
            )
        self.notes["Streams"] = streams_note(
            score, sum(len(s.events) for s in reported), thresholds, temperature, error
        )
        return self.save(model, out / "keywords.lnn", self.golden_sounds())

    def licence(self) -> str:
        return self._provenance()[1]

    def _provenance(self) -> tuple[str, str]:
        return self.provenance_of(spoken="synthetic" in self.learned_from())

    def facts(self) -> Facts:
        split = "official speaker hash, held-out parts of every noise; no testing speaker was read"
        return self.facts_of(self._provenance()[0], split)


def _digit_part(file: Placed) -> str:
    """One speaker of the Free Spoken Digit Dataset is held out."""
    return "validation" if file.path.name.startswith(HELD_OUT_DIGITS) else "training"


def with_said(labels: Sequence[str], said: Sequence[str]) -> tuple[str, ...]:
    """The labels with the words to be learned from synthetic speech, before `_unknown_` and `_silence_`."""
    words = dict.fromkeys([*(label for label in labels if not label.startswith("_")), *said])
    return (*words, *(label for label in labels if label.startswith("_")))


def det_of(scores: dict[float, Score]) -> Det:
    """Missed keywords against false alarms per hour, from streams played at several common thresholds."""
    order = sorted(scores)
    missed = np.array([1 - scores[t].hit_rate for t in order])
    alarms = np.array([scores[t].false_per_hour for t in order])
    return Det(np.array(order), missed, alarms, scores[order[0]].seconds / 3600)


def streams_note(score: Score, words: int, thresholds: dict[str, float], temperature: float, error: float) -> str:
    """For the card; words: how many were said in all."""
    return (
        f"{score.seconds / 3600:.1f} h of held-out words, sentences and environmental sounds, 0.3 to 1.5 s apart, in "
        f"held-out noise at 5 to 30 dB: {score.hit_rate * 100:.1f} % of the keywords detected, "
        f"{sum(score.false.values())} false alarms among {words - sum(score.said.values())} other words and sentences. "
        "As many other held-out streams chose the thresholds. "
        "Thresholds: "
        + ", ".join(f"{k} {v:.2f}" for k, v in thresholds.items())
        + f". Temperature {temperature:.2f}, expected calibration error {error * 100:.1f} %."
    )
