"""Task `vad`: does somebody speak now; speech mixed into noise, a label for every tick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ... import lnn
from ...audio.dataset import SILENCE
from ...audio.files import SAMPLE_RATE_HZ, AudioError
from ...audio.held_out import Recordings
from ...audio.speech_in_noise import block_power, is_clean, scene
from ...evaluation.traces import area_under_roc
from ...evaluation.vad import SpeechAndNoise, listen
from ..data.augment import Augment
from ..data.batches import Batch
from ..data.folders import FolderSources, Group
from ..data.vad_batches import Speech, VadBatches
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.provenance import provenance
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.recipe import build
from .base import CALIBRATION_SECONDS, SPLIT, FolderTask, loudest_second, write_calibration

SPEECH = "speech"
SNR_DB = (20.0, 10.0, 5.0, 0.0)
_MEASURED_BATCHES, _MEASURED_SNR_DB = 4, 5.0


class VadTask(FolderTask):
    """See recipes/vad.toml.  Training goes on to its end: the score of an epoch chooses nothing."""

    name, metric, keep = "vad", f"area under ROC at {_MEASURED_SNR_DB:g} dB", "last"
    labels = (SPEECH, SILENCE)

    def sources(self) -> FolderSources:
        d = self.recipe["data"]
        groups = [
            *(Group(name, SPEECH, [name], required=k == 0) for k, name in enumerate(d["speech"])),
            Group("environment", SILENCE, d["noise"], required=True),
        ]
        return FolderSources(self.data, groups, (), report=self.report)

    def prepare(self) -> None:
        super().prepare()
        r = self.recipe
        speech, augment = build(Speech, r["speech"]), build(Augment, r["augment"])
        self.training = VadBatches(self.store, "training", speech, augment, self.policy)
        plain = build(Augment, r["augment"] | {"warp_share": 0.0, "tilt_db": 0.0, "band_share": 0.0, "mask_share": 0.0})
        at_5_db = build(
            Speech,
            r["speech"]
            | {
                "snr_db": [_MEASURED_SNR_DB] * 2,
                "silent_share": 0.0,
                "clean_share": 0.0,
                "dt_augment": 0.0,
                "carry_share": 0.0,
                "gain_db": [0.0, 0.0],
                "level_db": [0.0, 0.0],
            },
        )
        self.measured = VadBatches(self.store, "validation", at_5_db, plain, self.policy)
        if not (self.training.words and self.measured.words):
            raise AudioError(
                f"{self.data}: no speech, or none to measure on, is clear enough of noise of its own to tell where "
                "it ends; add clearer recordings"
            )

    def batch(self, size: int, seed: int) -> Batch:
        return self.training(size, seed)

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Ticks of held-out speech in held-out noise, at one signal-to-noise ratio; `finish` measures with the C core."""
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
        threshold = self.recipe["data"]["threshold"]
        model = to_model(trainer.average, threshold, policy=self.policy, task="vad")
        result = listen(
            lnn.write(model), SpeechAndNoise.read(self.data, "validation", noise=self.recipe["data"]["noise"]), SNR_DB
        )
        self.notes["Held-out speech in held-out noise"] = "\n".join(f"- {line}" for line in result.lines())
        score, truth = self._ticks(trainer)
        self.det = Det.of_scores(score[truth], score[~truth])
        calibration = self._calibration()
        write_calibration(out / "calibration", calibration)
        metadata = {
            "licence": provenance(self.data, False)[1],
            "data": self.data.name,
            "split": SPLIT,
            "noise": ", ".join(self.recipe["data"]["noise"]),
            "seed": trainer.config.seed,
            "steps": trainer.step,
            "parameters": trainer.net.parameter_count(),
            **{f"auc_{row.snr_db:g}_db": round(row.area, 4) for row in result.rows},
        }
        return trainer.export_embedded(
            out / "vad.lnn",
            golden_audio=loudest_second(calibration[0]),
            metadata=metadata,
            task="vad",
            policy=self.policy,
            thresholds=threshold,
        )

    def _calibration(self) -> list[np.ndarray]:
        """Scenes of what was learned from, at all ratios; int16 (n,) each."""
        rng, d = np.random.default_rng(0), self.recipe["data"]
        reader = Recordings(self.data, ("training",))
        noises = [r.samples for r in reader.read(*d["noise"])]
        speech = [
            r.samples for name in d["speech"] for r in reader.read(name, most=120) if is_clean(block_power(r.samples))
        ]
        clips, seconds = [], 0.0
        while seconds < CALIBRATION_SECONDS:
            said = [speech[i] for i in rng.integers(len(speech), size=3)]
            snr_db = rng.uniform(*self.recipe["speech"]["snr_db"])
            made = scene(said, noises[rng.integers(len(noises))], snr_db, (0.2, 0.9), rng)
            clips.append(made.samples)
            seconds += len(made.samples) / SAMPLE_RATE_HZ
        return clips

    def facts(self) -> Facts:
        self.notes["Truth"] = (
            "A tick is speech where at least half of it lies within 20 dB of the loudest block of the clean utterance, gaps "
            f"of up to 100 ms filled. {self.training.left_out} training recordings with too much noise of their own to tell "
            "where speech ends were left out."
        )
        return Facts(*provenance(self.data, False), SPLIT, self.learned_from(), self.notes, self.det)
