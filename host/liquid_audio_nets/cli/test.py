# SPDX-License-Identifier: MIT
"""liquid-test: measures how often a model is right, and how much work it does, with the C core."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ..audio.dataset import Dataset
from ..audio.files import SAMPLE_RATE_HZ
from ..evaluation import (
    Evaluation,
    Measured,
    MicroWakeWord,
    Options,
    curve,
    evaluate,
    labelled_clips,
    measure,
    micro_wake_word_test,
    stream_test,
    usual_split,
)
from ..lnn import read
from ..native import LNN
from ..testing import HILTester
from . import console
from .confusion import confusion_table
from .on_board import as_json, finish, run_on_board
from .upload import Transport

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Split(enum.StrEnum):
    """Which part of the recordings is used."""

    all = "all"
    training = "training"
    validation = "validation"
    testing = "testing"


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-test --model device/models/keywords.lnn --data speech_commands --split validation",
        "liquid-test --model device/models/keywords.lnn --data recordings --min-accuracy 0.9 --json",
        "liquid-test --model device/models/keywords.lnn --data recordings --device auto --clips 50",
        "liquid-test --model device/models/computer.lnn --data recordings --stream",
        "liquid-test --model device/models/computer.lnn --data recordings --stream --against micro-wake-word:alexa",
        "liquid-test --model device/models/vad.lnn --data recordings --snr 5 --noise kitchen",
        "liquid-test --model runs/room/series.lnn --data room.csv",
    ),
)
def test(
    model: Annotated[Path, typer.Option(help="An .lnn file.")],
    data: Annotated[
        Path, typer.Option(help="A folder with one folder of sound files per label; for a series model, a CSV file.")
    ],
    split: Annotated[
        Split | None,
        typer.Option(
            help="Part of the recordings, by the names of speakers and files. Default: all for keywords, validation for "
            "everything else."
        ),
    ] = None,
    snr: Annotated[
        list[float] | None,
        typer.Option(
            help="Signal-to-noise ratio in dB at which a wake word or vad model is measured. May be repeated. Default: "
            "20, 10 and 5."
        ),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(help="For vad models: a folder in --data that holds noise, not speech. May be repeated."),
    ] = None,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="For words: play everything as hours of sound without a reset. Reports recall by level and in noise, "
            "false accepts by source, and what caused each of them.",
        ),
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="With --stream: also play the same other sounds through this model of microWakeWord, such as "
            "micro-wake-word:alexa. May be repeated. Needs liquid-audio-nets\\[against]."
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Exit with code 6 if the figure is below this (0 to 1). The figure is the accuracy for keywords and "
            "sounds, the share of words detected for a wake word and with --stream, the area under ROC for vad (at the last --snr) and "
            "anomaly, and the share of the error saved for series.",
            min=0,
            max=1,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Also run clips on this board and compare. Give a serial port, the name of a virtual or a real board, or "
            "auto for the only board."
        ),
    ] = None,
    clips: Annotated[int, typer.Option(help="How many clips run on the board.", min=1)] = 20,
    transport: Annotated[Transport, typer.Option(help="Program that talks to the board.")] = Transport.mpremote,
    meter: Annotated[
        str | None, typer.Option(help="Measure the board's power with this meter, as liquid-profile --meter takes it.")
    ] = None,
    supply_v: Annotated[
        float | None, typer.Option(help="Supply of the board in V, if the meter measures none.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the clips of the board to this file as JUnit XML.")] = None,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="List the clips that were decided wrong.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a model over recordings with the C core and print how often it is right.

    A folder named after a label holds that label, `_background_noise_` is cut into seconds of `_silence_`, and every
    other folder counts as `_unknown_`. The command reads wav, flac, ogg, opus and mp3, converts and counts files of
    other rates than 16 kHz, and lists files that cannot be read.

    A wake word is measured by its false rejects and its false accepts per hour. Folders named after the word hold it;
    all others do not.

    A vad model is measured by the area under ROC, tick by tick, of speech mixed into noise. Folders named
    `_background_noise_` or by --noise and files named as in ESC-50 are noise; everything else is speech.

    A sounds model is measured on the fold that training left out. A series model is measured on the rows after its
    training, by how much of the error of persistence (forecasting the last value) it saves.

    An anomaly model is measured by the area under ROC of the worst moment of each recording: what training left out
    of the folder of normal sound, against all other folders.

    With --device the board must compute the same bits as the host (a float model: within 1e-4). Exit codes: 3 if no board
    answers, 5 if the board computes something else.
    """
    content = console.read_model_file(model)
    task = read(content).task
    if stream and device:
        raise console.CommandError("--stream plays hours of sound on the host; leave --device out")
    if against and not stream:
        raise console.CommandError("--against compares models on streams; add --stream")
    if noise and task != "vad":
        raise console.CommandError(f"--noise is for models of the task vad, but {model} is of the task {task}")
    usual = Options()
    options = Options(split or usual.split, snr or usual.snr_db, noise or usual.noise)
    about = {"model": str(model), "data": str(data), "task": task}
    if stream:
        return test_streams(content, data, options.split, against or [], about, json, min_accuracy)
    tester = HILTester(device, model, transport=transport.value, meter=meter, supply_v=supply_v) if device else None
    if not tester and (meter or junit):
        raise console.CommandError("--meter and --junit are for clips on a board; name one with --device")
    other = None if tester else measured(content, data, options)
    if other:
        if json:
            console.print_json(about | {"split": options.split} | other.as_json())
        else:
            show_measured(other)
        return gate(other.figure_name, other.figure, min_accuracy)
    with LNN(content) as lnn:
        if lnn.sample_rate != SAMPLE_RATE_HZ:
            raise console.CommandError(
                f"{model} needs {lnn.sample_rate} Hz, but liquid-test reads recordings at {SAMPLE_RATE_HZ} Hz only"
            )
        dataset = labelled_clips(content, data, lnn.labels, split)
    result = run_with_progress(content, dataset)
    if result.clips == 0:
        raise console.CommandError(f"{data}: none of {len(dataset)} clips could be read: {result.unreadable[0]}")
    board = run_on_board(tester, dataset, clips) if tester else None
    if json:
        more = as_json(board) if board else {}
        console.print_json(about | {"split": split or usual_split(content)} | result.as_json() | more)
    else:
        show(result, mistakes)
        for line in board.lines() if board else ():
            console.out.print(line)
    if board:
        finish(board, junit)
    gate("accuracy", result.accuracy, min_accuracy)


