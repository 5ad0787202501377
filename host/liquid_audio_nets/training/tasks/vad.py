# SPDX-License-Identifier: MIT
"""Task `vad`: does somebody speak now; speech mixed into noise, a label for every tick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ... import lnn
from ...audio.dataset import SILENCE
from ...audio.files import AudioError
from ...audio.held_out import BOTH, Recordings
from ...audio.speech_in_noise import block_power, is_clean, scene
from ...evaluation.traces import area_under_roc
from ...evaluation.vad import SpeechAndNoise, listen
from ..data.augment import Augment
from ..data.sources import Group, Sources
from ..data.vad_batches import Speech, VadBatches
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.provenance import provenance
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.recipe import build
from .base import SPLIT, FolderTask, write_calibration

SPEECH = "speech"
SNR_DB = (20.0, 10.0, 5.0, 0.0)
_MEASURED_BATCHES, _MEASURED_SNR_DB = 4, 5.0


class VadTask(FolderTask):
    """See recipes/vad.toml.  The last epoch is exported: choosing one by its score would be peeking."""

    name, metric, keep = "vad", f"area under ROC at {_MEASURED_SNR_DB:g} dB", "last"
    labels = (SPEECH, SILENCE)
    training: VadBatches

    def sources(self, splits: Sequence[str] = BOTH) -> Sources:
        """Folders of speech, then folders of noise; the first of speech and some noise are required."""
        d = self.recipe["data"]
        groups = [
            *(Group(name, SPEECH, [name], required=k == 0) for k, name in enumerate(d["speech"])),
            Group("environment", SILENCE, d["noise"], required=True),
        ]
        return Sources(self.data, groups, (), splits)

    def prepare(self) -> None:
        """Opens the frame store, built on first use; raises AudioError if no speech is clear enough to learn from."""
        super().prepare()
        r = self.recipe
        speech, augment = build(Speech, r["speech"]), build(Augment, r["augment"])
        self.training = VadBatches(self.store, "training", speech, augment, self.policy)
        off = {"warp_share": 0.0, "tilt_db": 0.0, "band_share": 0.0, "mask_share": 0.0}
        as_it_is = {"dt_augment": 0.0, "carry_share": 0.0, "gain_db": [0.0, 0.0], "level_db": [0.0, 0.0]}
        at_5_db = {"snr_db": [_MEASURED_SNR_DB] * 2, "silent_share": 0.0, "clean_share": 0.0}
        plain, measured = build(Augment, r["augment"] | off), build(Speech, r["speech"] | as_it_is | at_5_db)
        self.measured = VadBatches(self.store, "validation", measured, plain, self.policy)
        if not (self.training.words and self.measured.words):
            raise AudioError(
                f"{self.data}: the recordings of speech have too much noise of their own to tell where speech ends, those "
                "to learn from or those held out; add clearer recordings"
            )

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Of ticks of held-out speech in held-out noise, at one signal-to-noise ratio; finish() measures with the C core."""
        return {"score": area_under_roc(*self._ticks(trainer))}

    @torch.no_grad()
    def _ticks(self, trainer: LNNTrainer) -> tuple[np.ndarray, np.ndarray]:
        """Posterior of speech and whether somebody speaks, of all ticks that are measured, (n,) each."""
        score, truth = [], []
        for seed in range(_MEASURED_BATCHES):
            batch = self.measured(128, seed)
            evidence, _ = trainer.average(batch.log_mel, batch.dt, batch.closed_s)
            score.append(torch.softmax(evidence, -1)[..., 0].numpy().ravel())
            truth.append(batch.allowed[..., 0].numpy().ravel())
        return np.concatenate(score), np.concatenate(truth)

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """vad.lnn, measured through the C core, and training sound for liquid-compress."""
        threshold, noise = self.recipe["data"]["threshold"], self.recipe["data"]["noise"]
        model = to_model(trainer.average, threshold, policy=self.policy, task="vad")
        result = listen(lnn.write(model), SpeechAndNoise.read(self.data, "validation", noise=noise), SNR_DB)
        self.notes["Held-out speech in held-out noise"] = "\n".join(f"- {line}" for line in result.lines())
        score, truth = self._ticks(trainer)
        self.det = Det.of_scores(score[truth], score[~truth])
        write_calibration(out / "calibration", self._scenes())
        areas = {f"auc_{row.snr_db:g}_db": round(row.area, 4) for row in result.rows}
        model.metadata = self.metadata(trainer, split=SPLIT, noise=", ".join(noise), **areas)
        return self.save(model, out / "vad.lnn", self.golden_sounds())

    def _scenes(self) -> Iterator[np.ndarray]:
        """Endless scenes of training speech in training noise, at all ratios; int16 (n,) each."""
        rng, d = np.random.default_rng(0), self.recipe["data"]
        reader = Recordings(self.data, ("training",))
        noises = [r.samples for r in reader.read(*d["noise"])]
        speech = [
            r.samples for name in d["speech"] for r in reader.read(name, most=120) if is_clean(block_power(r.samples))
        ]
        while True:
            said = [speech[i] for i in rng.integers(len(speech), size=3)]
            snr_db = rng.uniform(*self.recipe["speech"]["snr_db"])
            yield scene(said, noises[rng.integers(len(noises))], snr_db, (0.2, 0.9), rng).samples

    def licence(self) -> str:
        return self._provenance()[1]

    def _provenance(self) -> tuple[str, str]:
        d = self.recipe["data"]
        return provenance(self.data, (), [*d["speech"], *d["noise"]])

    def facts(self) -> Facts:
        self.notes["Truth"] = (
            "A tick is speech if at least half of it lies within 20 dB of the loudest block of the clean utterance; gaps of "
            f"up to 100 ms are filled. {self.training.left_out} training recordings were left out, because their own noise "
            "hides where speech ends."
        )
        return self.facts_of(self._provenance()[0], SPLIT)
