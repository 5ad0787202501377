# SPDX-License-Identifier: MIT
"""Task `sounds`: which of several classes of environmental sounds is heard, from folders named after their class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...audio.dataset import nearest
from ...audio.files import AudioError
from ...audio.held_out import BOTH
from ...audio.layouts import read_layout, words
from ..data.augment import Augment
from ..data.frame_store import BLOCK_S
from ..data.sound_batches import Mixing, SoundBatches
from ..data.sources import Group, Sources
from ..loop.card import Facts
from ..loop.evaluation import Clips, posteriors, score_and_confusion
from ..loop.export import to_model
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.recipe import build
from .base import FolderTask
from .calibration import best_temperature, calibration_error, log_at


class SoundTask(FolderTask):
    """Classes are the folders of the data, folds those of ESC's file names; the fold that the recipe names is only
    measured.  With so few clips the last epoch is exported: choosing one would be peeking."""

    name, metric, keep = "sounds", "held-out accuracy", "last"
    wants = "a folder with one folder of recordings per class"

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.fold: str = self.recipe["data"]["held_out_fold"]

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError for fewer than two classes or too few clips."""
        self.labels = self._classes()
        super().prepare()
        self.clips = Clips.whole(self.store, self.store.where(label=self.labels, split="validation"), self.labels)
        augment, mixing = build(Augment, self.recipe["augment"]), build(Mixing, self.recipe["mixing"])
        self.training = SoundBatches(self.store, self.labels, augment, mixing, self.policy)

    def _classes(self) -> tuple[str, ...]:
        found = words(read_layout(self.data))
        labels = tuple(self.recipe["data"]["labels"]) or tuple(found)
        for label in labels:
            if label not in found:
                raise AudioError(f"{self.data}: no folder '{label}' with sound files{nearest(label, found)}")
        if len(labels) < 2:
            raise AudioError(f"{self.data}: {len(labels)} folders of sound files; at least two classes are needed")
        return labels

    def sources(self, splits: Sequence[str] = BOTH) -> Sources:
        """One group per class."""
        groups = [Group("environment", label, [label]) for label in self.labels]
        return Sources(self.data, groups, (), splits, self.fold)

    def check(self) -> None:
        """Raises AudioError for a class with too few clips."""
        for label in self.labels:
            training, held_out = (len(self.store.where(label=label, split=part)) for part in BOTH)
            if training < 2 or held_out < 1:
                raise AudioError(
                    f"{self.data}: '{label}' has {training} clips to learn from and {held_out} held out (fold "
                    f"{self.fold}); at least 2 and 1 are needed"
                )

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Of the held-out clips, decided at their end as liquid-test does."""
        answer = posteriors(trainer.average, self.store, self.clips, self.policy).argmax(1)
        return score_and_confusion(self.clips.label, answer, self.labels)

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """sounds.lnn, its confidences made honest on the held-out clips."""
        posterior, truth = posteriors(trainer.average, self.store, self.clips, self.policy), self.clips.label
        temperature = best_temperature(posterior, truth)
        error = calibration_error(posterior, truth, temperature)
        hours = float(self.clips.blocks.sum()) * BLOCK_S / 3600
        self.det = det_of(np.exp(log_at(posterior, temperature)), truth, hours)
        self.notes["Confidence"] = (
            f"Temperature {temperature:.2f}, expected calibration error {100 * error:.1f} % on the clips that it was fitted on. "
            "The model knows the listed classes only: any other sound is taken for one of them, usually with less confidence."
        )
        accuracy = round(float((posterior.argmax(1) == truth).mean()), 4)
        metadata = self.metadata(trainer, held_out_fold=self.fold, held_out_accuracy=accuracy)
        threshold = self.recipe["data"]["threshold"]
        model = to_model(
            trainer.average, threshold, metadata, policy=self.policy, temperature=temperature, task="sounds"
        )
        return self.save(model, out / "sounds.lnn", self.golden_sounds())

    def facts(self) -> Facts:
        learned = self.store.label[self.store.split == "training"]
        return self.facts_of(
            f"{len(learned)} clips of {self.data.name}: " + ", ".join(self.labels) + ".",
            f"fold {self.fold} held out, by the first digit of the file names; the last epoch was kept",
            {label: int((learned == label).sum()) for label in self.labels},
        )


def det_of(posterior: np.ndarray, truth: np.ndarray, hours: float) -> Det:
    """Of clips at their end: the right class missed, any other one taken for it; posterior (n, K), truth (n,)."""
    right = np.eye(posterior.shape[1], dtype=bool)[truth]
    return Det.of_scores(posterior[right], np.where(right, 0.0, posterior).max(1), hours)
