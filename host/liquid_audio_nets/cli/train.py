"""liquid-train: from a folder of recordings to a `.lnn`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console

if TYPE_CHECKING:
    from ..training.loop.run import Progress, Run, Task

cli = typer.Typer(add_completion=False, rich_markup_mode="rich", no_args_is_help=True)

EXAMPLES = (
    "Examples: [bold]liquid-train keywords --data speech_commands --out runs/first[/bold]; again with the same --out it goes "
    "on where it stopped. [bold]liquid-train keywords --data recordings --out runs/mine --labels lights,music,_unknown_,"
    "_silence_ --hidden 48,48 --epochs 40[/bold]. A word without recordings: [bold]liquid-train keywords --data "
    "speech_commands --out runs/computer --say computer[/bold], or as a wake word [bold]liquid-train wake-word --data recordings "
    "--out runs/computer --say computer[/bold]. A recipe of your own: [bold]liquid-train keywords --print > "
    "mine.toml[/bold], edit, [bold]liquid-train mine.toml --data ... --out ...[/bold]. Two processes: [bold]torchrun "
    "--nproc_per_node=2 -m liquid_audio_nets.cli.train keywords --data ... --out ...[/bold]"
)


def app() -> None:
    """Entry point of the command."""
    console.run(cli)


@cli.command(epilog=EXAMPLES)
def liquid_train(
    recipe: Annotated[
        str | None, typer.Argument(help="a recipe's name (see --list) or a .toml file of your own")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="folder of recordings; keywords: one folder of sound files a word")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="run folder: model, card, plots, log, checkpoints")] = None,
    list_: Annotated[bool, typer.Option("--list", help="list the recipes")] = False,
    print_: Annotated[
        bool, typer.Option("--print", help="print the recipe with all its settings, to copy and edit")
    ] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="change a setting")] = None,
    labels: Annotated[str | None, typer.Option(help="comma-separated, such as yes,no,_unknown_,_silence_")] = None,
    say: Annotated[
        str | None, typer.Option(help="words, or the wake word, to learn from espeak-ng's and flite's voices alone")
    ] = None,
    synthetic: Annotated[int | None, typer.Option(help="spoken utterances of each keyword; 0: none", min=0)] = None,
    hidden: Annotated[str | None, typer.Option(help="units of each cell, such as 64,64")] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            help="another network in the same pipeline, with its own "
            "units and learning rate: gru, fastgrnn, ds_cnn, bc_resnet_1, ltc_const, cfc"
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="of epoch-steps batches each", min=1)] = None,
    epoch_steps: Annotated[int | None, typer.Option(help="batches an epoch", min=1)] = None,
    batch: Annotated[int | None, typer.Option(help="sequences a batch, in each process", min=2)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="peak; cosine schedule", min=0.0)] = None,
    seed: Annotated[int | None, typer.Option(help="equal seeds give equal runs", min=0)] = None,
    threads: Annotated[int | None, typer.Option(help="torch threads", min=1)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    cache: Annotated[Path | None, typer.Option(help="frame cache to share between runs; default: in --out")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Train a network by a recipe.

    The run folder gets the model, its card, curves, confusion matrix, the trade of misses against false alarms, log.csv,
    TensorBoard events, and the settings as recipe.toml. What is left out of the options is as the recipe says.
    """
    from ..training.settings import recipe as recipes

    if list_:
        return _list(recipes.names(), json)
    if recipe is None:
        raise console.CommandError("give a recipe; liquid-train --list shows them")
    flags = {
        "data.labels": labels,
        "data.say": say,
        "data.synthetic": synthetic,
        "model.hidden": hidden and _sizes(hidden),
        "model.arch": arch,
        "train.epochs": epochs,
        "train.epoch_steps": epoch_steps,
        "train.batch": batch,
        "train.learning_rate": learning_rate,
        "train.seed": seed,
        "train.threads": threads,
    }
    changes = _sizes_of(arch) + [_assignment(text) for text in set_ or ()]
    changes += [(k, v) for k, v in flags.items() if v is not None]
    settings = recipes.load(recipe, changes)
    if print_:
        console.out.file.write(recipes.to_toml(settings) if changes else recipes.text(recipe))
        return
    if out is None:
        raise console.CommandError("give --out DIR, a folder for the run")
    _train(settings, data, out, device, cache, json)


def _list(recipes: dict[str, str], json: bool) -> None:
    if json:
        return console.print_json(recipes)
    for name, purpose in recipes.items():
        console.out.print(f"[bold]{name:12}[/bold] {console.escape(purpose)}")


def _train(settings: dict[str, Any], data: Path | None, out: Path, device: str, cache: Path | None, json: bool) -> None:
    from ..training.loop.run import Run, train
    from ..training.tasks.registry import make_task

    first = os.environ.get("RANK", "0") == "0"  # torchrun's: the others work in silence

    def report(text: str) -> None:
        if first:
            console.err.print(f"[dim]{console.escape(text)}[/dim]")

    with console.progress_bar() as bar:
        line = bar.add_task("training", total=None, visible=first)
        task = make_task(settings, data, cache or out / "cache", report)

        def show(p: "Progress") -> None:
            score = p.metrics.get(task.metric)
            reached = f", {task.metric} {score:.4f}" if score is not None else ""
            bar.update(line, total=p.steps, completed=p.step, description=f"loss {p.loss:.3f}{reached}")

        run = Run.of(settings, out, device=device, progress=show, report=report)
        try:
            path = train(task, run)
        except KeyboardInterrupt:
            raise console.CommandError(
                f"interrupted; run the same command to go on from the last epoch in {out}", console.Exit.USAGE
            ) from None
    if path:
        console.print_json(_summary(path, task, run)) if json else console.out.print(f"{path}")


def _summary(path: Path, task: "Task", run: "Run") -> dict:
    """score and step: of the network that was exported, from the checkpoint `kept`, "best" or "last"."""
    from ..training.loop.log import read_log

    return {
        "model": str(path),
        "out": str(run.out),
        "metric": task.metric,
        "score": run.exported["score"],
        "kept": task.keep,
        "step": run.exported["step"],
        "steps": run.steps,
        "seed": run.seed,
        "log": read_log(run.out / "log.csv"),
    }


def _sizes_of(arch: str | None) -> list[tuple[str, Any]]:
    """Units and learning rate that make a network one of the size of the others; what is given besides overrides them."""
    if arch is None:
        return []
    from ..training.nets.registry import ARCHS

    if arch not in ARCHS:
        return []
    return [("model.hidden", list(ARCHS[arch].units)), ("train.learning_rate", ARCHS[arch].learning_rate)]


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise console.CommandError(f"--set {text}: give table.key=value, such as train.epochs=40")
    return key.strip(), value.strip()


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not 1 <= len(sizes) <= 4 or min(sizes) < 1:
        raise console.CommandError(f"--hidden {text}: give one to four numbers, such as 64,64")
    return sizes


if __name__ == "__main__":  # torchrun -m
    app()
