# SPDX-License-Identifier: MIT
"""A run: what every task has in common, from the first batch to the folder with the model and its evidence."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from ...errors import LiquidError
from ..settings import recipe as recipes
from ..settings.errors import TrainingError
from . import report as plots
from .card import Facts, model_card
from .checkpoints import recipe_of
from .crowd import Crowd, refuse_impossible
from .devices import Place, join
from .export import runs_in_core
from .interrupts import between_steps
from .loader import batches
from .log import RunLog
from .memory import keep_freed_memory
from .sizes import describe
from .start_from import start_from
from .threads import use_threads
from .trainer import LNNTrainer


class Task(Protocol):
    """What is learned, and from what."""

    name: str  # as the recipe calls it
    metric: str  # what the score is, such as "validation accuracy"
    cache: Path  # the folder of the frame store
    keep: str  # the checkpoint that finish() gets: "best", or "last" if choosing by the score would be peeking

    def prepare(self) -> None:
        """Reads the data; builds or opens the frame store.  Raises AudioError for data that cannot be learned from."""

    def trainer(self) -> LNNTrainer:
        """A new trainer with normalised features."""

    def batch(self, size: int, seed: int) -> Any:
        """A batch for the trainer, the same for the same seed."""

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """Measures the averaged weights.

        Returns {"score": higher is better}, "rank" if the score alone does not choose the best checkpoint, a tuple of numbers
        of which the first counts first, if they make sense "labels", "per_label" {label: recall} and "confusion"
        (rows of the truth), and other numbers, which the log keeps."""

    def next_stage(self, trainer: LNNTrainer) -> None:
        """After each epoch but the last: fits what is learned from to the network, and keeps what go_on() needs in
        trainer.kept."""

    def go_on(self, trainer: LNNTrainer) -> None:
        """Before the first batch: takes what is in trainer.kept, empty in a new training."""

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """Calibrates, exports `<name>.lnn` with golden vectors into out, and returns its path."""

    def facts(self) -> Facts:
        """For the card, after finish()."""


@dataclass
class Progress:
    """After a step: which one of how many, its loss, seconds left; metrics of the last evaluation."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    metrics: dict[str, Any]


@dataclass
class Run:
    """Where and how a recipe is carried out.

    out: the run folder; recipe: with all settings of its task; report: takes what the user should know, one line per
    call; progress: is called after each step; device: auto, cpu or cuda; ahead: a second process makes the batches.
    exported: filled by train() with what the task's evaluate() says of the exported network, its "step" and its "seed"; missed:
    with the goals of the recipe that it does not reach, a sentence each."""

    out: Path
    recipe: dict[str, Any]
    report: Callable[[str], None] = lambda text: None
    progress: Callable[[Progress], None] = lambda progress: None
    device: str = "auto"
    ahead: bool = True
    exported: dict[str, Any] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe's table [train]."""
        table: dict[str, Any] = self.recipe["train"]
        return table

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return int(self.settings["epochs"] * self.settings["epoch_steps"])

    @property
    def last(self) -> Path:
        """The checkpoint from which the run goes on."""
        return self.out / "last.safetensors"


def train(task: Task, run: Run) -> Path | None:
    """Trains, or goes on with what is in run.out; returns the path of the best model's file, or None in those processes
    of a group that are not the first.

    Each epoch writes log.csv, last.safetensors and best.safetensors.  KeyboardInterrupt passes through after the state is
    saved; a later call goes on from that step and comes to the same weights, except for dropout and for several processes,
    which all go on from the first one's streams.  Raises RecipeError if the run in run.out was made with other settings,
    before anything is read or written, TrainingError, also for several networks at once where
    that cannot be, and AudioError for data that cannot be learned from."""
    if run.settings["precision"] not in ("float32", "bf16"):
        raise TrainingError(f"no precision '{run.settings['precision']}'; give float32 or bf16")
    if run.last.exists():
        recipes.refuse_difference(recipe_of(run.last) or run.recipe, run.recipe, run.out)
    use_threads(run.settings["threads"])
    keep_freed_memory()
    place = join(run.device)
    try:
        refuse_impossible(run.settings, place.world)
        place.in_turn(task.prepare)
        if place.rank == 0:  # not before: data that cannot be used leave no empty folder
            run.out.mkdir(parents=True, exist_ok=True)
        _epochs(task, run, place, _start_or_resume(task, run, place))
        return finish(task, run) if place.rank == 0 else None
    finally:
        place.leave()


def _start_or_resume(task: Task, run: Run, place: Place) -> Crowd:
    resumed, settings = run.last.exists(), run.settings
    if resumed:
        crowd = Crowd.load(run.last, task.metric)
    else:
        crowd = Crowd.of(task.trainer(), task.metric, settings["seeds"], settings["learning_rates"])
    for trainer in crowd.members:
        if settings["start_from"] and not resumed:
            start_from(trainer, settings["start_from"])
        trainer.config.total_steps, trainer.recipe = run.steps, run.recipe
    config = crowd.members[0].config
    if place.rank == 0:
        if resumed:
            run.report(f"resuming at step {crowd.step}")
        run.report(describe(crowd.leader.net))
        if config.warmup < config.warmup_steps:
            run.report(
                f"{run.steps} steps are few: the learning rate reaches its peak after {config.warmup} steps, not "
                f"after {config.warmup_steps}"
            )
        facts: dict[str, Any] = {"task": task.name, "trainer": config.to_dict(), "torch": torch.__version__}
        facts |= {"processes": place.world, "device": str(place.device)}
        (run.out / "config.json").write_text(json.dumps(facts, indent=1))
        (run.out / "recipe.toml").write_text(recipes.to_toml(run.recipe))
    if not place.same(crowd.step):
        raise TrainingError(
            f"the processes find different checkpoints in {run.out}; it must be a folder that all share"
        )
    for trainer in crowd.members:
        trainer.to(place.device, settings["precision"] == "bf16", parallel=place.world > 1)
    return crowd


