# SPDX-License-Identifier: MIT
"""liquid-profile: what a model costs on a chip or a board, in mW."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..lnn import read
from ..lnn.whole_file import replacing
from ..power import Profile, draw, find_device, profile
from ..power.meters import Trace, aligned, stage_energies
from ..power.meters.open import measure
from ..power.meters.stages import energy_j, named
from ..power.mlperf import CLOSE, ENOUGH, figures, judged
from ..power.page import batteries, headline, page, split
from ..power.work import built_in, load_sound, run
from . import console, counted

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-profile --device stm32f407 --model device/models/keywords.lnn",
        "liquid-profile --device nrf52840dk --model computer.lnn --audio evening.wav --html computer.html",
        "liquid-profile --device stm32u575 --model keywords.lnn --compare keywords_micro.lnn --clock-mhz 60",
        "liquid-profile --device /dev/ttyACM0 --model computer.lnn --audio evening.wav",
        "liquid-profile --check",
        "liquid-profile --meter ppk2 --supply-v 3.0 --seconds 60",
    ),
)
def command(
    device: Annotated[
        str | None,
        typer.Option(
            help="A chip or a board, such as stm32f407 or nrf52840dk, to estimate; or a board to ask: a serial port, auto, or "
            "a virtual board such as qemu_m4f."
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="An .lnn file.")] = None,
    audio: Annotated[
        Path | None,
        typer.Option(help="A sound file, or a folder of them. Without it: the model's golden audio and silence."),
    ] = None,
    compare: Annotated[Path | None, typer.Option(help="A second .lnn file, beside the first one.")] = None,
    clock_mhz: Annotated[float | None, typer.Option(help="A clock below the chip's highest, in MHz.")] = None,
    microphone: Annotated[
        str | None, typer.Option(help="Instead of the board's own: inmp441, mp34dt05, t5818, t5818_low_power, ...")
    ] = None,
    harvest_uw: Annotated[float, typer.Option(help="What a harvester delivers, in uW.", min=0.1)] = 100.0,
    html: Annotated[Path | None, typer.Option(help="Write a report with a time line to this file.")] = None,
    meter: Annotated[
        str | None, typer.Option(help="Measure instead: ppk2, joulescope, otii, ina228:PORT, or a .csv or .jls file.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to measure, in s.", min=0.1)] = 30.0,
    supply_v: Annotated[
        float | None, typer.Option(help="Supply of the board, if the meter measures none, in V.")
    ] = None,
    marks: Annotated[str, typer.Option(help="What the values of the board's mark pins mean.")] = "0=asleep,1=computing",
    check: Annotated[bool, typer.Option("--check", help="Compare the energy model with published results.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate what a model costs on a chip or a board: power by part, latency and battery life.

    The C core plays the sound here and counts what it does. The instructions of each stage were counted on a virtual
    board with the same core. Currents come from data sheets; what is assumed is named. Nothing is measured, so every
    figure says "estimated".

    If --device is a serial port, auto or a virtual board, the sound is sent there, and the board's own counters and clock say
    what each stage costs. Nothing is estimated then, so there is no power.

    With --meter nothing is estimated: the figures are a power meter's, with the energy of each stage that the board marks
    on its pins.
    """
    if meter:
        show_measured(measure(meter, seconds, supply_v), named(marks), json)
        return
    if check:
        check_model(json)
        return
    if device is None or model is None:
        raise console.CommandError(
            "name a chip or a board and a model: liquid-profile --device stm32f407 --model my.lnn"
        )
    if counted.is_there(device):
        if html or microphone or clock_mhz is not None:
            raise console.CommandError(
                "--html, --microphone and --clock-mhz belong to an estimate: name a chip or a board such as stm32f407"
            )
        found = counted.on_board(device, [model, compare] if compare else [model], audio)
        console.print_json(counted.as_json(found)) if json else counted.show(found)
        return
    where = find_device(device, microphone)
    draws = draw(where, None if clock_mhz is None else clock_mhz * 1e6)
    profiles: dict[str, Profile] = {}
    sound = None
    for path in (model, compare) if compare else (model,):
        content = console.read_model_file(path)
        parsed = read(content)
        if sound is None:
            sound, name = (load_sound(audio), str(audio)) if audio else built_in(parsed)
        work = run(parsed, content, where.chip.target, sound, name)
        profiles[str(path) if path.name in profiles else path.name] = profile(where, draws, work, harvest_uw)
    if html:
        with replacing(html) as part:
            part.write_text(page(profiles), encoding="utf-8")
    if json:
        every = [{"model": name} | done.as_json() for name, done in profiles.items()]
        console.print_json(every if compare else every[0])
    else:
        show(profiles)


