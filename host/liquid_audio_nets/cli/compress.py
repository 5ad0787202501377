"""liquid-compress: a trained model in integers, checked against the float one."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from .. import board as boards
from ..board import FirmwareError, MachineError
from ..compress import Compressed, CompressError, Request, Sounds, blame, compress, from_folder, load_model, synthetic
from ..compress.costs import estimate
from ..compress.pruning import zero_block_share
from ..compress.run import loudest
from ..evaluation.stages import send_sound, stages
from ..link import LinkError, open_link, upload
from ..lnn import Model, save, write
from ..lnn.layout import ENUMS
from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="rich", no_args_is_help=True)
TARGETS = {name.replace("_", "-"): name for name in ENUMS["target"]}
VIRTUAL_BOARDS = {"cortex_m3": "qemu_m3", "cortex_m4": "qemu_m4f", "cortex_m7": "qemu_m7"}
TUNING_CLIPS = 4000


@app.command(
    name="compress",
    epilog=console.examples(
        "liquid-compress --input runs/first --output keywords.lnn --target cortex-m4 --calibrate speech_commands",
        "liquid-compress --input model.pt --output keywords.lnn --quantization int8 --calibrate recordings",
        "liquid-compress --input runs/first/keywords.lnn --output small.lnn --prune-share 0.5 --calibrate recordings",
    ),
)
def main_command(
    input: Annotated[Path, typer.Option(help="a float model: .safetensors of liquid-train, or .lnn")],
    output: Annotated[Path, typer.Option(help="the .lnn file to write")],
    target: Annotated[str, typer.Option(help=f"{', '.join(TARGETS)}; every core runs every file")] = "any",
    quantization: Annotated[
        str,
        typer.Option(
            help="dynamic-int8: int8 cells, and the integer front-end where it hears as well; int8: no float anywhere; "
            "int16: weights twice as large and near to float's; float32"
        ),
    ] = "dynamic-int8",
    frontend: Annotated[str, typer.Option(help="auto, integer or float")] = "auto",
    prune_threshold: Annotated[
        float,
        typer.Option(
            help="blocks of 4 x 4 weights with less than this share of their rows' variance become zero", min=0, max=1
        ),
    ] = 0.0,
    prune_share: Annotated[
        float, typer.Option(help="this share of the blocks, those of least variance, become zero", min=0, max=1)
    ] = 0.0,
    fine_tune_steps: Annotated[
        int,
        typer.Option(
            help="steps of training with the rounding in the loop: the integers learn the float model's answers to the "
            "recordings of --calibrate; needs torch",
            min=0,
        ),
    ] = 0,
    delta_threshold: Annotated[
        float,
        typer.Option(help="states that moved less since they last counted (full scale 1) are skipped", min=0, max=0.99),
    ] = 0.0,
    calibrate: Annotated[
        Path | None, typer.Option(help="recordings to fit and to check on, best a folder with one folder a word")
    ] = None,
    max_drop: Annotated[float, typer.Option(help="points of accuracy that may be lost, else exit 6", min=0)] = 1.0,
    golden_ms: Annotated[int, typer.Option(help="length of the golden vectors' sound; 0: none", min=0, max=10000)] = 80,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Compress a float model to integers and prove that it still hears.

    Scales are chosen by least error on the recordings, the result is run through the C core beside the
    float model, and its golden vectors are stored in it. Without --calibrate the scales are fitted on
    synthetic sound, and decisions are compared instead of accuracy.
    """
    if target not in TARGETS:
        raise CompressError(f"unknown target '{target}'; known: {', '.join(TARGETS)}")
    model = load_model(input)
    request = Request(
        quantization,
        TARGETS[target],
        frontend,
        prune_threshold,
        delta_threshold,
        golden_ms * model.sample_rate_hz // 1000,
        prune_share,
    )
    request.check()
    tune = tuner(fine_tune_steps, request)
    sounds = from_folder(calibrate, model, tuning_clips=TUNING_CLIPS if tune else 0) if calibrate else synthetic(model)
    with console.progress_bar() as bar:
        task = bar.add_task("reading", total=None)
        done = compress(
            model, sounds, request, lambda what: bar.update(task, description=what), tune and partial(tune, bar, task)
        )
    if done.drop_points > max_drop:
        raise console.CommandError(refusal(model, sounds, request, done, max_drop), console.Exit.GATE)
    done.model.metadata = model.metadata | {"quantization": quantization, "calibration": Path(sounds.source).name}
    output.parent.mkdir(parents=True, exist_ok=True)
    size = save(done.model, output)
    report = summary(done, sounds, size) | {"file": str(output)}
    report |= step_costs(model, done.model, loudest(sounds.check, 2 * model.sample_rate_hz))
    console.print_json(report) if json else show(report)


