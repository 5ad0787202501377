# SPDX-License-Identifier: MIT
"""liquid-compress: turns a trained model into integers and checks it against the float one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from ..compress import Compressed, CompressError, Request, Sounds, blame, compress, from_folder, synthetic
from ..compress.parts import float_parts
from ..compress.run import Figures, loudest
from ..lnn import LnnError, Model, load, save
from ..lnn.costs import zero_block_share
from ..lnn.errors import named
from ..lnn.layout import ENUMS
from . import console
from .step_costs import step_costs

app = typer.Typer(add_completion=False, rich_markup_mode="rich")
TARGETS = {name.replace("_", "-"): name for name in ENUMS["target"]}
CHECKPOINTS = (".safetensors", ".pt")
TUNING_CLIPS = 4000


@app.command(
    no_args_is_help=True,
    name="compress",
    epilog=console.examples(
        "liquid-compress --input runs/first --output keywords.lnn --target cortex-m4 --calibrate speech_commands",
        "liquid-compress --input model.pt --output keywords.lnn --quantization int8 --calibrate recordings",
        "liquid-compress --input runs/first/keywords.lnn --output small.lnn --prune-share 0.5 --calibrate recordings",
    ),
)
def main_command(
    input: Annotated[
        Path,
        typer.Option(
            help="A float model: the folder of a run, an .lnn file, or a checkpoint of liquid-train or LNNTrainer.save() "
            "(.safetensors or .pt)."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The .lnn file to write.")],
    target: Annotated[
        str, typer.Option(help=f"The core to optimise for: {', '.join(TARGETS)}. Every core runs every file.")
    ] = "any",
    quantization: Annotated[
        str,
        typer.Option(
            help="dynamic-int8: int8 cells, and the integer front-end if it hears as well as the float one. int8: no float "
            "anywhere. int16: weights twice as large, closer to float. float32: no rounding."
        ),
    ] = "dynamic-int8",
    frontend: Annotated[
        str,
        typer.Option(
            help="auto: integer, unless float hears better. integer: the cheapest kind that can do the work, which is "
            "logmel_s16 if the mel filters are triangles. float. logmel_q15: for firmware that reads files up to version 1.1."
        ),
    ] = "auto",
    prune_threshold: Annotated[
        float,
        typer.Option(
            help="Blocks of 4 x 4 weights become zero if they cause less than this share of the variance of their rows.",
            min=0,
            max=1,
        ),
    ] = 0.0,
    prune_share: Annotated[
        float, typer.Option(help="This share of the blocks, those that matter least, become zero.", min=0, max=1)
    ] = 0.0,
    fine_tune_steps: Annotated[
        int,
        typer.Option(
            help="Train for this many steps with the rounding in the loop, so that the integer model learns the float "
            "model's answers to the recordings of --calibrate. Needs torch.",
            min=0,
        ),
    ] = 0,
    delta_threshold: Annotated[
        float,
        typer.Option(
            help="A state is skipped until it has moved by this much since it last counted (full scale is 1).",
            min=0,
            max=0.99,
        ),
    ] = 0.0,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            help="Recordings to fit the scales on and to measure on, best a folder with one folder per word. Without it "
            "the scales are fitted on synthetic sound."
        ),
    ] = None,
    max_drop: Annotated[
        float,
        typer.Option(help="Write nothing and exit with code 6 if more points of accuracy than this are lost.", min=0),
    ] = 1.0,
    golden_ms: Annotated[
        int, typer.Option(help="Length of the sound in the golden vectors; 0 for none.", min=0, max=10000)
    ] = 80,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compress a float model to integers and prove that it still hears.

    The scales with the least error on the recordings are chosen, the C core runs the result beside the float model, and
    golden vectors are stored in the file. Without --calibrate there is no accuracy to compare; the share of equal
    decisions on synthetic sound takes its place.
    """
    if target not in TARGETS:
        raise CompressError(f"unknown target '{target}'; choose {', '.join(TARGETS)}")
    model = read_input(input)
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
    if not output.parent.exists():
        output.parent.mkdir(parents=True)
        console.note(f"created the folder {output.parent}")
    size = save(done.model, output)
    report = summary(done, sounds, size) | {"file": str(output)}
    report |= step_costs(model, done.model, loudest(sounds.check, 2 * model.sample_rate_hz))
    if json:
        return console.print_json(report)
    show(report)
    if not calibrate:
        console.err.print(
            console.headed(
                "hint",
                "give recordings with --calibrate: the scales will fit them, and their accuracy will be measured",
            )
        )


def read_input(path: Path) -> Model:
    """The float model in a file or in the folder of a run.

    Raises CompressError for an integer model and for a folder without exactly one float model, LnnError for a bad .lnn
    file, TrainingError for a bad checkpoint."""
    if path.is_dir():
        path = model_of_run(path)
    if path.suffix in CHECKPOINTS:
        from ..training.loop.reopen import reopen

        model = reopen(path)
    else:
        with named(path):
            model = load(path)
    try:
        float_parts(model)
    except CompressError as error:
        raise CompressError(f"{path}: {error}") from None
    return model


