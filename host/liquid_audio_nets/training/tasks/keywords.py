"""The task `keywords`: from a folder of word folders to a model that hears these words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch

from ...audio.dataset import SILENCE, scan
from ...audio.files import SAMPLE_RATE_HZ, AudioError, read_audio, remarks
from ...audio.speech import say
from ...reference.frontend import FrontEnd
from ..data.augment import Augment
from ..data.batches import Batch, BatchMaker, Timing
from ..data.frame_store import BLOCK_S, FrameStore
from ..data.placement import Chooser, Mixture
from ..data.schedule import Policy
from ..data.sources import KeywordSources
from ..data.streams import Score, validation_streams
from ..loop.card import Facts
from ..loop.evaluation import posteriors, validation_clips
from ..loop.export import to_model
from ..loop.provenance import provenance
from ..loop.report import Det
from ..loop.trainer import LNNTrainer
from ..nets.registry import WINDOWED
from ..settings.config import TrainerConfig
from ..settings.recipe import build
from .calibration import best_temperature, calibration_error, choose_thresholds, favour, listen

WINDOW_TICK_BLOCKS = 2
GOLDEN_SAMPLES = SAMPLE_RATE_HZ // 2  # boards keep the file


class KeywordTask:
    """See recipes/keywords.toml for the settings; data: a folder in Speech Commands' layout."""

    name, metric, keep = "keywords", "validation accuracy", "best"

    def __init__(
        self, recipe: dict[str, Any], data: Path | None, cache: Path, report: Callable[[str], None] = lambda text: None
    ):
        if data is None:
            raise AudioError("keywords are learned from recordings; give --data DIR, a folder with one folder a word")
        self.recipe, self.data, self.cache, self.report = recipe, Path(data), Path(cache), report
        self.labels = with_said(recipe["data"]["labels"], recipe["data"]["say"])
        if all(label.startswith("_") for label in self.labels):
            raise AudioError("no word among the labels; give --labels such as yes,no,_unknown_,_silence_")
        self.policy, self.timing = build(Policy, recipe["policy"]), build(Timing, recipe["timing"])
        if recipe["model"]["cell_kind"] in WINDOWED:  # they answer for whole windows, on one grid
            self.timing = replace(self.timing, stream_share=0.0, tick_blocks=(WINDOW_TICK_BLOCKS,))
            self.policy = replace(self.policy, min_timestep_us=round(WINDOW_TICK_BLOCKS * BLOCK_S * 1e6))
        self.notes: dict[str, str] = {}
        self.det: Det | None = None

    def prepare(self) -> None:
        """Builds the frame store on first use; raises AudioError for data that cannot be learned from."""
        if FrameStore.exists(self.cache):
            self.store = FrameStore(self.cache)
        else:
            sources = self._sources()
            self.store = FrameStore.build(self.cache, sources, FrontEnd())
            for line in remarks(sources.unreadable, sources.converted):
                self.report(line)
        check_classes(self.store, self.labels)
        r = self.recipe
        self.maker = BatchMaker(
            self.store,
            Chooser(self.store, self.labels, build(Mixture, r["mixture"])),
            self.labels,
            build(Augment, r["augment"]),
            self.timing,
            self.policy,
        )
        self.clips = validation_clips(self.store, self.labels)

    def _sources(self, **more: Any) -> KeywordSources:
        data = self.recipe["data"]
        options = dict(
            synthetic_per_keyword=data["synthetic"],
            synthetic_per_unknown=data["synthetic_unknown"],
            said=data["say"],
            synthetic_per_said=data["synthetic_said"],
            report=self.report,
        )
        return KeywordSources(self.data, self.labels, **options | more)

    def trainer(self) -> LNNTrainer:
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels))
        samples = [self.batch(self.recipe["train"]["batch"], 2**40 + i).log_mel.flatten(0, 1) for i in range(12)]
        trainer.normalise(torch.cat(samples).unsqueeze(0))
        return trainer

    def batch(self, size: int, seed: int) -> Batch:
        return self.maker.make(size, seed)

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        result = trainer.evaluate(self.store, self.clips, self.policy)
        return {"score": result.pop("accuracy"), **result}

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """Calibrates on held-out sounds and exports keywords.lnn with golden vectors of a training clip."""
        said, calibration = self.recipe["data"]["say"], self.recipe["calibration"]
        if said:
            bias = favour(trainer.average, self.store, self.clips, said, calibration["said_cost"], self.policy)
            self.notes["Synthetic words"] = (
                f"Learned from synthetic speech alone, no recording of them: {', '.join(said)}. "
                f"Their bias is raised by {bias:.2f}."
            )
        posterior = posteriors(trainer.average, self.store, self.clips, self.policy)
        temperature = best_temperature(posterior, self.clips.label)
        streams = validation_streams(
            self._sources(
                synthetic_per_keyword=min(self.recipe["data"]["synthetic"], 80),
                synthetic_per_unknown=1,
                splits=("validation",),
            )
        )
        thresholds, scores = choose_thresholds(
            trainer.average, streams, calibration["alarm_cost"], temperature, self.policy
        )
        score = listen(to_model(trainer.average, thresholds, temperature=temperature, policy=self.policy), streams)
        error = calibration_error(posterior, self.clips.label, temperature)
        self.det = det_of(scores)
        self.notes["Streams"] = streams_note(score, sum(len(s.events) for s in streams), thresholds, temperature, error)
        accuracy = float((posterior.argmax(1) == self.clips.label).mean())
        metadata = {
            "licence": self.facts().licence,
            "data": self.data.name,
            "split": "official speaker hash",
            "seed": trainer.config.seed,
            "steps": trainer.step,
            "validation_accuracy": round(accuracy, 4),
            "parameters": trainer.net.parameter_count(),
        }
        return trainer.export_embedded(
            out / "keywords.lnn",
            golden_audio=self.golden_audio(),
            metadata=metadata,
            temperature=temperature,
            thresholds=thresholds,
            policy=self.policy,
        )

    def golden_audio(self) -> np.ndarray:
        """The beginning of a training clip of the first keyword that has one, else of that keyword spoken; int16 (n,)."""
        words = [w for w in self.labels if not w.startswith("_")]
        root = self.data / "speech_commands" if (self.data / "speech_commands").is_dir() else self.data
        try:
            return read_audio(scan(root, words, "training").clips[0].path)[0][:GOLDEN_SAMPLES]
        except AudioError:
            return say(words[0])[:GOLDEN_SAMPLES]

    def facts(self) -> Facts:
        used = Counter(self.store.source[self.store.split == "training"].tolist())
        data, licence = provenance(self.data, synthetic="synthetic" in used)
        return Facts(
            data,
            licence,
            "official speaker hash, held-out parts of every noise; no testing speaker was read",
            dict(used),
            self.notes,
            self.det,
        )


