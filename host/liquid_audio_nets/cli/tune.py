# SPDX-License-Identifier: MIT
"""liquid-tune: chooses a model's thresholds on hours of sound, and writes them into the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..devices import connect
from ..evaluation import StreamTest, Tuning, fetch, stream_test, tune
from ..evaluation.tuning_page import page
from ..lnn import read, save
from ..lnn.arrays import Array
from ..lnn.whole_file import replacing
from . import console
from .test import Split

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-tune --model computer.lnn --stream recordings --max-per-hour 0.5",
        "liquid-tune --model computer.lnn --stream recordings --max-per-hour 0.5 --apply --html computer.html",
        "liquid-tune --model computer.lnn --stream recordings --device auto",
    ),
)
def command(
    model: Annotated[Path, typer.Option(help="An .lnn file that listens for words.")],
    stream: Annotated[
        Path, typer.Option(help="A folder with one folder of recordings per word, and folders of other sounds.")
    ],
    max_per_hour: Annotated[float, typer.Option(help="False accepts per hour that you accept.", min=0)] = 0.5,
    split: Annotated[
        Split, typer.Option(help="Part of the recordings, by the names of speakers and files.")
    ] = Split.validation,
    device: Annotated[
        str | None,
        typer.Option(
            help="First fetch the near-misses of this board, which device/near_misses.py keeps, into near_misses/ of "
            "--stream. Give a serial port, or auto for the only board."
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the thresholds into the model file.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report with the curve to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose the thresholds that hear the most words at a given number of false accepts per hour.

    The recordings are played once through the C core, as hours of sound without a reset: words as recorded, quiet,
    clipped and in noise, then everything else. Then all thresholds are tried on what the model answered. Words count
    equally under all five conditions.

    Near-misses of a board count as other sounds. Listen to them: where somebody did say the word, move the recording into
    a folder named after it, such as near_misses/computer/, and run the command again.

    Exit code 6 if no threshold is strict enough.
    """
    content = console.read_model_file(model)
    if device:
        fetch_near_misses(device, stream)
    with console.progress_bar() as bar:
        task = bar.add_task("recordings", total=None)
        test = stream_test(content, stream, split.value, lambda: bar.advance(task))
    tuning = tune(test, max_per_hour)
    chosen = np.array([tuning.thresholds.get(label, 0.0) for label in test.labels], np.float32)
    if html:
        with replacing(html) as part:
            part.write_text(page(model.name, test, tuning, chosen))
    if json:
        console.print_json({"model": str(model)} | tuning.as_json() | {"before": test.as_json()})
    else:
        show(test, tuning, chosen)
    if tuning.per_hour > max_per_hour:
        raise console.CommandError(
            f"no threshold is strict enough: the strictest ones still give {tuning.per_hour:.2f} false accepts per hour, "
            f"and {max_per_hour:g} were asked for. Train with recordings of what was misheard, which "
            "liquid-test --stream lists",
            console.Exit.GATE,
        )
    if apply:
        write(content, model, tuning)


def fetch_near_misses(device: str, data: Path) -> None:
    """Copies the board's near-misses to the recordings, and names the new ones."""
    if not data.is_dir():
        raise console.CommandError(
            f"{data}: no such folder; give one with a folder per word and folders of other sounds"
        )
    board = connect(device)
    try:
        with console.progress_bar() as bar:
            task = bar.add_task("near-misses", total=None)
            new = fetch(board, data, lambda done, of: bar.update(task, completed=done, total=of))
    finally:
        board.close()
    console.note(f"new near-misses of the board: {len(new) or 'none'}")
    for path in new:
        console.note(f"  {path}")


def show(test: StreamTest, tuning: Tuning, chosen: Array) -> None:
    """Prints thresholds and recall, before and after."""
    before, after = test.heard(), test.heard(chosen)
    for label, threshold in tuning.thresholds.items():
        old = float(test.thresholds[test.labels.index(label)])
        console.out.print(f"{label}: threshold {old:.5f} -> {threshold:.5f}")
    for name, heard in after.items():
        console.out.print(f"recall {name}: {100 * before[name].recall:.1f} % -> {100 * heard.recall:.1f} %")
    counts = [sum(map(len, test.false_accepts(level).values())) for level in (None, chosen)]
    console.out.print(f"false accepts in {test.hours:.2f} h: {counts[0]} -> {counts[1]}")


def write(content: bytes, path: Path, tuning: Tuning) -> None:
    """Replaces the thresholds in the file."""
    model = read(content)
    for label in model.labels:
        label.threshold = tuning.thresholds.get(label.name, label.threshold)
    save(model, path)
    console.note(f"{path}: thresholds written")


def main() -> None:
    """Entry point of the command."""
    console.run(app)
