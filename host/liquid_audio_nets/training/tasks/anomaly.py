"""Task `anomaly`: a network that expects the next features of normal sound; what it did not expect is not normal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from torch import Tensor

from ... import lnn
from ...audio.files import SAMPLE_RATE_HZ, AudioError, remarks
from ...audio.held_out import Recording, Recordings, with_held_out
from ...evaluation.anomaly import unlikeness
from ...native import LNN, add_golden, clip_features, replay, step_ends
from ...reference.frontend import FrontEnd, mel_corners_hz
from ..data.augment import LOG_FLOOR
from ..data.frame_store import BLOCK_S, FrameStore, Sound, tick_energy
from ..data.schedule import Policy, engine_schedule, random_schedule
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.trainer import LNNTrainer
from ..settings.config import TrainerConfig
from ..settings.recipe import build

LEAST_SECONDS = 10.0
GOLDEN_S = 1.0
_LEAST_RESIDUAL = 0.05  # of a band's variance: a band that never moves must not decide alone
_MEASURED_BATCHES = 4


@dataclass
class Expected:
    """Sound of which at every step the features of the next are to be expected; a Batch without labels."""

    log_mel: Tensor
    dt: Tensor
    closed_s: Tensor
    carried: Tensor
    tick_s: float
    stream: bool = False

    def errors(self, outputs: Tensor, net) -> tuple[Tensor, Tensor]:
        """Squared errors of the features (T, B, C), and which of the ticks have a step (T, B)."""
        expected = torch.cat([torch.zeros_like(outputs[:1]), outputs[:-1]])
        return (net.features(self.log_mel) - expected) ** 2, self.dt > 0

    def loss(self, outputs: Tensor, net, label_smoothing: float = 0.0) -> Tensor:
        """Mean squared error of the steps, in deviations of normal sound."""
        error, runs = self.errors(outputs, net)
        return (error.mean(-1) * runs).sum() / runs.sum().clamp_min(1)


@dataclass(frozen=True)
class Stretch:
    """A recipe's table: see recipes/anomaly.toml."""

    length_s: float = 2.4
    tick_blocks: tuple[int, ...] = (3, 3, 4)
    gain_db: tuple[float, float] = (-6.0, 6.0)
    dt_augment: float = 0.4


@dataclass
class Stretches:
    """Batches of stretches of a split's recordings, the longer ones oftener."""

    store: FrameStore
    split: str
    stretch: Stretch
    policy: Policy

    def __post_init__(self) -> None:
        self.mel, self.energy = torch.from_numpy(np.asarray(self.store.mel)), np.asarray(self.store.energy)
        self.clips = self.store.where(split=self.split)
        self.share = self.store.blocks[self.clips] / self.store.blocks[self.clips].sum()

    def __call__(self, size: int, seed: int) -> Expected:
        """The same for the same seed."""
        rng, x, s = np.random.default_rng(seed), self.stretch, self.store
        blocks = int(rng.choice(x.tick_blocks))
        tick_s, ticks = blocks * BLOCK_S, round(x.length_s / (blocks * BLOCK_S))
        clip = rng.choice(self.clips, size, p=self.share)
        start = rng.integers(0, np.maximum(s.blocks[clip] - ticks * blocks, 1))
        at = start + np.arange(1, ticks + 1)[:, None] * blocks - 1
        index = s.offset[clip] + at % s.blocks[clip]
        gain = 10 ** (rng.uniform(*x.gain_db, size) / 10)
        power = (
            self.mel[torch.from_numpy(index.ravel())].view(*index.shape, -1) * torch.from_numpy(gain).float()[:, None]
        )
        if rng.random() < x.dt_augment:
            schedule = random_schedule(ticks, size, rng, tick_s, self.policy.max_timestep_s)
        else:
            schedule = engine_schedule(tick_energy(self.energy, index, blocks) * gain, self.policy, tick_s=tick_s)
        return Expected(
            torch.log(power + LOG_FLOOR),
            torch.from_numpy(schedule.dt),
            torch.from_numpy(schedule.closed),
            torch.zeros(size, dtype=torch.bool),
            tick_s,
        )