def with_said(labels: Sequence[str], said: Sequence[str]) -> tuple[str, ...]:
    """The labels with the words to be learned from synthetic speech, before `_unknown_` and `_silence_`."""
    words = dict.fromkeys([*(label for label in labels if not label.startswith("_")), *said])
    return tuple([*words, *(label for label in labels if label.startswith("_"))])


def check_classes(store: FrameStore, labels: tuple[str, ...]) -> None:
    """Raises AudioError for a label without at least two training clips or without validation speakers."""
    for label in labels:
        training = store.where(label=label, split="training")
        if len(training) < (1 if label == SILENCE else 2):
            raise AudioError(f"{len(training)} training clips for '{label}'; add recordings or leave the label out")
    if len(store.where(source="commands")) and not len(store.where(split="validation", source="commands")):
        raise AudioError(
            "no clip of a validation speaker (file names decide, by SHA-1 up to '_nohash_'); add more speakers"
        )


def det_of(scores: dict[float, Score]) -> Det:
    """Missed keywords against false alarms an hour, from streams played at several common thresholds."""
    order = sorted(scores)
    return Det(
        np.array(order),
        np.array([1 - scores[t].hit_rate for t in order]),
        np.array([scores[t].false_per_hour for t in order]),
        scores[order[0]].seconds / 3600,
    )


def streams_note(score: Score, words: int, thresholds: dict[str, float], temperature: float, error: float) -> str:
    """For the card; words: how many were said in all."""
    return (
        f"{score.seconds / 3600:.1f} h of held-out words, sentences and environmental sounds, 0.3 to 1.5 s apart, in "
        f"held-out noise at 5 to 30 dB: {score.hit_rate * 100:.1f} % of the keywords detected, "
        f"{sum(score.false.values())} false alarms among {words - sum(score.said.values())} other words and sentences. "
        "Thresholds: "
        + ", ".join(f"{k} {v:.2f}" for k, v in thresholds.items())
        + f". Temperature {temperature:.2f}, expected calibration error {error * 100:.1f} %."
    )
