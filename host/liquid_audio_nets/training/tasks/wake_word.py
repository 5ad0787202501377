"""Task `wake-word`: one word against everything else, from a folder of the word and folders of other sounds."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ... import lnn
from ...audio.dataset import SILENCE, UNKNOWN
from ...audio.files import SAMPLE_RATE_HZ, AudioError
from ...audio.held_out import Recordings, spoken
from ...audio.mixing import fit_noise, mix_at_snr
from ...audio.speech import engines
from ...evaluation.wake_word import ACCEPTS_PER_HOUR, THRESHOLDS, WakeResult, WakeSounds, listen
from ..data.augment import Augment
from ..data.batches import Batch, BatchMaker, Timing
from ..data.folders import FolderSources, Group
from ..data.placement import Chooser, Mixture
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.provenance import provenance
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..settings.recipe import build
from .base import CALIBRATION_SECONDS, SPLIT, FolderTask, loudest_second, write_calibration

SNR_DB = (20.0, 10.0, 5.0)
SAID = 60  # utterances of a word without recordings, to measure and to calibrate on


class WakeWordTask(FolderTask):
    """See recipes/wake-word.toml.  The last epoch is exported: to choose one by the held-out sounds would be to peek."""

    name, metric, keep = "wake-word", f"detection rate at {ACCEPTS_PER_HOUR} false accepts an hour", "last"

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        said = self.recipe["data"]["say"]
        if len(said) > 1:
            raise AudioError(
                f"data.say = {', '.join(said)}: a wake word is one; give one, or train the recipe keywords"
            )
        if said and not self.recipe["data"]["synthetic"]:
            raise AudioError("a word that is only said needs data.synthetic utterances of it; 0 are none")
        self.said = bool(said)  # there are no recordings of it to learn from
        self.word = said[0] if said else Path(self.recipe["data"]["positives"]).name
        self.labels = (self.word, UNKNOWN, SILENCE)

    def sources(self) -> FolderSources:
        d = self.recipe["data"]
        # The words of placement.Chooser: recordings have the source "commands", running speech is "negatives".
        groups = [
            Group("commands", self.word, [] if self.said else [d["positives"]], required=not self.said),
            *(Group(source, UNKNOWN, d[source]) for source in ("negatives", "wake_words", "digits", "commands")),
            Group("environment", SILENCE, d["noise"]),
        ]
        return FolderSources(self.data, groups, self._spoken(), self.word if self.said else "", report=self.report)

    def _spoken(self) -> list[tuple[str, str, int]]:
        d, here = self.recipe["data"], files("liquid_audio_nets.training.data")
        if not (self.said or engines()) or not d["synthetic"]:
            return []
        words = [
            w
            for w in dict.fromkeys((here / "unknown_words.txt").read_text().split())
            if w != self.word and w not in d["confusable"]
        ]
        return [(self.word, self.word, d["synthetic"])] + [
            (text, UNKNOWN, count)
            for texts, count in (
                ([c for c in d["confusable"] if c != self.word], d["synthetic_confusable"]),
                (words, d["synthetic_unknown"]),
                ((here / "sentences.txt").read_text().strip().splitlines(), d["synthetic_sentence"]),
            )
            for text in texts
        ]

    def prepare(self) -> None:
        super().prepare()
        r = self.recipe
        self.maker = BatchMaker(
            self.store,
            Chooser(self.store, self.labels, build(Mixture, r["mixture"])),
            self.labels,
            build(Augment, r["augment"]),
            build(Timing, r["timing"]),
            self.policy,
        )
        said = spoken(self.word, "validation", SAID) if self.said else ()
        self.held_out = WakeSounds.read(self.data, self.word, "validation", said=said)

    def batch(self, size: int, seed: int) -> Batch:
        return self.maker.make(size, seed)

    def _model(self, trainer: LNNTrainer, threshold: float = 0.5) -> lnn.Model:
        return to_model(trainer.average, threshold, policy=self.policy, task="wake_word")

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """On the held-out sounds as recorded and at 10 dB, through the C core."""
        result = listen(lnn.write(self._model(trainer)), self.held_out, (10.0,))
        return {
            "score": result.detection_rate_at(ACCEPTS_PER_HOUR),
            "detection_rate_at_4_an_hour": result.detection_rate_at(4.0),
            "clips": len(self.held_out.positives),
            "hours": result.hours,
        }

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """The threshold for the wanted rate of false accepts, then `<word>.lnn`, and training sound for liquid-compress."""
        result = listen(lnn.write(self._model(trainer)), self.held_out, SNR_DB)
        threshold = result.threshold_for(self.recipe["data"]["false_accepts_per_hour"])
        if threshold is None:
            threshold = float(THRESHOLDS[-1])
            self.report(
                f"no threshold is strict enough for {self.recipe['data']['false_accepts_per_hour']} false accepts an "
                f"hour; {threshold:.4f} is set: train longer or add recordings that were taken for the word"
            )
        result.threshold = threshold
        self.notes["Held-out sounds"] = "\n".join(f"- {line.strip()}" for line in result.lines()[:-1])
        self.det = det_of(result)
        self._write_calibration(out / "calibration")
        metadata = {
            "licence": self._provenance()[1],
            "data": self.data.name,
            "split": SPLIT,
            "seed": trainer.config.seed,
            "steps": trainer.step,
            "parameters": trainer.net.parameter_count(),
        }
        if self.said:
            self.notes["Synthetic word"] = (
                f"{self.word} was learned from synthetic speech alone; it was measured on "
                f"{len(self.held_out.positives)} clips, recordings where the data have them, else "
                "voices that were held out."
            )
        golden = loudest_second(self._positives()[0])
        return trainer.export_embedded(
            out / f"{self.word}.lnn",
            golden_audio=golden,
            metadata=metadata,
            task="wake_word",
            policy=self.policy,
            thresholds=threshold,
        )

    def _positives(self) -> list[np.ndarray]:
        if self.said:
            return [r.samples for r in spoken(self.word, "training", SAID)]
        return [r.samples for r in Recordings(self.data, ("training",)).read(self.recipe["data"]["positives"])]

    def _write_calibration(self, folder: Path) -> None:
        """Words and other speech that were learned from, half of them in noise."""
        rng, d = np.random.default_rng(0), self.recipe["data"]
        reader = Recordings(self.data, ("training",))
        words, others = self._positives(), [r.samples for r in reader.read(*d["negatives"], *d["wake_words"])]
        noises = [r.samples for r in reader.read(*d["noise"])]
        clips, seconds = [], 0.0
        while seconds < CALIBRATION_SECONDS:
            pool = others if others and rng.random() < 0.5 else words
            samples = pool[rng.integers(len(pool))]
            if noises and rng.random() < 0.5:
                noise = fit_noise(noises[rng.integers(len(noises))], len(samples), rng)
                samples = mix_at_snr(samples, noise, rng.uniform(3, 25))
            clips.append(samples)
            seconds += len(samples) / SAMPLE_RATE_HZ
        write_calibration(folder, clips)

    def _provenance(self) -> tuple[str, str]:
        return provenance(self.data, synthetic=bool(self._spoken()))

    def facts(self) -> Facts:
        return Facts(*self._provenance(), SPLIT, self.learned_from(), self.notes, self.det)


def det_of(result: WakeResult) -> Det:
    """The trade that liquid-test measures."""
    threshold, rejects, accepts = map(np.array, zip(*result.curve()))
    return Det(threshold, rejects, accepts, result.hours)
