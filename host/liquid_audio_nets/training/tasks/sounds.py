"""Task `sounds`: which of some classes of environmental sounds is heard, from folders named as their class."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import torch

from ...audio.dataset import NOISE_FOLDERS, sound_files
from ...audio.files import SAMPLE_RATE_HZ, AudioError, remarks
from ...audio.held_out import Recordings
from ...reference.frontend import FrontEnd
from ..data.augment import Augment
from ..data.batches import Batch
from ..data.frame_store import BLOCK_S, FrameStore, Sound
from ..data.schedule import Policy
from ..data.sound_batches import Mixing, SoundBatches
from ..loop.card import Facts
from ..loop.evaluation import Clips, confusion_matrix, posteriors
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.config import TrainerConfig
from ..settings.recipe import build
from .calibration import best_temperature, calibration_error, log_at

GOLDEN_S = 1.0


class SoundTask:
    """Classes are the folders of the data, folds those of ESC's file names; the fold that the recipe names is only
    measured.  With so few clips the last epoch is exported: to choose one would be to peek."""

    name, metric, keep = "sounds", "held-out accuracy", "last"

    def __init__(self, recipe: dict[str, Any], data: Path | None, cache: Path, report: Callable[[str], None]):
        self.recipe, self.data, self.cache, self.report = recipe, data, cache, report
        self.fold = recipe["data"]["held_out_fold"]
        self.policy = build(Policy, recipe["policy"])
        self.notes: dict[str, str] = {}
        self.det: Det | None = None

    def prepare(self) -> None:
        self.labels = self._classes()
        if not FrameStore.exists(self.cache):
            FrameStore.build(self.cache, self._read(), FrontEnd())
        self.store = FrameStore(self.cache)
        for label in self.labels:
            training, held_out = (len(self.store.where(label=label, split=part)) for part in ("training", "validation"))
            if training < 2 or held_out < 1:
                raise AudioError(
                    f"{self.data}: '{label}' has {training} clips to learn from and {held_out} held out (fold "
                    f"{self.fold}); at least 2 and 1 are needed"
                )
        self.clips = Clips.whole(self.store, self.store.where(label=self.labels, split="validation"), self.labels)
        self.maker = SoundBatches(
            self.store,
            self.labels,
            build(Augment, self.recipe["augment"]),
            build(Mixing, self.recipe["mixing"]),
            self.policy,
        )

    def _classes(self) -> tuple[str, ...]:
        if self.data is None:
            raise AudioError("give --data DIR, a folder with one folder of recordings a class")
        if not self.data.is_dir():
            raise AudioError(f"{self.data}: no such folder; give a folder with one folder of recordings a class")
        found = [
            p.name for p in sorted(self.data.iterdir()) if p.is_dir() and p.name not in NOISE_FOLDERS and sound_files(p)
        ]
        labels = tuple(self.recipe["data"]["labels"]) or tuple(found)
        for label in labels:
            if label not in found:
                raise AudioError(
                    f"{self.data}: no folder '{label}' with sound files; there are {', '.join(found) or 'none'}"
                )
        if len(labels) < 2:
            raise AudioError(f"{self.data}: {len(labels)} folders of sound files; two classes are the least")
        return labels

    def _read(self) -> Iterator[Sound]:
        recordings = Recordings(self.data, fold=self.fold)
        for label in self.labels:
            self.report(label)
            for r in recordings.read(label):
                yield Sound(r.samples, label, r.path.stem, "environment", r.split)
        for line in remarks(recordings.unreadable, recordings.converted):
            self.report(line)

    def trainer(self) -> LNNTrainer:
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels))
        samples = [self.batch(64, 2**40 + i).log_mel.flatten(0, 1) for i in range(8)]
        trainer.normalise(torch.cat(samples).unsqueeze(0))
        return trainer

    def batch(self, size: int, seed: int) -> Batch:
        return self.maker.make(size, seed)

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Of the held-out clips, decided at their end as liquid-test does."""
        posterior = posteriors(trainer.average, self.store, self.clips, self.policy)
        matrix = confusion_matrix(self.clips.label, posterior.argmax(1), len(self.labels))
        recall = matrix.diagonal() / np.maximum(matrix.sum(1), 1)
        return {
            "score": float(matrix.trace() / len(self.clips)),
            "clips": len(self.clips),
            "labels": list(self.labels),
            "per_label": dict(zip(self.labels, recall.round(4).tolist())),
            "confusion": matrix.tolist(),
        }

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """sounds.lnn, its confidences made honest on the held-out clips."""
        posterior = posteriors(trainer.average, self.store, self.clips, self.policy)
        temperature = best_temperature(posterior, self.clips.label)
        error = calibration_error(posterior, self.clips.label, temperature)
        accuracy = float((posterior.argmax(1) == self.clips.label).mean())
        self.det = det_of(
            np.exp(log_at(posterior, temperature)), self.clips.label, float(self.clips.blocks.sum()) * BLOCK_S / 3600
        )
        self.notes["Confidence"] = (
            f"Temperature {temperature:.2f}, expected calibration error {100 * error:.1f} % on the clips that it was fitted on. "
            "Listens for the listed classes only: any other sound is taken for one of them, most often with less confidence."
        )
        data = self.recipe["data"]
        metadata = {
            "data": self.data.name,
            "licence": data["licence"],
            "held_out_fold": self.fold,
            "steps": trainer.step,
            "seed": trainer.config.seed,
            "held_out_accuracy": round(accuracy, 4),
        }
        return trainer.export_embedded(
            out / "sounds.lnn",
            golden_audio=self._golden(),
            metadata=metadata,
            task="sounds",
            policy=self.policy,
            temperature=temperature,
            thresholds=data["threshold"],
        )

    def _golden(self) -> np.ndarray:
        """The beginning of the loudest part of a clip that was learned from."""
        clip = int(self.store.where(label=self.labels[0], split="training")[0])
        samples = next(
            r.samples
            for r in Recordings(self.data, fold=self.fold).read(self.labels[0])
            if r.path.stem == self.store.word[clip]
        )
        begin = int(self.store.first[clip] * BLOCK_S * SAMPLE_RATE_HZ)
        return samples[begin:][: int(GOLDEN_S * SAMPLE_RATE_HZ)]

    def facts(self) -> Facts:
        learned = self.store.split == "training"
        return Facts(
            data=f"{int(learned.sum())} clips of {self.data.name}: " + ", ".join(self.labels) + ".",
            licence=self.recipe["data"]["licence"],
            split=f"fold {self.fold} held out, by the first digit of the file names; the last epoch was kept",
            clips={label: int((self.store.label[learned] == label).sum()) for label in self.labels},
            notes=self.notes,
            det=self.det,
        )


def det_of(posterior: np.ndarray, truth: np.ndarray, hours: float) -> Det:
    """Of clips at their end: the right class missed, any other one taken for it; posterior (n, K), truth (n,)."""
    right = np.eye(posterior.shape[1], dtype=bool)[truth]
    return Det.of_scores(posterior[right], np.where(right, 0.0, posterior).max(1), hours)
