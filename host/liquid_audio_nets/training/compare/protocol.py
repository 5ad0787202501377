# SPDX-License-Identifier: MIT
"""How all networks are trained and measured alike: the same sounds, steps, batch size, optimiser and loss."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...lnn.whole_file import replacing
from ..data.augment import Augment
from ..data.frame_store import BLOCK_S, FrameStore
from ..data.placement import Chooser, Mixture
from ..data.schedule import Policy
from ..data.word_batches import Timing, WordBatches
from ..loop.evaluation import validation_clips
from ..loop.trainer import LNNTrainer
from ..nets.registry import DROPPING, macs_per_run, macs_per_second, named, settings
from ..settings.recipe import build, load
from .lost_frames import LOSSES, accuracy, fills
from .replay import Replay, every_tick
from .rooms import Rooms, figures
from .windows import Windows, answers

TICK_BLOCKS = 2  # 20 ms
SOUNDS = {  # in which the sounds of the published table differ from the recipe keywords
    "augment.synthetic_warp": 0.08,
    "augment.synthetic_warp_share": 0.45,
    "augment.synthetic_tilt_db": 5.0,
    "mixture.synthetic_keyword": 0.15,
    "timing.stream_share": 0.0,
    "timing.tick_blocks": [TICK_BLOCKS],
}


@dataclass(frozen=True)
class Protocol:
    """steps: of `batch` clips of one second, 20 ms per frame; search_steps: of each short run that searches the peak
    learning rate among learning_rates, where the lowest mean loss of the last fifth wins."""

    steps: int = 1200
    batch: int = 128
    warmup_steps: int = 100
    ema_decay: float = 0.995
    label_smoothing: float = 0.03
    smoothing_s: float = 0.06
    seeds: tuple[int, ...] = (1, 2, 3)
    search_steps: int = 150
    learning_rates: tuple[float, ...] = (3e-3, 8e-3)


class Comparison:
    """Runs of one protocol on one frame store; all results are kept in `out`, so that each is made once."""

    def __init__(
        self,
        store: FrameStore,
        labels: tuple[str, ...],
        out: Path,
        protocol: Protocol = Protocol(),
        report: Callable[[str], None] = lambda text: None,
        progress: Callable[[int, int], None] = lambda done, of: None,
        data: Path | None = None,
    ):
        """data: recordings of the words and of other sounds, to hear as streams.  Raises AudioError if it lacks either."""
        self.data = data
        self.store, self.labels, self.out, self.protocol = store, labels, Path(out), protocol
        self.report, self.progress = report, progress
        self.windows = Windows.of(store, validation_clips(store, labels), TICK_BLOCKS)

    @cached_property
    def replay(self) -> Replay:
        """The batches that all networks are trained on."""
        p = self.protocol
        r = load("keywords", SOUNDS.items())
        chooser = Chooser(self.store, self.labels, build(Mixture, r["mixture"]))
        augment, timing, policy = build(Augment, r["augment"]), build(Timing, r["timing"]), build(Policy, r["policy"])
        maker = WordBatches(self.store, chooser, self.labels, augment, timing, policy)
        return Replay(self.out / "batches", maker, p.steps, p.batch, progress=lambda done: self.progress(done, p.steps))

    @cached_property
    def rooms(self) -> Rooms | None:
        """The streams that all networks hear; None without recordings."""
        if self.data is None:
            return None
        return Rooms.read(self.data, self.labels, TICK_BLOCKS * BLOCK_S, lambda: None)

    def run(self, name: str, seed: int) -> dict[str, Any]:
        """The result of one run, kept as out/<name>-<seed>.json beside its checkpoint; it is trained if it is missing."""
        path = self.out / f"{name}-{seed}.json"
        if made := self._made(path):
            return made
        began = time.process_time()
        trainer = self._trainer(name, seed, self.protocol.steps, settings(name)["learning_rate"])
        losses = self._train(trainer, self.replay.order(seed), named(name).liquid or name.endswith(DROPPING))
        seconds = time.process_time() - began
        trainer.save(path.with_suffix(".safetensors"))
        right = answers(trainer.average, self.windows) == self.windows.label
        config = trainer.net.config
        result: dict[str, Any] = {
            "arch": name,
            "seed": seed,
            "accuracy": float(right.mean()),
            "clips": len(right),
            "parameters": trainer.net.parameter_count(),
            "macs_per_run": macs_per_run(config),
            "macs_per_second": macs_per_second(config),
            "learning_rate": trainer.config.learning_rate,
            "loss": float(np.mean(losses[-100:])),
            "cpu_s": round(seconds, 1),
            "protocol": asdict(self.protocol),
        }
        _write(path, result)
        for made_of_it in (".lost.json", ".rooms.json"):
            path.with_suffix(made_of_it).unlink(missing_ok=True)
        self.report(f"{name}, seed {seed}: {result['accuracy'] * 100:.2f} % in {seconds:.0f} s")
        return result | {"protocol": json.loads(json.dumps(result["protocol"]))}

    def _made(self, path: Path) -> dict[str, Any] | None:
        """The result in path; None if there is none or another protocol made it."""
        result = json.loads(path.read_text()) if path.exists() else {}
        now = json.loads(json.dumps(asdict(self.protocol)))
        return result if result and {**result["protocol"], "seeds": None} == {**now, "seeds": None} else None

    def results(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Results of the runs that were made, of this protocol's seeds."""
        paths = [self.out / f"{name}-{seed}.json" for name in names for seed in self.protocol.seeds]
        return [made for path in paths if (made := self._made(path))]

    def lost(self, name: str, seed: int) -> dict[str, dict[str, float]]:
        """fill -> loss -> accuracy of a trained run with frames lost, kept beside its result."""
        path = self.out / f"{name}-{seed}.lost.json"
        if not path.exists():
            net = LNNTrainer.load(self.out / f"{name}-{seed}.safetensors").average
            found = {fill: {loss: accuracy(net, self.windows, loss, fill) for loss in LOSSES} for fill in fills(name)}
            _write(path, found)
        lost: dict[str, dict[str, float]] = json.loads(path.read_text())
        return lost

    def in_rooms(self, name: str, seed: int) -> dict[str, float]:
        """What rooms.figures() says of a trained run, kept beside its result; empty without recordings."""
        path = self.out / f"{name}-{seed}.rooms.json"
        if not path.exists():
            if self.rooms is None:
                return {}
            net = LNNTrainer.load(self.out / f"{name}-{seed}.safetensors").average
            _write(path, figures(self.rooms.test(net, named(name).windowed)))
        found: dict[str, float] = json.loads(path.read_text())
        return found

    def search(self, name: str) -> dict[str, float]:
        """Peak learning rate -> loss at the end of a short run, for one network; kept in out/search.json."""
        path = self.out / "search.json"
        found: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
        for rate in self.protocol.learning_rates:
            if str(rate) not in found.setdefault(name, {}):
                trainer = self._trainer(name, 1, self.protocol.search_steps, rate)
                losses = self._train(trainer, self.replay.order(1)[: self.protocol.search_steps], named(name).liquid)
                found[name][str(rate)] = float(np.mean(losses[-len(losses) // 5 :]))
                _write(path, found)
                self.report(f"{name}, learning rate {rate}: loss {found[name][str(rate)]:.4f}")
        return found[name]

    def _trainer(self, name: str, seed: int, steps: int, learning_rate: float) -> LNNTrainer:
        p = self.protocol
        trainer = LNNTrainer(
            {
                **settings(name),
                "labels": self.labels,
                "seed": seed,
                "total_steps": steps,
                "optimizer": "adamw",
                "learning_rate": learning_rate,
                "warmup_steps": min(p.warmup_steps, steps // 3),
                "ema_decay": p.ema_decay,
                "label_smoothing": p.label_smoothing,
                "smoothing_s": p.smoothing_s,
            }
        )
        first = [self.replay.batch(i).log_mel.flatten(0, 1) for i in range(min(12, len(self.replay)))]
        trainer.normalise(torch.cat(first).unsqueeze(0))
        return trainer

    def _train(self, trainer: LNNTrainer, order: np.ndarray, timed: bool) -> list[float]:
        """Returns the losses.  timed: with the timesteps of the engine's policy and of dt_augment, else a step at every tick."""
        losses: list[float] = []
        for done, i in enumerate(order):
            batch = self.replay.batch(int(i))
            losses.append(trainer.train_step(batch if timed else every_tick(batch, TICK_BLOCKS * BLOCK_S)))
            self.progress(done + 1, len(order))
        return losses


def _write(path: Path, found: dict[str, Any]) -> None:
    """As a whole, so that an interrupt leaves no partial result."""
    with replacing(path) as part:
        part.write_text(json.dumps(found, indent=1))
