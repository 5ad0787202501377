"""liquid-test: accuracy and work of a model, measured with the C core."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from ..audio.dataset import Dataset
from ..audio.files import SAMPLE_RATE_HZ
from ..evaluation import (
    Comparison,
    Evaluation,
    Measured,
    Options,
    compare,
    evaluate,
    labelled_clips,
    measure,
    spread,
    usual_split,
)
from ..link import open_link, upload
from ..lnn import read
from ..native import LNN
from . import console
from .confusion import confusion_table

BOARD_FOLDER = "/models"
app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class Split(enum.StrEnum):
    all = "all"
    training = "training"
    validation = "validation"
    testing = "testing"


@app.command(
    epilog="Example: liquid-test --model device/models/keywords.lnn --data speech_commands --split validation, or "
    "liquid-test --model device/models/vad.lnn --data recordings --snr 5"
)
def test(
    model: Annotated[Path, typer.Option(help="an .lnn file")],
    data: Annotated[Path, typer.Option(help="a folder with one folder of sound files a word; series: a CSV file")],
    split: Annotated[
        Split | None,
        typer.Option(help="part by the names of speakers and files; default: all for keywords, else validation"),
    ] = None,
    snr: Annotated[
        list[float], typer.Option(help="dB, repeatable: noise that wake words and vad are measured in")
    ] = [],
    noise: Annotated[
        list[str], typer.Option(help="vad, repeatable: a folder of --data that holds noise, not speech")
    ] = [],
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            help="exit 6 below this (0 to 1); wake words: share detected, vad: area under ROC at the last --snr, series: error saved, "
            "anomaly: area under ROC",
            min=0,
            max=1,
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="compare with this board (a serial port, or auto)")] = None,
    clips: Annotated[int, typer.Option(help="clips that are sent to the board", min=1)] = 20,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="list the clips decided wrong")] = False,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Run a model's C core over a folder of recordings and print how often it is right.

    A folder named as a label holds that label; `_background_noise_` is cut into seconds of
    `_silence_`; every other folder is `_unknown_`. Wav, flac, ogg, opus and mp3 are read; other rates than 16 kHz
    are converted and counted; files that cannot be read are listed and left out.

    With `--device` some clips of every label run on the board too, and are compared.

    A wake word's model is measured by false rejects and false accepts an hour (folders named as the word hold it, all
    others do not), a vad model by the area under ROC, tick by tick, of speech mixed into noise (folders
    `_background_noise_`, files named as ESC's, folders named by `--noise`; all else counts as speech), both on what
    training left out.

    A model of sounds is measured on the fold that it did not learn from, a series model, on a CSV file, by how much
    of the error of persistence (the last value) it saves, on rows from after its training. An anomaly model is measured
    by the area under ROC of each recording's worst moment: the folder named as its normal sound, as far as training left
    it out, against all other folders.
    """
    content = console.read_model_file(model)
    if noise and read(content).task != "vad":
        raise console.CommandError(f"--noise is for models of the task vad; {model} is one of {read(content).task}")
    options = Options(**{k: v for k, v in {"split": split and split.value, "snr_db": snr, "noise": noise}.items() if v})
    other = None if device else measured(content, data, options)
    if other:
        report(other, model, data, min_accuracy, json)
        return
    with LNN(content) as lnn:
        if lnn.sample_rate != SAMPLE_RATE_HZ:
            raise console.CommandError(f"{model} wants {lnn.sample_rate} Hz; liquid-test reads {SAMPLE_RATE_HZ} Hz")
        dataset = labelled_clips(content, data, lnn.labels, split and split.value)
    result = run_with_progress(content, dataset)
    if result.clips == 0:
        raise console.CommandError(f"{data}: none of {len(dataset)} clips could be read: {result.unreadable[0]}")
    board = compare_with(device, content, model.name, spread(dataset, clips)) if device else None
    if json:
        more = {"device": board.as_json()} if board else {}
        console.print_json(
            {"model": str(model), "data": str(data), "split": split.value if split else usual_split(content)}
            | result.as_json()
            | more
        )
    else:
        show(result, mistakes)
        if board:
            show_board(board)
    gate("accuracy", result.accuracy, min_accuracy)


def measured(content: bytes, data: Path, options: Options) -> Measured | None:
    """The figure of a task that is not the accuracy of clips; None where it is."""
    with console.progress_bar() as bar:
        task = bar.add_task("recordings", total=None)
        return measure(content, data, options, lambda: bar.advance(task))


def report(result: Measured, model: Path, data: Path, least: float | None, json: bool) -> None:
    if json:
        console.print_json({"model": str(model), "data": str(data)} | result.as_json())
    else:
        for line in result.lines():
            console.out.print(console.escape(line))
        for line in result.unreadable:
            console.out.print(f"[yellow]left out:[/yellow] {console.escape(line)}")
    gate(result.figure_name, result.figure, least)


def gate(name: str, value: float, least: float | None) -> None:
    if least is not None and not value >= least:  # nor where it is no number
        sentence = f"{name} {100 * value:.2f} % is below the {100 * least:.2f} % asked for"
        raise console.CommandError(sentence, console.Exit.GATE)


def run_with_progress(content: bytes, dataset: Dataset) -> Evaluation:
    with console.progress_bar() as bar:
        task = bar.add_task("clips", total=len(dataset))
        return evaluate(content, dataset, lambda: bar.advance(task))


def compare_with(device: str, content: bytes, name: str, dataset: Dataset) -> Comparison:
    """Uploads the model where it is not there yet, and runs the clips on the board."""
    link, path = open_link(device), f"{BOARD_FOLDER}/{name}"
    try:
        upload(link, content, path)
        with console.progress_bar() as bar:
            task = bar.add_task("clips on the board", total=len(dataset))
            return compare(link, path, content, dataset, lambda: bar.advance(task))
    finally:
        link.close()


def show_board(board: Comparison) -> None:
    console.out.print(
        f"on the board: {board.same_label} of {board.clips} clips get the host's label, {board.same_steps} in as many "
        f"steps, scores within {board.largest_difference:.1g}; {board.right_there} are right there, {board.right_here} here"
    )
    if board.work:
        console.out.print(f"the board needs {board.work / board.seconds / 1e6:.2f} M {board.unit} a second of audio")


def show(result: Evaluation, mistakes: bool) -> None:
    print_ = console.out.print
    print_(confusion_table(result, console.out))
    print_(
        f"[bold]accuracy {100 * result.accuracy:.2f} %[/bold] of {result.clips} clips, {result.seconds:.0f} s; "
        f"mean of the labels {100 * result.balanced_accuracy:.2f} %"
    )
    keywords = result.detected + result.missed
    print_(f"detections: {result.detected} of {keywords} keyword clips, {result.false_alarms} false alarms")
    print_(
        f"work: {result.rate('steps'):.1f} steps and {result.rate('frontend_runs'):.1f} front-end runs a second "
        f"of audio, {100 * result.gated_fraction():.0f} % of ticks below the gate"
    )
    print_(
        f"estimated {result.macs_per_second() / 1e6:.2f} M multiply-accumulates a second of audio "
        f"({result.macs_per_step:,} a step, about {result.frontend_macs:,} a front-end run)"
    )
    if result.converted:
        print_(f"converted to {SAMPLE_RATE_HZ} Hz mono: {result.converted} files")
    for line in result.unreadable:
        print_(f"[yellow]left out:[/yellow] {console.escape(line)}")
    for path, true, decided in result.mistakes if mistakes else ():
        print_(console.escape(f"{path}: {true} taken for {decided}"))


def main() -> None:
    console.run(app)
