# SPDX-License-Identifier: MIT
"""Task `anomaly`: a network that expects the next features of normal sound; anything that it did not expect is unusual."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ... import lnn
from ...audio.files import SAMPLE_RATE_HZ, AudioError
from ...audio.held_out import Recording, Recordings, with_held_out
from ...evaluation.anomaly import unlikeness
from ...native import LNN, clip_features, replay, step_ends
from ...reference.frontend import FrontEnd, mel_corners_hz
from ..data.expected_batches import ExpectedBatches, Stretch
from ..data.frame_store import GRID_SAMPLES, FrameStore, Sound
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.trainer import LNNTrainer
from ..settings.config import PREDICTS_NUMBERS, TrainerConfig
from ..settings.recipe import build
from .base import FolderTask

LEAST_SECONDS = 10.0
_LEAST_RESIDUAL = 0.05  # of the variance of a band: a band that never moves must not decide alone
_MEASURED_BATCHES = 4


class AnomalyTask(FolderTask):
    """data: a folder of recordings of normal sound, in any folders below it."""

    name, metric, keep = "anomaly", "variance expected of held-out normal sound", "last"
    wants = "a folder of recordings of normal sound"
    training: ExpectedBatches

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self.labels = band_names(FrontEnd())

    def recordings(self) -> list[Recording]:
        """All of them; if names hold out none or all, each is cut and its end held out."""
        source = Recordings(self.data, fold=self.recipe["data"]["held_out_fold"])
        found = with_held_out(source.read("."))
        for line in source.remarks():
            self.report(line)
        return found

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError if there is too little sound."""
        if not FrameStore.exists(self.cache):
            sounds = [Sound(r.samples, "normal", r.path.stem, r.folder, r.split) for r in self.recordings()]
            FrameStore.build(self.cache, sounds, FrontEnd())
        self.store = FrameStore(self.cache)
        seconds = float(self.store.blocks[self.store.where(split="training")].sum()) * GRID_SAMPLES / SAMPLE_RATE_HZ
        if seconds < LEAST_SECONDS:
            raise AudioError(
                f"{self.data}: {seconds:.1f} s of normal sound to learn from; at least {LEAST_SECONDS:g} s are needed, a few "
                "minutes are better"
            )
        stretch = build(Stretch, self.recipe["stretch"])
        plain = dataclasses.replace(stretch, gain_db=(0.0, 0.0), dt_augment=0.0)
        self.training = ExpectedBatches(self.store, "training", stretch, self.policy)
        self.measured = ExpectedBatches(self.store, "validation", plain, self.policy)

    def trainer(self) -> LNNTrainer:
        """A new one, features normalised on steps of normal sound.  Raises AudioError if nothing is above the gate."""
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels, **PREDICTS_NUMBERS))
        as_run = dataclasses.replace(
            self.training, stretch_of=dataclasses.replace(self.training.stretch_of, dt_augment=0.0)
        )
        heard = [b.log_mel[b.dt > 0] for b in (as_run(64, 2**40 + i) for i in range(8))]
        if not sum(map(len, heard)):
            raise AudioError(
                f"{self.data}: nothing is above the energy gate; give louder recordings or lower "
                "policy.energy_threshold"
            )
        trainer.normalise(torch.cat(heard).unsqueeze(0))
        return trainer

    @torch.no_grad()
    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """score: 1 - error / variance of held-out normal sound."""
        net, error, variance = trainer.average, 0.0, 0.0
        for seed in range(_MEASURED_BATCHES):
            batch = self.measured(64, seed)
            squares, runs = batch.errors(net(batch.log_mel, batch.dt, batch.closed_s)[0], net)
            heard = net.features(batch.log_mel)[runs]
            error += float(squares[runs].sum())
            variance += float(heard.var(0, False).sum()) * len(heard)
        return {"score": 1 - error / max(variance, 1e-9)}

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """anomaly.lnn; the C core calibrates its limit of what is normal on what was learned from."""
        data, score = self.recipe["data"], self.recipe["score"]
        normal = self.recordings()
        learned = [r.samples for r in normal if r.split == "training"]
        metadata = self.metadata(trainer, normal=self.data.resolve().name, held_out_fold=data["held_out_fold"])
        model = to_model(trainer.average, score["threshold"], metadata, policy=self.policy, task="anomaly")
        assert isinstance(model.readout, lnn.Readout)
        model.readout.smoothing_s = score["smoothing_s"]
        for label in model.labels:
            label.refractory_us = round(score["refractory_s"] * 1e6)
        model = in_units_of(model, np.sqrt(residual(model, learned)))
        limit = score["limit_margin"] * float(np.quantile(unlike(model, learned), score["limit_share"]))
        model = in_units_of(model, np.full(len(model.labels), np.sqrt(limit)))
        self._note(model, [r.samples for r in normal if r.split == "validation"], limit)
        loudest_first = sorted(learned, key=lambda x: -float(np.abs(x).max()))
        return self.save(model, out / "anomaly.lnn", loudest_first)

    def _note(self, model: lnn.Model, held_out: list[np.ndarray], limit: float) -> None:
        with LNN(lnn.write(model)) as net:
            heard = [unlikeness(net, samples) for samples in held_out]
        alarms, seconds = sum(len(bands) for _, bands in heard), sum(map(len, held_out)) / SAMPLE_RATE_HZ
        worst = ", ".join(f"{score.max(initial=0.0):.2f}" for score, _ in heard[:12])
        margin, share = self.recipe["score"]["limit_margin"], 100 * self.recipe["score"]["limit_share"]
        self.notes["What is normal"] = (
            f"Recordings of {self.data.resolve().name}. A score of 0.5 is a mean squared error {limit:.2f} times the usual one: "
            f"{margin:g} times the error below which {share:g} % of the sound that was learned from stays. "
            f"{seconds:.0f} s of held-out normal sound: {alarms} reports; largest score in each recording: {worst}."
        )

    def facts(self) -> Facts:
        return self.facts_of(
            f"Recordings of normal sound in {self.data.resolve().name}; nothing else was learned from.",
            "whole recordings held out (ESC's fold, or one file in five by its name), or the last fifth of each; the last "
            "epoch was kept",
            {"recordings": len(self.store.where(split="training"))},
        )


