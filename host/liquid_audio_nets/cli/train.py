# SPDX-License-Identifier: MIT
"""liquid-train: from a folder of recordings to an .lnn file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ..lnn.layout import LIMITS
from . import console

if TYPE_CHECKING:
    from ..training.loop.run import Progress, Run, Task

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

EXAMPLES = console.examples(
    "liquid-train keywords --data speech_commands --out runs/first",
    "liquid-train keywords --data recordings --out runs/mine --labels lights,music,_unknown_,_silence_ --epochs 40",
    "liquid-train keywords --data speech_commands --out runs/computer --say computer",
    "liquid-train wake-word --data recordings --out runs/alexa --say alexa --voices espeak-ng,flite,kokoro",
    "liquid-train wake-word --data recordings --out runs/computer --teacher auto",
    "liquid-train keywords --data recordings --out runs/mine --seeds 4",
    "liquid-train keywords --print > mine.toml",
    "liquid-train mine.toml --data recordings --out runs/mine --set train.seed=2",
    "torchrun --nproc_per_node=2 -m liquid_audio_nets.cli.train keywords --data recordings --out runs/mine",
)


@app.command(epilog=EXAMPLES, no_args_is_help=True)
def liquid_train(
    recipe: Annotated[str | None, typer.Argument(help="A recipe's name (see --list), or a .toml file.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of recordings. For keywords it has one folder of sound files per word."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run, for the model, card, plots, log and checkpoints.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the recipes.")] = False,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the recipe with all its settings, to copy and edit.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting of the recipe. May be repeated."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Labels, separated by commas, such as yes,no,_unknown_,_silence_.")
    ] = None,
    say: Annotated[
        str | None,
        typer.Option(
            help="Words that are learned from synthetic speech alone, not from --data. With wake-word it takes the recipe said-word."
        ),
    ] = None,
    voices: Annotated[
        str | None,
        typer.Option(
            help="Who speaks all synthetic speech: of espeak-ng, flite and kokoro, separated by commas. kokoro speaks "
            "naturally; it is downloaded once."
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(help="Folder of ten or so recordings of your own of the words of --say, to learn from as well."),
    ] = None,
    synthetic: Annotated[
        int | None, typer.Option(help="How many times each keyword is also spoken by synthetic voices.", min=0)
    ] = None,
    cells: Annotated[
        str | None,
        typer.Option(
            help="The cells: units of each, such as 64,64; grid:WIDTHxSTRIDExFILTERS before them puts a liquid grid first, "
            "such as grid:8x4x8,64."
        ),
    ] = None,
    hidden: Annotated[str | None, typer.Option(hidden=True)] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            help="Another network in the same pipeline, with its own units and learning rate: gru, fastgrnn, ds_cnn, "
            "bc_resnet_1, ltc_const or cfc."
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="auto|FILE",
            help="A larger network to learn from: its checkpoint or model (.lnn), or auto to train one first, in --out/teacher.",
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Number of epochs.", min=1)] = None,
    epoch_steps: Annotated[int | None, typer.Option(help="Batches per epoch.", min=1)] = None,
    batch: Annotated[int | None, typer.Option(help="Sequences per batch, in each process.", min=2)] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate; it falls as a cosine.", min=0.0)
    ] = None,
    learning_rates: Annotated[
        str | None,
        typer.Option(
            help="Train a network at each of these rates at once, such as 0.006,0.012, and keep the best one."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Equal seeds give equal runs.", min=0)] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Train networks of so many seeds at once on the same batches, and keep the best one.", min=1),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of torch.", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    cache: Annotated[
        Path | None, typer.Option(help="Folder of prepared frames that several runs may share. Default: in --out.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a network by a recipe.

    The folder of the run gets the model, its card, the training curves, the confusion matrix, misses against false
    alarms, log.csv, TensorBoard events, and the settings as recipe.toml. Options that are left out keep the recipe's
    values. The same command again continues a run that was interrupted. The exit code is 6 if the network does not reach
    the recipe's [goals].
    """
    from ..training.settings import recipe as recipes

    if list_:
        return _list(recipes.names(), json)
    if recipe is None:
        raise console.CommandError("no recipe was given; liquid-train --list shows the recipes")
    flags = {
        "data.labels": labels,
        "data.say": say,
        "data.voices": voices,
        "data.recordings": recordings and str(recordings),
        "data.synthetic": synthetic,
        "model.cell_kind": arch,
        "train.distill_from": teacher if teacher != "auto" else None,
        "train.epochs": epochs,
        "train.epoch_steps": epoch_steps,
        "train.batch": batch,
        "train.learning_rate": learning_rate,
        "train.learning_rates": learning_rates,
        "train.seed": seed,
        "train.seeds": seeds,
        "train.threads": threads,
    }
    if recipe == "wake-word" and say and not (cells or hidden or arch):
        recipe = "said-word"  # the same task with what suits a word that nobody recorded
    changes = _sizes_of(arch) + [_assignment(text) for text in set_ or ()]
    changes += [(k, v) for k, v in flags.items() if v is not None]
    changes += _cells(cells or hidden, "grid" in recipes.load(recipe)["model"])
    settings = recipes.load(recipe, changes, _saved(out))
    if print_:
        console.out.file.write(recipes.to_toml(settings) if changes else recipes.text(recipe))
        return
    if out is None:
        raise console.CommandError("--out is missing; give a folder for the run")
    cache = cache or out / "cache"
    if teacher == "auto":
        settings["train"]["distill_from"] = _teacher(settings, data, out / "teacher", device, cache)
    path, task, run = _train(settings, data, out, device, cache)
    if path and json:
        console.print_json(_summary(path, task, run))
    elif path:
        console.out.print(str(path))
    if run.missed:
        raise console.CommandError(" ".join(run.missed), console.Exit.GATE)