def test_streams(
    content: bytes,
    data: Path,
    split: str,
    others: list[str],
    about: dict[str, str],
    json: bool,
    least: float | None,
) -> None:
    """Plays the words and everything else as streams, through other models too, and prints what each reported."""
    for name in others:
        MicroWakeWord(name)  # refused before hours are played
    with console.progress_bar() as bar:
        task = bar.add_task("recordings", total=None)
        result = stream_test(content, data, split, lambda: bar.advance(task))
        compared = {name: micro_wake_word_test(name, result, lambda: bar.advance(task)) for name in others}
    if json:
        found = {"against": {name: other.as_json() | {"curve": curve(other)} for name, other in compared.items()}}
        ours = about | {"split": split} | result.as_json() | {"curve": curve(result)}
        console.print_json(ours | (found if others else {}))
    else:
        show_measured(result)
        for name, other in compared.items():
            console.out.print(Text(name, "bold"))
            show_measured(other)
    gate(result.figure_name, result.figure, least)


def measured(content: bytes, data: Path, options: Options) -> Measured | None:
    """The figure of the model's task; None for a task whose figure is the accuracy of clips."""
    with console.progress_bar() as bar:
        task = bar.add_task("recordings", total=None)
        return measure(content, data, options, lambda: bar.advance(task))


def show_measured(result: Measured) -> None:
    """Prints a figure that is not the accuracy of clips."""
    for line in result.lines():
        console.out.print(line)
    show_unreadable(result.unreadable)


def show_unreadable(files: list[str]) -> None:
    """Prints the files that were left out, each with its reason."""
    for line in files:
        console.out.print(console.headed("left out", line))


def gate(name: str, value: float, least: float | None) -> None:
    """Raises CommandError with exit code 6 if the value is below the least one, or not a number."""
    if least is not None and not value >= least:
        sentence = f"{name} {100 * value:.2f} % is below the {100 * least:.2f} % asked for"
        raise console.CommandError(sentence, console.Exit.GATE)


def run_with_progress(content: bytes, dataset: Dataset) -> Evaluation:
    """Decides every clip with the C core."""
    with console.progress_bar() as bar:
        task = bar.add_task("clips", total=len(dataset))
        return evaluate(content, dataset, lambda: bar.advance(task))


def show(result: Evaluation, mistakes: bool) -> None:
    """Prints accuracy, detections and work; mistakes: also every clip that was decided wrong."""
    console.out.print(confusion_table(result, console.out))
    console.out.print(
        Text.assemble(
            (f"accuracy {100 * result.accuracy:.2f} %", "bold"),
            f" of {result.clips:,} clips ({result.seconds:,.0f} s of audio); "
            f"mean of the labels {100 * result.balanced_accuracy:.2f} %",
        )
    )
    keywords = result.detected + result.missed
    console.out.print(
        f"detections: {result.detected:,} of {keywords:,} keyword clips, {result.false_alarms:,} false alarms"
    )
    console.out.print(
        f"work per second of audio: {result.rate('steps'):.1f} steps, {result.rate('frontend_runs'):.1f} runs of the "
        f"front-end, {result.macs_per_second() / 1e6:.2f} M multiply-accumulates (estimated: {result.macs_per_step:,} per "
        f"step, about {result.frontend_macs:,} per run of the front-end)"
    )
    console.out.print(f"the energy gate was closed {100 * result.gated_fraction():.0f} % of the time")
    if result.converted:
        console.out.print(f"converted to {SAMPLE_RATE_HZ // 1000} kHz mono: {result.converted:,} files")
    show_unreadable(result.unreadable)
    for path, true, decided in result.mistakes if mistakes else ():
        console.out.print(f"{path}: {true} was taken for {decided}")


def main() -> None:
    """Entry point of the command."""
    console.run(app)