def band_names(front: FrontEnd) -> tuple[str, ...]:
    """The middle of every band, such as "1250 Hz", rounded to 10 Hz."""
    middles = mel_corners_hz(front.channels, front.low_hz, front.high_hz)[1:-1]
    return tuple(f"{round(hz, -1):.0f} Hz" for hz in middles)


def residual(model: lnn.Model, clips: list[np.ndarray]) -> np.ndarray:
    """Mean squared error of every band over the steps of clips, (n_mels,), by the C core."""
    squares, steps = np.zeros(len(model.labels)), 0
    with LNN(lnn.write(model)) as net:
        for samples in clips:
            ends = step_ends(net, samples)
            if len(ends) > 1:
                features = clip_features(net, samples, ends)
                squares += ((features[1:] - replay(net, samples, ends)[:-1]) ** 2).sum(0)
                steps += len(ends) - 1
    return np.maximum(squares / max(steps, 1), _LEAST_RESIDUAL)


def unlike(model: lnn.Model, clips: list[np.ndarray]) -> np.ndarray:
    """s of every tick of clips, one after the other; the core's score is s / (1 + s)."""
    with LNN(lnn.write(model)) as net:
        score = np.concatenate([unlikeness(net, samples)[0] for samples in clips])
    s: np.ndarray = score / (1 - score)
    return s


def in_units_of(model: lnn.Model, unit: np.ndarray) -> lnn.Model:
    """The same float model with features in units (n_mels,): squared errors shrink by unit squared, and nothing else
    changes but the values at which features are limited."""
    frontend, first, readout = model.frontend, model.cells[0], model.readout
    assert isinstance(frontend, lnn.FrontEnd) and isinstance(first, lnn.Cell) and isinstance(readout, lnn.Readout)
    columns = np.concatenate([unit, np.ones(first.n_units)])
    return dataclasses.replace(
        model,
        frontend=dataclasses.replace(frontend, inv_std=frontend.inv_std / unit),
        cells=[dataclasses.replace(first, wf=first.wf * columns, wa=first.wa * columns), *model.cells[1:]],
        readout=dataclasses.replace(readout, w=readout.w / unit[:, None], b=readout.b / unit),
    )