def _teacher(settings: dict[str, Any], data: Path | None, out: Path, device: str, cache: Path) -> str:
    """The checkpoint of a larger network with the same data, trained in out unless it was before."""
    from ..training.settings import recipe as recipes

    if not (out / "card.md").exists():
        wanted = recipes.teacher_of(settings)
        units = " and ".join(map(str, wanted["model"]["hidden_dim"]))
        console.note(f"training a teacher with cells of {units} units in {out}")
        _train(wanted, data, out, device, cache)
    return str((out / "best.safetensors").resolve())


def _saved(out: Path | None) -> dict[str, Any] | None:
    """The recipe of the run that lies in out, None if there is none to go on with."""
    if out is None or not (out / "last.safetensors").exists():
        return None
    from ..training.loop.checkpoints import recipe_of

    return recipe_of(out / "last.safetensors")


def _list(recipes: dict[str, str], json: bool) -> None:
    if json:
        return console.print_json(recipes)
    for name, purpose in recipes.items():
        console.out.print(Text.assemble((f"{name:15}", "bold"), purpose))


def _train(
    settings: dict[str, Any], data: Path | None, out: Path, device: str, cache: Path
) -> tuple[Path | None, Task, Run]:
    """The path of the model's file, None in processes that are not the first; the task and the run."""
    from ..training.loop.run import Run, train
    from ..training.tasks.registry import make_task

    first = os.environ.get("RANK", "0") == "0"  # of several processes started by torchrun only the first one prints

    def report(text: str) -> None:
        if first:
            console.note(text)

    with console.progress_bar() as bar:
        line = bar.add_task("training", total=None, visible=first)

        def prepared(done: int, total: int) -> None:
            bar.update(line, total=total, completed=done, description="preparing sound")

        task = make_task(settings, data, cache, report, prepared)

        def show(p: Progress) -> None:
            score = p.metrics.get(task.metric)
            reached = f", {task.metric} {score:.4f}" if score is not None else ""
            bar.update(line, total=p.steps, completed=p.step, description=f"loss {p.loss:.3f}{reached}")

        run = Run(out, settings, device=device, progress=show, report=report)
        try:
            path = train(task, run)
        except KeyboardInterrupt:
            raise console.CommandError("interrupted; run the same command again to continue where it stopped") from None
    return path, task, run


def _summary(path: Path, task: Task, run: Run) -> dict[str, Any]:
    """For --json.  score and step: of the network that was exported, from the checkpoint `kept`, "best" or "last"."""
    from ..training.loop.log import read_log

    return {
        "model": str(path),
        "out": str(run.out),
        "metric": task.metric,
        "score": run.exported["score"],
        "kept": task.keep,
        "step": run.exported["step"],
        "steps": run.steps,
        "seed": run.exported["seed"],
        "missed": run.missed,
        "log": read_log(run.out / "log.csv"),
    }


def _sizes_of(arch: str | None) -> list[tuple[str, Any]]:
    """Units and learning rate at which an architecture compares with the others; other options override them."""
    if arch is None:
        return []
    from ..training.nets.registry import ARCHS

    if arch not in ARCHS:
        return []
    return [("model.hidden_dim", list(ARCHS[arch].units)), ("train.learning_rate", ARCHS[arch].learning_rate)]


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise console.CommandError(f"--set {text}: this is not TABLE.KEY=VALUE, such as train.epochs=40")
    return key.strip(), value.strip()


def _cells(text: str | None, may_have_grid: bool) -> list[tuple[str, Any]]:
    """The settings that --cells stands for; may_have_grid: whether the recipe has a setting for it."""
    if text is None:
        return []
    first, *rest = parts = [part.strip() for part in text.split(",")]
    grid = first.removeprefix("grid:") if first.startswith("grid:") else ""
    try:
        units = [int(part) for part in (rest if grid else parts)]
    except ValueError:
        units = []
    if not 1 <= len(parts) <= LIMITS["cells"] or len(units) < len(parts) - bool(grid) or min([1, *units]) < 1:
        raise console.CommandError(
            f"--cells {text}: give the units of one to four cells, such as 64,64 or grid:8x4x8,64"
        )
    return [("model.hidden_dim", units), *([("model.grid", grid)] if grid or may_have_grid else [])]


def main() -> None:
    """Entry point of the command."""
    console.run(app)


if __name__ == "__main__":  # for torchrun -m
    main()
