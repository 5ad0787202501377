# SPDX-License-Identifier: MIT
"""A task of random clips for tests of the training frame; run by torchrun it trains in several processes.

Arguments: run folder, and if it is not the same for all the second process's.
"""

import dataclasses
import os
import sys
import time
from pathlib import Path

import torch
from liquid_audio_nets.lnn import save
from liquid_audio_nets.training.data.batches import Batch
from liquid_audio_nets.training.loop.card import Facts
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.loop.trainer import LNNTrainer

LABELS = ("yes", "no", "_silence_")
SEED = 3


class TinyTask:
    """Three kinds of random clips; score: a number that the test may set, else the share of right answers."""

    name, metric, keep = "tiny", "share right", "best"

    def __init__(self, scores=(), arch="ltc", solver="fused"):
        self.scores, self.arch, self.solver = list(scores), arch, solver

    def prepare(self):
        pass

    def trainer(self):
        return LNNTrainer(
            {
                "input_dim": 40,
                "hidden_dim": (6,),
                "labels": LABELS,
                "seed": SEED,
                "learning_rate": 0.02,
                "warmup_steps": 2,
                "cell_kind": self.arch,
                "ode_solver": self.solver,
            }
        )

    def batch(self, size, seed):
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randint(3, (size,), generator=generator)
        log_mel = torch.randn(size, 8, 40, generator=generator) * 0.3 + (labels - 1).view(-1, 1, 1)
        return Batch.of_clips(log_mel, labels, 3)

    def evaluate(self, trainer):
        if self.scores:
            return {"score": self.scores.pop(0)}
        batch = self.batch(64, 1)
        with torch.no_grad():
            outputs, _ = trainer.average(batch.log_mel, batch.dt, batch.closed_s)
        right = batch.allowed[-1].gather(1, outputs[-1].argmax(1, keepdim=True))
        return {"score": right.float().mean().item(), "clips": 64}

    def next_stage(self, trainer):
        pass

    def go_on(self, trainer):
        pass

    def finish(self, trainer, out):
        save(to_model(trainer.average), out / "tiny.lnn")
        return out / "tiny.lnn"

    def facts(self):
        return Facts("random numbers", "none", "none")


class Doubled(TinyTask):
    """The batches of two processes as one."""

    def batch(self, size, seed):
        step = seed - SEED * 10_000_000
        if not 0 <= step < 10_000:
            return super().batch(size, seed)
        first, second = (super(Doubled, self).batch(size, seed + step + rank) for rank in (0, 1))
        joined = {
            k: torch.cat([v, vars(second)[k]], -1 if v.dim() == 1 else 1)
            for k, v in vars(first).items()
            if isinstance(v, torch.Tensor)
        }
        return dataclasses.replace(first, **joined)


def run_of(out, **more):
    """A run of settings by name; those that are no settings of a recipe's [train] are the run's own."""
    own = {k: more.pop(k) for k in ("report", "progress", "device") if k in more}
    train = {
        "epochs": 2,
        "epoch_steps": 10,
        "batch": 16,
        "seed": SEED,
        "seeds": 1,
        "learning_rates": [],
        "threads": 1,
        "precision": "float32",
        "start_from": "",
    }
    recipe = {"task": "tiny", "data": {}, "model": {}, "train": train | more}
    return Run(Path(out), recipe, ahead=False, **{"device": "cpu"} | own)


class Cached(TinyTask):
    """Builds a cache, slowly; fails where two processes do so at once."""

    def __init__(self, cache):
        super().__init__()
        self.cache = cache

    def prepare(self):
        if not self.cache.exists():
            time.sleep(0.5)
            self.cache.open("x").close()


if __name__ == "__main__":
    out = Path(sys.argv[1 if os.environ["RANK"] == "0" else -1])
    out.mkdir(parents=True, exist_ok=True)
    task = Cached(out / "cache")
    kept = []
    task.trainer, make = lambda: kept.append(make()) or kept[0], task.trainer
    path = train(task, run_of(out))
    kept[0].save(out / ("first.safetensors" if path else "second.safetensors"))