class AnomalyTask:
    """data: a folder of recordings of normal sound, in folders below it as one likes."""

    name, metric, keep = "anomaly", "variance expected of held-out normal sound", "last"

    def __init__(
        self, recipe: dict[str, Any], data: Path | None, cache: Path, report: Callable[[str], None] = lambda text: None
    ):
        if data is None or not Path(data).is_dir():
            raise AudioError(
                f"{data or 'no data'}: no such folder; give --data DIR, a folder of recordings of normal sound"
            )
        self.recipe, self.data, self.cache, self.report = recipe, Path(data), Path(cache), report
        self.policy = build(Policy, recipe["policy"])
        self.labels = band_names(FrontEnd())
        self.notes: dict[str, str] = {}

    def recordings(self) -> list[Recording]:
        """All, whole ones held out or, where names hold out none or all, the end of each."""
        source = Recordings(self.data, fold=self.recipe["data"]["held_out_fold"])
        found = list(source.read("."))
        for line in remarks(source.unreadable, source.converted):
            self.report(line)
        return with_held_out(found)

    def prepare(self) -> None:
        """Builds the frame store on first use; raises AudioError where there is too little sound."""
        if not FrameStore.exists(self.cache):
            sounds = [Sound(r.samples, "normal", r.path.stem, r.folder, r.split) for r in self.recordings()]
            seconds = sum(len(s.samples) for s in sounds if s.split == "training") / SAMPLE_RATE_HZ
            if seconds < LEAST_SECONDS:
                raise AudioError(
                    f"{self.data}: {seconds:.1f} s of normal sound to learn from; at least {LEAST_SECONDS:g} s "
                    "are needed, a few minutes are better"
                )
            FrameStore.build(self.cache, sounds, FrontEnd())
        self.store = FrameStore(self.cache)
        stretch = build(Stretch, self.recipe["stretch"])
        plain = dataclasses.replace(stretch, gain_db=(0.0, 0.0), dt_augment=0.0)
        self.training = Stretches(self.store, "training", stretch, self.policy)
        self.measured = Stretches(self.store, "validation", plain, self.policy)

    def trainer(self) -> LNNTrainer:
        trainer = LNNTrainer(TrainerConfig.of_recipe(self.recipe, labels=self.labels, smoothing_s=0.0))
        as_run = dataclasses.replace(self.training, stretch=dataclasses.replace(self.training.stretch, dt_augment=0.0))
        heard = [b.log_mel[b.dt > 0] for b in (as_run(64, 2**40 + i) for i in range(8))]
        if not sum(map(len, heard)):
            raise AudioError(
                f"{self.data}: nothing is above the energy gate; give louder recordings or lower "
                "policy.energy_threshold"
            )
        trainer.normalise(torch.cat(heard).unsqueeze(0))
        return trainer

    def batch(self, size: int, seed: int) -> Expected:
        return self.training(size, seed)

    @torch.no_grad()
    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """1 - error / variance of held-out normal sound."""
        net, error, variance = trainer.average, 0.0, 0.0
        for seed in range(_MEASURED_BATCHES):
            batch = self.measured(64, seed)
            squares, runs = batch.errors(net(batch.log_mel, batch.dt, batch.closed_s)[0], net)
            heard = net.features(batch.log_mel)[runs]
            error, variance = (
                error + float(squares[runs].sum()),
                variance + float(heard.var(0, False).sum()) * len(heard),
            )
        return {"score": 1 - error / max(variance, 1e-9)}

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """anomaly.lnn, its limit of what is normal calibrated through the C core on what was learned from."""
        data, score = self.recipe["data"], self.recipe["score"]
        normal = self.recordings()
        learned = [r.samples for r in normal if r.split == "training"]
        metadata = {
            "licence": data["licence"],
            "normal": self.data.resolve().name,
            "held_out_fold": data["held_out_fold"],
            "seed": trainer.config.seed,
            "steps": trainer.step,
            "parameters": trainer.net.parameter_count(),
        }
        model = to_model(trainer.average, score["threshold"], metadata, policy=self.policy, task="anomaly")
        model.readout.smoothing_s = score["smoothing_s"]
        for label in model.labels:
            label.refractory_us = round(score["refractory_s"] * 1e6)
        model = in_units_of(model, np.sqrt(residual(model, learned)))
        limit = score["limit_margin"] * float(np.quantile(unlike(model, learned), score["limit_share"]))
        model = in_units_of(model, np.full(len(model.labels), np.sqrt(limit)))
        self._note(model, [r.samples for r in normal if r.split == "validation"], limit)
        path = out / "anomaly.lnn"
        lnn.save(
            add_golden(model, max(learned, key=lambda x: float(np.abs(x).max()))[: int(GOLDEN_S * SAMPLE_RATE_HZ)]),
            path,
        )
        return path

    def _note(self, model: lnn.Model, held_out: list[np.ndarray], limit: float) -> None:
        with LNN(lnn.write(model)) as net:
            heard = [unlikeness(net, samples) for samples in held_out]
        alarms, seconds = sum(len(bands) for _, bands in heard), sum(map(len, held_out)) / SAMPLE_RATE_HZ
        worst = ", ".join(f"{score.max(initial=0.0):.2f}" for score, _ in heard[:12])
        self.notes["What is normal"] = (
            f"Recordings of {self.data.resolve().name}. A score of 0.5 is a mean squared error {limit:.2f} times the usual one: "
            f"{self.recipe['score']['limit_margin']:g} times what {100 * self.recipe['score']['limit_share']:g} % of the sound "
            f"that was learned from stays below. {seconds:.0f} s of held-out normal sound: {alarms} reports; largest score in "
            f"each recording: {worst}."
        )

    def facts(self) -> Facts:
        learned = self.store.split == "training"
        return Facts(
            f"Recordings of normal sound in {self.data.resolve().name}; nothing else was learned from.",
            self.recipe["data"]["licence"],
            "whole recordings held out (ESC's fold, or one file in five by its name), "
            "or the last fifth of each; the last epoch was kept",
            {"recordings": int(learned.sum())},
            self.notes,
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
    """s of every tick of clips, one after the other."""
    with LNN(lnn.write(model)) as net:
        score = np.concatenate([unlikeness(net, samples)[0] for samples in clips])
    return score / (1 - score)


def in_units_of(model: lnn.Model, unit: np.ndarray) -> lnn.Model:
    """The same float model with features in units (n_mels,): squared errors shrink by unit squared, nothing else changes
    but that features are limited at other values."""
    frontend, first, readout = model.frontend, model.cells[0], model.readout
    columns = np.concatenate([unit, np.ones(first.n_units)])
    return dataclasses.replace(
        model,
        frontend=dataclasses.replace(frontend, inv_std=frontend.inv_std / unit),
        cells=[dataclasses.replace(first, wf=first.wf * columns, wa=first.wa * columns), *model.cells[1:]],
        readout=dataclasses.replace(readout, w=readout.w / unit[:, None], b=readout.b / unit),
    )
