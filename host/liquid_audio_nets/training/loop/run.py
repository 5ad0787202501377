"""A run: what every task has in common, from the first batch to the folder with the model and its evidence."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Protocol

import torch

from ..settings import recipe as recipes
from . import report as plots
from .card import Facts, model_card
from .devices import Place, join
from .errors import TrainingError
from .export import runs_in_core
from .loader import batches
from .log import RunLog
from .memory import keep_freed_memory
from .threads import use_threads
from .trainer import LNNTrainer


class Task(Protocol):
    """What is learned, and from what.  Made from (recipe, data folder or None, cache folder, report function)."""

    name: str  # as the recipe calls it
    metric: str  # what the score is, such as "validation accuracy"
    keep: str  # which checkpoint finish() gets: "best", or "last" where choosing by the score would be peeking

    def prepare(self) -> None:
        """Read the data, build or open the frame store.  Raises AudioError for data that cannot be learned from."""

    def trainer(self) -> LNNTrainer:
        """A new one, features normalised."""

    def batch(self, size: int, seed: int) -> Any:
        """A batch for the trainer, the same for the same seed."""

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """{"score": higher is better}, and where they make sense "labels", "per_label" {label: recall}, "confusion"
        (rows: truth) and other numbers, which the log keeps."""

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """Calibrate and export `<name>.lnn` with golden vectors into out; returns its path."""

    def facts(self) -> Facts:
        """For the card, after finish()."""


@dataclass
class Progress:
    """After a step: which one of how many, its loss, seconds left; metrics of the last evaluation."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    metrics: dict


@dataclass
class Run:
    """Settings that all tasks share.  An epoch is epoch_steps batches; ahead: a second process makes them;
    precision: "float32" or "bf16"; recipe: the resolved one, kept in the run folder; exported: filled by train(), what the
    task's evaluate() says of the network that was exported, and its "step"."""

    out: Path
    epochs: int = 100
    epoch_steps: int = 200
    batch: int = 256
    seed: int = 1
    threads: int = 1
    ahead: bool = True
    report: Callable[[str], None] = lambda text: None
    progress: Callable[[Progress], None] = lambda progress: None
    device: str = "auto"
    precision: str = "float32"
    recipe: dict[str, Any] = field(default_factory=dict)
    exported: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: dict[str, Any], out: Path, **more: Any) -> "Run":
        """The run of a resolved recipe."""
        train = recipe["train"]
        names = ("epochs", "epoch_steps", "batch", "seed", "threads", "precision")
        return cls(Path(out), recipe=recipe, **{k: train[k] for k in names if k in train}, **more)

    @property
    def steps(self) -> int:
        return self.epochs * self.epoch_steps


def train(task: Task, run: Run) -> Path | None:
    """Train, or go on with what is in run.out; returns the path of the best model's file, in the processes of a group
    that are not the first None.

    Written after every epoch: log.csv, last.safetensors, best.safetensors.  KeyboardInterrupt passes through; a later call
    goes on from the last epoch and comes to the same weights, but for dropout and in several processes, which all go on from
    the first one's streams.  Raises TrainingError, and AudioError for data that cannot be learned from."""
    if run.precision not in ("float32", "bf16"):
        raise TrainingError(f"no precision '{run.precision}'; give float32 or bf16")
    use_threads(run.threads)
    keep_freed_memory()
    place = join(run.device)
    try:
        if place.rank == 0:
            run.out.mkdir(parents=True, exist_ok=True)
        place.in_turn(task.prepare)
        trainer = _start_or_resume(task, run, place)
        _epochs(task, run, place, trainer)
        return finish(task, run) if place.rank == 0 else None
    finally:
        place.leave()


def _start_or_resume(task: Task, run: Run, place: Place) -> LNNTrainer:
    checkpoint = run.out / "last.safetensors"
    if checkpoint.exists():
        trainer = LNNTrainer.load(checkpoint)
        _refuse_another_model(run, trainer.recipe, checkpoint)
        if run.recipe:
            trainer.change(run.recipe["train"])
        if place.rank == 0:
            run.report(f"resuming at step {trainer.step}")
    else:
        trainer = task.trainer()
    trainer.config.total_steps, trainer.recipe = run.steps, run.recipe
    if place.rank == 0:
        (run.out / "config.json").write_text(
            json.dumps(
                {
                    "task": task.name,
                    "trainer": asdict(trainer.config),
                    "torch": torch.__version__,
                    "processes": place.world,
                    "device": str(place.device),
                    "recipe": run.recipe,
                },
                indent=1,
                default=str,
            )
        )
        if run.recipe:
            (run.out / "recipe.toml").write_text(recipes.to_toml(run.recipe))
    if not place.same(trainer.step):
        raise TrainingError(
            f"the processes find different checkpoints in {run.out}; it must be a folder that all share"
        )
    return trainer.to(place.device, run.precision == "bf16", parallel=place.world > 1)


