"""The `keywords` recipe: from a folder of word folders to a run folder with a `.lnn`."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np
import torch

from ..audio.dataset import SILENCE, UNKNOWN, scan
from ..audio.files import AudioError, read_audio
from ..reference.frontend import FrontEnd
from .batches import BatchMaker
from .calibrate import best_temperature, calibration_error, choose_thresholds, listen
from .cache import FrameStore
from .card import model_card
from .evaluation import posteriors, validation_clips
from .export import to_model
from .loader import batches
from .memory import keep_freed_memory
from .placement import Chooser, Mixture
from .sources import KeywordSources
from .streams import validation_streams
from .trainer import LNNTrainer, TrainingError

KEYWORD_LABELS = ("yes", "no", "up", "down", "left", "right", "stop", "go", UNKNOWN, SILENCE)


@dataclass
class KeywordRun:
    """Settings of a run.  An epoch is epoch_steps batches; the cache folder may be shared by runs."""

    data: Path
    out: Path
    labels: tuple[str, ...] = KEYWORD_LABELS
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 100
    epoch_steps: int = 200
    batch: int = 256
    learning_rate: float = 6e-3
    smoothing_s: float = 0.06
    label_smoothing: float = 0.03
    seed: int = 1
    cache: Path | None = None
    synthetic_per_keyword: int = 300
    threads: int = 1
    ahead: bool = True
    report: Callable[[str], None] = lambda text: None
    progress: Callable[["Progress"], None] = lambda progress: None
    unreadable: list[str] = field(default_factory=list)

    def store(self) -> FrameStore:
        """The frame store of the data, built on first use."""
        folder = Path(self.cache or Path(self.out) / "cache")
        if FrameStore.exists(folder):
            return FrameStore(folder)
        sources = KeywordSources(Path(self.data), self.labels, self.synthetic_per_keyword, report=self.report)
        store = FrameStore.build(folder, sources, FrontEnd())
        self.unreadable = sources.unreadable
        if sources.converted:
            self.report(f"{sources.converted} files were resampled or mixed down to 16 kHz mono")
        return store


@dataclass
class Progress:
    """After a step: which one of how many, its loss, seconds left; metrics of the last evaluation."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    metrics: dict


def check_classes(store: FrameStore, labels: tuple[str, ...]) -> None:
    """Raises AudioError for a label without at least two training clips or without validation speakers."""
    for label in labels:
        training = store.where(label=label, split="training")
        if len(training) < (1 if label == SILENCE else 2):
            raise AudioError(f"{len(training)} training clips for '{label}'; add recordings or leave the label out")
    if not len(store.where(split="validation", source="commands")):
        raise AudioError("no clip of a validation speaker (file names decide, by SHA-1 up to '_nohash_'); "
                         "add more speakers")


def start_or_resume(run: KeywordRun, maker: BatchMaker) -> LNNTrainer:
    checkpoint = Path(run.out) / "last.safetensors"
    if checkpoint.exists():
        trainer = LNNTrainer.load(checkpoint)
        if trainer.net.config.labels != tuple(run.labels) or trainer.net.config.hidden_dims != tuple(run.hidden):
            raise TrainingError(f"{checkpoint} is of another network; give another --out or delete it")
        run.report(f"resuming at step {trainer.step}")
        return trainer
    trainer = LNNTrainer(dict(hidden_dim=tuple(run.hidden), labels=tuple(run.labels), learning_rate=run.learning_rate,
                              smoothing_s=run.smoothing_s, label_smoothing=run.label_smoothing, seed=run.seed, total_steps=run.epochs * run.epoch_steps))
    samples = [maker.make(run.batch, 2**40 + i).log_mel.flatten(0, 1) for i in range(12)]
    trainer.normalise(torch.cat(samples).unsqueeze(0))
    return trainer