def show(profiles: dict[str, Profile]) -> None:
    """Prints main figures, split and batteries of each model, and what is assumed."""
    first = next(iter(profiles.values()))
    console.out.print(
        f"{first.device.name} at {first.draw.clock_hz / 1e6:g} MHz and {first.device.chip.supply_v.value:g} V, "
        f"{first.device.microphone.name}; {first.work.sound}"
    )
    for title, rows in (("estimated", headline(profiles)), ("estimated mW", split(profiles))):
        table = Table(title=title, title_justify="left", title_style="bold")
        for head in ("", *profiles):
            table.add_column(head, justify="left" if head == "" else "right")
        for row in rows:
            table.add_row(*row)
        console.out.print(table)
    for name, found in profiles.items():
        for battery, lasting, limit in batteries(found):
            console.out.print(f"{name}, {battery}: {lasting}{'; ' + limit if limit else ''}")
    for name, number in first.device.constants().items():
        if number.assumed:
            console.out.print(console.headed("assumed", f"{name} = {number.value:.4g}: {number.source}"))


def show_measured(trace: Trace, names: dict[int, str], json: bool) -> None:
    """Prints average power, and the energy of each mark with its interval."""
    stages = stage_energies(aligned(trace))
    average_mw = 1e3 * energy_j(trace) / trace.seconds
    if json:
        found = [{"stage": names.get(stage.mark, f"mark {stage.mark}")} | stage.as_json() for stage in stages]
        head = {"figures_are": "measured", "meter": trace.source, "seconds": trace.seconds, "lost": trace.lost}
        console.print_json(head | {"average_mw": average_mw, "stages": found})
        return
    console.out.print(
        f"measured by {trace.source}: {average_mw:.4f} mW on average over {trace.seconds:.2f} s, "
        f"{100 * trace.lost:.1f} % of the samples lost"
    )
    table = Table(title="measured", title_justify="left", title_style="bold")
    for heading in ("stage", "runs", "share of time", "mW", "uJ per run", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage in stages:
        interval = "" if stage.low_j is None or stage.high_j is None else _interval(stage.low_j, stage.high_j)
        table.add_row(
            names.get(stage.mark, f"mark {stage.mark}"),
            str(stage.runs),
            f"{100 * stage.seconds / trace.seconds:.2f} %",
            f"{1e3 * stage.power_w:.4f}",
            f"{1e6 * stage.run_j:.4g}",
            interval,
        )
    console.out.print(table)


def _interval(low_j: float, high_j: float) -> str:
    return f"{1e6 * low_j:.4g} to {1e6 * high_j:.4g}"


def check_model(json: bool) -> None:
    """Prints the model's error at each published figure; ends with exit code 6 if too many powers are far off."""
    found = figures()
    close, powers = judged(found)
    if json:
        console.print_json({"figures": [figure.as_json() for figure in found], "close": close, "of": powers})
    else:
        table = Table(title="MLPerf Tiny, keyword spotting", title_justify="left", title_style="bold")
        for head in ("chip", "what", "published", "model", "error"):
            table.add_column(head, justify="left" if head in ("chip", "what") else "right")
        for figure in found:
            style = "dim" if figure.fitted else "green" if figure.close else "red"
            error = "fitted" if figure.fitted else f"{100 * figure.error:+.1f} %"
            published, model = f"{figure.published:g} {figure.unit}", f"{figure.model:.4g} {figure.unit}"
            table.add_row(figure.chip, figure.what, published, model, error, style=style)
        console.out.print(table)
        console.out.print(f"{close} of {powers} streaming powers within {100 * CLOSE:.0f} %")
    if close < ENOUGH:
        raise console.CommandError(
            f"the energy model is more than {100 * CLOSE:.0f} % off at {powers - close} of {powers} streaming powers; "
            "look at boards/shared/chips/",
            console.Exit.GATE,
        )


def main() -> None:
    """Entry point of the command."""
    console.run(app)