def _refuse_another_model(run: Run, old: dict[str, Any], checkpoint: Path) -> None:
    """old: the recipe that the checkpoint was made by, empty where it was made by none."""
    if not run.recipe or not old:
        return
    if old["task"] != run.recipe["task"]:
        raise TrainingError(
            f"{checkpoint} is of the task {old['task']}, not {run.recipe['task']}; give another --out or delete it"
        )
    learned = ("labels", "say", "positives", "columns", "forecast", "horizon_s")
    for table, key in [("model", k) for k in old["model"]] + [("data", k) for k in learned]:
        was, wanted = old[table].get(key), run.recipe[table].get(key)
        if was != wanted:
            raise TrainingError(
                f"{checkpoint} is of another network ({table}.{key} = {was}, not {wanted}); "
                "give another --out or delete it"
            )


def _epochs(task: Task, run: Run, place: Place, trainer: LNNTrainer) -> None:
    log = RunLog(run.out, trainer.step) if place.rank == 0 else None
    began, first, steps = time.monotonic(), trainer.step, run.steps

    def after(trainer: LNNTrainer, loss: float) -> None:
        pace = (time.monotonic() - began) / max(trainer.step - first, 1)
        run.progress(Progress(trainer.step, steps, loss, pace * (steps - trainer.step), trainer.metrics))

    while trainer.step < steps:
        count = min(run.epoch_steps - trainer.step % run.epoch_steps, steps - trainer.step)
        epoch_began = time.monotonic()
        made = batches(task.batch, run.batch, trainer.step, count, run.seed, run.ahead, place.rank, place.world)
        loss = trainer.fit(made, after if log else None)
        if log:
            _end_epoch(task, run, trainer, loss, time.monotonic() - epoch_began, log)
        place.wait()


def _end_epoch(task: Task, run: Run, trainer: LNNTrainer, loss: float, seconds: float, log: RunLog) -> None:
    trainer.average.cpu()  # no task has to know of GPUs
    result = task.evaluate(trainer)
    trainer.average.to(trainer.device)
    score, best = result["score"], run.out / "best.safetensors"
    trainer.metrics = {task.metric: score, "per_label": result.get("per_label", {}), "loss": loss}
    better = score >= trainer.best or not best.exists()
    if better:
        trainer.best = score
        trainer.save(best)
    numbers = {k: v for k, v in result.items() if k not in ("score", "clips") and isinstance(v, (int, float))}
    log.add(
        {
            "step": trainer.step,
            "epoch": -(-trainer.step // run.epoch_steps),
            "loss": loss,
            task.metric: score,
            "seconds": seconds,
            "learning_rate": trainer.learning_rate(trainer.step - 1),
            **numbers,
            **result.get("per_label", {}),
        }
    )
    trainer.save(run.out / "last.safetensors")
    run.report(f"step {trainer.step} of {run.steps}: loss {loss:.3f}, {task.metric} {score:.4f}")


def finish(task: Task, run: Run) -> Path:
    """Export the checkpoint of run.out that the task keeps and write the evidence beside it; the task is prepared.  Returns
    the path of the model's file, of networks that the core does not run that of the checkpoint."""
    trainer = LNNTrainer.load(run.out / f"{task.keep}.safetensors")
    config = trainer.net.config
    if runs_in_core(config):
        run.report(
            "calibrating and exporting"
            + (
                f"; trained with solver '{config.ode_solver}', measured and exported with the core's fused step"
                if config.ode_solver != "fused"
                else ""
            )
        )
        trainer.average = trainer.average.solved_by("fused")
        path = task.finish(trainer, run.out)
    else:
        run.report(f"the core does not run '{config.cell_kind}': no .lnn")
        path = run.out / f"{task.keep}.safetensors"
    result, facts = task.evaluate(trainer), task.facts()  # what was calibrated counts
    run.exported = result | {"step": trainer.step}
    plots.write(run.out, task.metric, result, facts.det, run.report)
    (run.out / "card.md").write_text(model_card(path, task.name, task.metric, trainer, result, facts))
    return path
