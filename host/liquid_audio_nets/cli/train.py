"""liquid-train: from a folder of recordings to a `.lnn`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console

cli = typer.Typer(add_completion=False, rich_markup_mode="rich", no_args_is_help=True)


def app() -> None:
    """Entry point of the command."""
    console.run(cli, _expected)


def _expected(error: Exception) -> console.CommandError | None:
    from ..audio.files import AudioError

    if isinstance(error, ModuleNotFoundError) and error.name in ("torch", "safetensors"):
        return console.CommandError(f"training needs {error.name}; pip install 'liquid-audio-nets\\[train]'")
    if isinstance(error, AudioError):
        return console.CommandError(str(error))
    if isinstance(error, OSError):
        return console.CommandError(f"{error.filename or ''}: {console.reason(error)}")
    return console.CommandError(str(error)) if type(error).__name__ in ("TrainingError", "ExportError") else None


@cli.callback()
def liquid_train() -> None:
    """Train a liquid network; one command per recipe."""


@cli.command(epilog="Examples: [bold]liquid-train keywords --data speech_commands --out runs/first[/bold]; again with the "
                    "same --out it goes on where it stopped. [bold]liquid-train keywords --data recordings --out runs/mine "
                    "--labels lights,music,_unknown_,_silence_ --hidden 48,48 --epochs 40[/bold]")
def keywords(
    data: Annotated[Path, typer.Option(help="a folder with one folder of sound files a word")],
    out: Annotated[Path, typer.Option(help="run folder: checkpoints, log, card and keywords.lnn")],
    labels: Annotated[str | None, typer.Option(help="comma-separated, default: the eight words, _unknown_, _silence_")] = None,
    hidden: Annotated[str, typer.Option(help="units of each cell")] = "64,64",
    epochs: Annotated[int, typer.Option(help="of epoch-steps batches each", min=1)] = 100,
    epoch_steps: Annotated[int, typer.Option(help="batches an epoch", min=1)] = 200,
    batch: Annotated[int, typer.Option(help="sequences a batch", min=2)] = 256,
    learning_rate: Annotated[float, typer.Option(help="peak; cosine schedule", min=0.0)] = 6e-3,
    seed: Annotated[int, typer.Option(help="equal seeds give equal runs", min=0)] = 1,
    cache: Annotated[Path | None, typer.Option(help="frame cache to share between runs; default: in --out")] = None,
    synthetic: Annotated[int, typer.Option(help="espeak-ng and flite utterances of each keyword; 0: none", min=0)] = 300,
    threads: Annotated[int, typer.Option(help="torch threads", min=1)] = 1,
) -> None:
    """Keyword spotting on a folder in Speech Commands' layout.

    Folders named as a label hold that word, other folders are _unknown_, [bold]_background_noise_[/bold] is _silence_
    and mixed into the words. Speakers are split by the data set's own rule; testing speakers are never read.
    """
    from ..training.keywords import KEYWORD_LABELS, KeywordRun, Progress, train_keywords

    chosen = tuple(labels.split(",")) if labels else KEYWORD_LABELS
    with console.progress_bar() as bar:
        task = bar.add_task("training", total=None)

        def show(p: Progress) -> None:
            accuracy = p.metrics.get("validation_accuracy")
            reached = f", validation {accuracy * 100:.2f} %" if accuracy is not None else ""
            bar.update(task, total=p.steps, completed=p.step, description=f"loss {p.loss:.3f}{reached}")

        run = KeywordRun(data, out, chosen, _sizes(hidden), epochs, epoch_steps, batch, learning_rate, seed=seed,
                         cache=cache, synthetic_per_keyword=synthetic, threads=threads, progress=show,
                         report=lambda text: console.err.print(f"[dim]{text}[/dim]"))
        try:
            path = train_keywords(run)
        except KeyboardInterrupt:
            raise console.CommandError(f"interrupted; run the same command to go on from the last epoch in {out}",
                                       console.Exit.USAGE) from None
    for problem in run.unreadable:
        console.err.print(f"[yellow]skipped:[/yellow] {problem}")
    console.out.print(f"{path}")


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 4 or min(sizes) < 1:
        raise console.CommandError(f"--hidden {text}: give one to four numbers, such as 64,64")
    return sizes