def tuner(steps: int, request: Request):
    """fine_tune with a progress bar, None for no steps.  Raises CompressError where it cannot be had."""
    if not steps:
        return None
    if request.quantization == "float32":
        raise CompressError("fine-tuning learns to live with rounding; float32 rounds nothing")
    try:
        from ..training.loop.quantised import FineTuneError, fine_tune
    except ImportError as error:
        raise CompressError(f"--fine-tune-steps needs {error.name}: pip install 'liquid-audio-nets[train]'") from None

    def tune(bar, task, exact, rounded, clips):
        bar.update(task, total=steps)
        try:
            return fine_tune(exact, rounded, clips, steps, progress=lambda: bar.advance(task))
        except FineTuneError as error:
            raise CompressError(str(error)) from None

    return tune


def step_costs(before: Model, after: Model, sound: np.ndarray) -> dict:
    """Instructions of a step by stage: counted by the target's virtual board where its firmware is built, else estimated."""
    models = {"before": before, "after": after}
    try:
        name = VIRTUAL_BOARDS[after.target]
        return {"instructions_are": f"measured on {name}", "instructions": measured(name, models, sound)}
    except (KeyError, FirmwareError, MachineError, LinkError, OSError):
        found = {which: estimate(model, after.target) for which, model in models.items()}
        return {"instructions_are": "estimated", "instructions": found}


def measured(name: str, models: dict[str, Model], sound: np.ndarray) -> dict:
    found, board = {}, boards.find_board(name)
    with tempfile.TemporaryDirectory() as folder:
        board = replace(board, running_in=Path(folder) / "board")
        connection = open_link(boards.start(board))
        try:
            send_sound(connection, sound)
            for which, model in models.items():
                upload(connection, write(replace(model, golden=None)), "/models/step.lnn")
                found[which] = stages(connection, "/models/step.lnn")
        finally:
            connection.close()
            boards.stop(board)
    return found


def summary(done: Compressed, sounds: Sounds, size: int) -> dict:
    return {
        "before": done.before,
        "after": done.after,
        "before_tuning": done.untuned,
        "file_bytes": size,
        "drop_points": done.drop_points,
        "accuracy_is": "of labelled clips" if sounds.truth is not None else "agreement with the float model",
        "clips": len(sounds.check),
        "calibration": sounds.source,
        "frontend": done.model.frontend.kind,
        "frontend_rms_error": done.frontend_rms,
        "worst_logit_error": done.logit_error,
        "zero_block_share": zero_block_share(done.model.cells),
        "saturations": done.saturations,
        "left_out": sounds.left_out,
    }


def refusal(model, sounds: Sounds, request: Request, done: Compressed, max_drop: float) -> str:
    said = f"accuracy falls by {done.drop_points:.2f} points, {max_drop:g} are allowed; nothing was written"
    if request.quantization == "float32":
        return f"{said}: lower --prune-threshold"
    layer, points = blame(model, sounds, request)[0]
    advice = {"front-end": "try --frontend float", "pruning": "lower --prune-threshold"}.get(
        layer, "train with more weight decay, or give more recordings to --calibrate"
    )
    return f"{said}. Most of it comes from the {layer} ({points:.2f} points alone): {advice}"


def show(report: dict) -> None:
    table = Table(title=report["file"], title_justify="left")
    for name in ("", "before", "after"):
        table.add_column(name, justify="right" if name else "left")
    before, after = report["before"], report["after"]
    for name in ("model_bytes", "ram_bytes", "macs_per_step"):
        table.add_row(name.replace("_", " "), f"{before[name]:,}", f"{after[name]:,}")
    add_instructions(table, report)
    table.add_row(f"accuracy, {report['accuracy_is']}", *(f"{100 * x['accuracy']:.2f} %" for x in (before, after)))
    print_ = console.out.print
    print_(table)
    if report["before_tuning"]:
        print_(f"before it was tuned {100 * report['before_tuning']['accuracy']:.2f} %")
    print_(
        f"front-end {report['frontend']}, worst error of a logit {report['worst_logit_error']:.3f}, "
        f"{100 * report['zero_block_share']:.1f} % of the blocks of weights are zero, "
        f"{100 * report['saturations'].get('feature_share', 0):.2f} % of the features at their limit"
    )
    print_(f"{report['clips']} clips of {report['calibration']}; with golden vectors {report['file_bytes']:,} bytes")
    for line in report["left_out"]:
        print_(console.headed("left out", line))


def add_instructions(table: Table, report: dict) -> None:
    costs = [report["instructions"][which] for which in ("before", "after")]
    stages_ = [stage for stage in ("frontend", "cells", "readout") if any(stage in cost for cost in costs)]
    if not stages_:
        return
    totals = [sum(cost.values()) if all(stage in cost for stage in stages_) else None for cost in costs]
    rows = [(f"instructions a step, {report['instructions_are']}", totals)]
    for title, values in rows + [(f"  of these {stage}", [cost.get(stage) for cost in costs]) for stage in stages_]:
        table.add_row(title, *("unknown" if value is None else f"{value:,}" for value in values))


def main() -> None:
    console.run(app)