def _epochs(task: Task, run: Run, place: Place, crowd: Crowd) -> None:
    log = RunLog(run.out, crowd.step) if place.rank == 0 else None
    settings, steps, first, began = run.settings, run.steps, crowd.step, time.monotonic()
    length = settings["epoch_steps"]
    losses: list[float] = crowd.leader.metrics.pop("losses", [])  # of an epoch that was interrupted

    def after(loss: float) -> None:
        losses.append(loss)
        pace = (time.monotonic() - began) / (crowd.step - first)
        if log:
            run.progress(Progress(crowd.step, steps, loss, pace * (steps - crowd.step), crowd.leader.metrics))
        check()

    def save() -> None:
        if log:
            crowd.leader.metrics["losses"] = losses
            crowd.save(run.last)
            del crowd.leader.metrics["losses"]

    epoch_began = time.monotonic()
    task.go_on(crowd.leader)
    if run.settings["start_from"] and not crowd.step:  # it has learned something already
        task.next_stage(crowd.leader)
    if losses and crowd.step % length == 0:  # the epoch was trained but not measured
        _end_epoch(task, run, crowd, losses, 0.0, log)
        losses.clear()
    while crowd.step < steps:
        count = min(length - crowd.step % length, steps - crowd.step)
        made = batches(
            task.batch, settings["batch"], crowd.step, count, settings["seed"], run.ahead, place.rank, place.world
        )
        try:
            with between_steps() as check:
                crowd.fit(made, after)
        except KeyboardInterrupt:
            save()
            raise
        save()
        _end_epoch(task, run, crowd, losses, time.monotonic() - epoch_began, log)
        place.wait()
        losses.clear()
        epoch_began = time.monotonic()


def _end_epoch(task: Task, run: Run, crowd: Crowd, losses: list[float], seconds: float, log: RunLog | None) -> None:
    """Measures, logs, and saves the checkpoints if this process has a log; prepares the next stage in every process."""
    if log:
        _measure(task, run, crowd, losses, seconds, log)
    if crowd.step < run.steps:
        task.next_stage(crowd.leader)
    if log:
        crowd.save(run.last)


def _measure(task: Task, run: Run, crowd: Crowd, losses: list[float], seconds: float, log: RunLog) -> None:
    loss, best = sum(losses) / len(losses), run.out / "best.safetensors"
    reached, begins, results = max(member.best for member in crowd.members), not best.exists(), {}
    for member in crowd.members:
        member.average.cpu()  # no task has to know of GPUs
        result = results[id(member)] = task.evaluate(member)
        member.average.to(member.device)
        score, rank = result["score"], tuple(result.get("rank", (result["score"],)))
        member.metrics = {task.metric: score, "rank": rank, "per_label": result.get("per_label", {}), "loss": loss}
        if begins or len(rank) != len(member.best) or rank >= member.best:
            member.best = rank
    leader = crowd.leader
    result, score, rank = results[id(leader)], leader.metrics[task.metric], leader.metrics["rank"]
    if begins or len(rank) != len(reached) or rank >= reached:
        leader.save(best)
    numbers = {k: v for k, v in result.items() if k not in ("score", "clips") and isinstance(v, (int, float))}
    log.add(
        {
            "step": crowd.step,
            "epoch": -(-crowd.step // run.settings["epoch_steps"]),
            "loss": loss,
            task.metric: score,
            "seconds": seconds,
            "learning_rate": leader.learning_rate(crowd.step - 1),
            **numbers,
            **result.get("per_label", {}),
            **{name: member.metrics[task.metric] for name, member in crowd.by_name().items()},
        }
    )
    run.report(f"step {crowd.step} of {run.steps}: loss {loss:.3f}, {task.metric} {score:.4f}")


def finish(task: Task, run: Run) -> Path:
    """Exports the checkpoint of run.out that the task keeps and writes the evidence beside it.

    The task must be prepared.  Returns the path of the model's file, or that of the checkpoint if the core does not run
    such a network.  Raises TrainingError if it cannot be exported; the checkpoints stay."""
    checkpoint = run.out / f"{task.keep}.safetensors"
    trainer = LNNTrainer.load(checkpoint)
    config = trainer.net.config
    try:
        if runs_in_core(config):
            solved = f"; trained with solver '{config.ode_solver}', measured and exported with the core's fused step"
            run.report("calibrating and exporting" + solved * (config.ode_solver != "fused"))
            trainer.average = trainer.average.solved_by("fused")
            path = task.finish(trainer, run.out)
        else:
            run.report(f"the core does not run '{config.cell_kind}': no .lnn")
            path = checkpoint
        result, facts = task.evaluate(trainer), task.facts()  # after calibration, because it changes the network
    except (LiquidError, OSError) as error:
        raise TrainingError(
            f"the training is complete and {checkpoint} holds it, but it could not be exported: {error}. The same "
            "command will export it without training again"
        ) from error
    run.exported, run.missed = result | {"step": trainer.step, "seed": trainer.config.seed}, facts.missed
    crowd = Crowd.load(run.last, task.metric)
    (run.out / "card.md").write_text(model_card(path, task.name, crowd, trainer, result, facts))
    plots.write(run.out, task.metric, result, facts.det, run.report)
    return path
