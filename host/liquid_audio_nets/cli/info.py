# SPDX-License-Identifier: MIT
"""liquid-info: what an .lnn file contains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..evaluation.summary import summarise
from ..lnn import signature
from ..lnn.errors import named
from ..native import LNN
from ..native.c_header import c_header, c_name
from . import console

ORDINALS = {2: "second", 3: "third", 4: "fourth"}

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-info device/models/keywords.lnn",
        "liquid-info device/models/keywords.lnn --json",
        "liquid-info device/models/keywords.lnn --header keywords.h",
        "liquid-info signed.lnn --verify pub.pem",
    ),
)
def info(
    model: Annotated[Path, typer.Argument(help="An .lnn file.")],
    header: Annotated[
        Path | None,
        typer.Option(
            help="Write a C header with the model as an array, its RAM size and its labels, for programs without a file "
            "system or malloc."
        ),
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Refuse the model unless it is signed with the key of this public one (PEM).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a model contains: labels, front-end, cells, timestep policy, memory, work and metadata.

    The C core checks the file first, and runs its golden vectors if it has any.
    """
    data = console.read_model_file(model)
    if verify:
        verify_model(model, data, verify)
        console.note(f"{model}: the signature is right")
    with LNN(data) as lnn:
        summary = {"file": str(model)} | summarise(data, lnn)
        if header:
            header.write_text(c_header(data, lnn, c_name(header.stem), model.name), encoding="utf-8")
    if json:
        console.print_json(summary | ({"header": str(header)} if header else {}))
    elif header:
        console.out.print(f"{header}: {summary['model_bytes']:,} bytes of model, {summary['ram_bytes']:,} bytes of RAM")
    else:
        show(summary)


def verify_model(model: Path, data: bytes, public_key: Path, minimum_version: int = 0) -> None:
    """data: what the file `model` holds.

    Raises LnnError SIGNATURE or MODEL_VERSION for a model that the key does not vouch for, CommandError for a bad key."""
    try:
        with named(model):
            signature.verify(data, public_key.read_bytes(), minimum_version)
    except signature.BadKey as error:
        raise console.CommandError(f"{public_key}: {error}") from None


def show(summary: dict[str, Any]) -> None:
    """Prints what summarise() says as one table for each part."""
    for title, rows in tables(summary).items():
        table = Table(title=title, title_justify="left", show_header=False, title_style="bold")
        for row in rows:
            table.add_row(*(f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row))
        console.out.print(table)


def tables(summary: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """The summary as titled rows."""
    labels = [
        (
            label["name"],
            f"threshold {label['threshold']:g}" if label["threshold"] else "never detected",
            f"refractory time {label['refractory_us'] / 1e6:g} s" if label["threshold"] else "",
        )
        for label in summary["labels"]
    ]
    cells = [
        (
            f"{cell['kind']} / {cell['solver']}",
            cell["weight"],
            f"{cell['n_inputs']} -> {cell['n_units']}"
            + (
                " ({positions} positions of {filters}, width {width}, stride {stride})".format(**cell)
                if "filters" in cell
                else ""
            ),
            f"{cell['parameters']:,} parameters",
            f"tau {cell['tau_s_min']:.3g} to {cell['tau_s_max']:.3g} s",
            f"runs at every {ORDINALS[cell['every']]} step" if cell["every"] > 1 else "",
        )
        for cell in summary["cells"]
    ]
    size = [
        (key.replace("_", " "), f"{summary[key]:,}")
        for key in ("model_bytes", "ram_bytes", "parameters", "macs_per_step")
    ]
    head = [
        (key.replace("_", " "), summary[key])
        for key in ("task", "target", "sample_rate_hz", "selftest", "signed", "model_version")
    ]
    parts: dict[str, list[tuple[Any, ...]]] = {
        summary["file"]: [*head, *size],
        "labels": labels,
        "front-end": list(summary["frontend"].items()),
        "traces": list((summary["traces"] or {}).items()),
        "cells": cells,
        "readout": list(summary["readout"].items()),
        "policy": list(summary["policy"].items()),
        "metadata": list(summary["metadata"].items()),
    }
    return {title: rows for title, rows in parts.items() if rows}


def main() -> None:
    """Entry point of the command."""
    console.run(app)