def train_keywords(run: KeywordRun) -> Path:
    """Train, or go on with what is in run.out; returns the path of the best model's `.lnn`.

    Written after every epoch: last.safetensors, best.safetensors, log.csv.  KeyboardInterrupt passes
    through; a later call resumes from the last epoch.  Raises AudioError and TrainingError."""
    out = Path(run.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(run.threads)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    store = run.store()
    check_classes(store, run.labels)
    maker = BatchMaker(store, Chooser(store, run.labels, Mixture()), run.labels)
    trainer = start_or_resume(run, maker)
    steps = trainer.config.total_steps
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(trainer.config).items()}
    (out / "config.json").write_text(json.dumps(settings, indent=1))
    clips, began, first = validation_clips(store, run.labels), time.monotonic(), trainer.step

    def after(trainer: LNNTrainer, loss: float) -> None:
        pace = (time.monotonic() - began) / max(trainer.step - first, 1)
        run.progress(Progress(trainer.step, steps, loss, pace * (steps - trainer.step), trainer.metrics))

    while trainer.step < steps:
        count = min(run.epoch_steps - trainer.step % run.epoch_steps, steps - trainer.step)
        loss = trainer.fit(batches(maker, run.batch, trainer.step, count, run.seed, run.ahead), after)
        result = trainer.evaluate(store, clips)
        trainer.metrics = {"validation_accuracy": result["accuracy"], "per_label": result["per_label"], "loss": loss}
        better = result["accuracy"] >= trainer.best
        trainer.best = max(trainer.best, result["accuracy"])
        if better:
            trainer.save(out / "best.safetensors")
        trainer.save(out / "last.safetensors")
        _log(out / "log.csv", trainer, loss)
        run.report(f"step {trainer.step} of {steps}: loss {loss:.3f}, validation {result['accuracy'] * 100:.2f} %")
    return finish(run, store)


def _log(path: Path, trainer: LNNTrainer, loss: float) -> None:
    new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "loss", "validation_accuracy", *trainer.net.config.labels])
        per_label = trainer.metrics["per_label"].values()
        writer.writerow([trainer.step, f"{loss:.5f}", f"{trainer.metrics['validation_accuracy']:.5f}", *per_label])


def finish(run: KeywordRun, store: FrameStore) -> Path:
    """Calibrate and export run.out's best checkpoint, with golden vectors and a card; returns the `.lnn`."""
    out = Path(run.out)
    trainer = LNNTrainer.load(out / "best.safetensors")
    result = trainer.evaluate(store)
    (out / "confusion.json").write_text(json.dumps(result))
    run.report("calibrating")
    calibration, export = calibrate(run, trainer, store)
    metadata = {"licence": "weights: CC BY-SA 4.0, from data under CC BY 4.0, CC BY-SA 4.0 and Apache-2.0",
                "data": Path(run.data).name, "split": "official speaker hash", "seed": trainer.config.seed,
                "steps": trainer.step, "validation_accuracy": round(result["accuracy"], 4),
                "parameters": trainer.net.parameter_count()}
    path = trainer.export_embedded(out / "keywords.lnn", golden_audio=golden_audio(run), metadata=metadata, **export)
    (out / "card.md").write_text(model_card(path.name, trainer, store, result, calibration))
    return path


def calibrate(run: KeywordRun, trainer: LNNTrainer, store: FrameStore) -> tuple[dict, dict]:
    """Temperature and thresholds on held-out sounds; returns (what the card says of it, export's arguments)."""
    clips = validation_clips(store, trainer.net.config.labels)
    posterior = posteriors(trainer.average, store, clips)
    temperature = best_temperature(posterior, clips.label)
    sounds = KeywordSources(Path(run.data), run.labels, min(run.synthetic_per_keyword, 80), 1, splits=("validation",))
    streams = validation_streams(sounds)
    thresholds, _ = choose_thresholds(trainer.average, streams, temperature=temperature)
    score = listen(to_model(trainer.average, thresholds, temperature=temperature), streams)
    log_p = np.log(np.maximum(posterior, 1e-12)) / temperature
    scaled = np.exp(log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True))
    words = sum(len(stream.events) for stream in streams)
    return ({"temperature": temperature, "calibration_error": calibration_error(scaled, clips.label),
             "thresholds": thresholds, "hit_rate": score.hit_rate, "false_alarms": sum(score.false.values()),
             "other_words": words - sum(score.said.values()), "hours": score.seconds / 3600},
            {"temperature": temperature, "thresholds": thresholds})


def golden_audio(run: KeywordRun) -> np.ndarray:
    """One training clip of the first keyword."""
    root = Path(run.data)
    root = root / "speech_commands" if (root / "speech_commands").is_dir() else root
    data = scan(root, [w for w in run.labels if not w.startswith("_")][:1], "training")
    return read_audio(data.clips[0].path)[0]