def model_of_run(folder: Path) -> Path:
    """The one float model in the folder of a run, which holds integer models, too, if they were written there.

    Raises CompressError if there is none, or if there are several."""
    found = [path for path in sorted(folder.glob("*.lnn")) if _is_float(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise CompressError(f"{folder} has several float models; give one of {', '.join(path.name for path in found)}")
    checkpoints = [path for suffix in CHECKPOINTS for path in sorted(folder.glob(f"*{suffix}"))]
    hint = "give the folder of a run, an .lnn file or a checkpoint"
    if checkpoints:
        hint = f"finish the training with liquid-train, or give the checkpoint {checkpoints[0]}"
    raise CompressError(f"{folder} has no float model: {hint}")


def _is_float(path: Path) -> bool:
    try:
        float_parts(load(path))
    except (CompressError, LnnError):
        return False
    return True


def tuner(steps: int, request: Request) -> Callable[[Progress, TaskID, Model, Model, list[np.ndarray]], Model] | None:
    """fine_tune() with a progress bar; None for no steps.  Raises CompressError for float32."""
    if not steps:
        return None
    if request.quantization == "float32":
        raise CompressError("fine-tuning teaches a model to live with rounding, but float32 rounds nothing")
    from ..training.loop.quantised import fine_tune

    def tune(bar: Progress, task: TaskID, exact: Model, rounded: Model, clips: list[np.ndarray]) -> Model:
        bar.update(task, total=steps)
        return fine_tune(exact, rounded, clips, steps, progress=lambda: bar.advance(task))

    return tune


def summary(done: Compressed, sounds: Sounds, size: int) -> dict[str, Any]:
    """What was done and measured, for --json.  size: of the file in bytes."""
    return {
        "before": done.before,
        "after": done.after,
        "before_tuning": done.untuned,
        "file_bytes": size,
        "drop_points": done.drop_points,
        "accuracy_is": "accuracy on labelled clips" if sounds.truth is not None else "agreement with the float model",
        "clips": len(sounds.check),
        "calibration": sounds.source,
        "frontend": done.model.frontend.kind,
        "frontend_rms_error": done.frontend_rms,
        "worst_logit_error": done.logit_error,
        "zero_block_share": zero_block_share(done.model.cells),
        "saturations": done.saturations,
        "left_out": sounds.left_out,
    }


def refusal(model: Model, sounds: Sounds, request: Request, done: Compressed, max_drop: float) -> str:
    """Why nothing is written, which layer is to blame, and what to do."""
    said = f"the accuracy falls by {done.drop_points:.2f} points but only {max_drop:g} are allowed; nothing was written"
    if request.quantization == "float32":
        return f"{said}. Prune less: lower --prune-threshold or --prune-share"
    layer, points = blame(model, sounds, request)[0]
    advice = {"front-end": "try --frontend float", "pruning": "lower --prune-threshold or --prune-share"}.get(
        layer, "train with more weight decay, or give more recordings to --calibrate"
    )
    return f"{said}. The {layer} alone costs {points:.2f} points: {advice}"


def show(report: dict[str, Any]) -> None:
    """Prints the report as a table and a few lines."""
    table = Table(title=report["file"], title_justify="left")
    for name in ("", "before", "after"):
        table.add_column(name, justify="right" if name else "left")
    before: Figures = report["before"]
    after: Figures = report["after"]
    for title, name in (("model, bytes", "model_bytes"), ("RAM, bytes", "ram_bytes")):
        table.add_row(title, f"{before[name]:,}", f"{after[name]:,}")
    table.add_row("multiply-accumulates per step", f"{before['macs_per_step']:,}", f"{after['macs_per_step']:,}")
    add_instructions(table, report)
    table.add_row(report["accuracy_is"], *(f"{100 * figures['accuracy']:.2f} %" for figures in (before, after)))
    console.out.print(table)
    if report["before_tuning"]:
        console.out.print(f"before it was tuned: {100 * report['before_tuning']['accuracy']:.2f} %")
    console.out.print(
        f"front-end {report['frontend']}; worst error of a logit {report['worst_logit_error']:.3f}; "
        f"{100 * report['zero_block_share']:.1f} % of the blocks of weights are zero; "
        f"{100 * report['saturations'].get('feature_share', 0):.2f} % of the features are at their limit"
    )
    console.out.print(
        f"measured on {report['clips']:,} clips of {report['calibration']}; with golden vectors the file has "
        f"{report['file_bytes']:,} bytes"
    )
    for line in report["left_out"]:
        console.out.print(console.headed("left out", line))


def add_instructions(table: Table, report: dict[str, Any]) -> None:
    """Adds rows with the instructions of a step before and after, in all and by stage; nothing if none are known."""
    costs = [report["instructions"][which] for which in ("before", "after")]
    known = [stage for stage in ("frontend", "traces", "cells", "readout") if any(stage in cost for cost in costs)]
    if not known:
        return
    totals = [sum(cost.values()) if all(stage in cost for stage in known) else None for cost in costs]
    rows = [(f"instructions per step, {report['instructions_are']}", totals)]
    for title, values in rows + [(f"  of these {stage}", [cost.get(stage) for cost in costs]) for stage in known]:
        table.add_row(title, *("unknown" if value is None else f"{value:,}" for value in values))


def main() -> None:
    """Entry point of the command."""
    console.run(app)
