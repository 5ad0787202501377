"""liquid-info: what an .lnn file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..evaluation.summary import summarise
from ..native import LNN
from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(epilog="Example: liquid-info device/models/keywords.lnn --json")
def info(
    model: Annotated[Path, typer.Argument(help="an .lnn file")],
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show what a model holds: labels, front-end, cells, timestep policy, memory, work, metadata.

    The file is checked by the C core first; its golden vectors are run where it has them.
    """
    data = console.read_model_file(model)
    with LNN(data) as lnn:
        summary = {"file": str(model)} | summarise(data, lnn)
    if json:
        console.print_json(summary)
        return
    for title, rows in tables(summary).items():
        table = Table(title=title, title_justify="left", show_header=False, title_style="bold")
        for row in rows:
            table.add_row(*(console.escape(f"{c:g}" if isinstance(c, float) else str(c)) for c in row))
        console.out.print(table)


def tables(summary: dict) -> dict[str, list[tuple]]:
    """The summary as titled rows."""
    labels = [
        (
            l["name"],
            f"threshold {l['threshold']:g}" if l["threshold"] else "never detected",
            f"pause {l['refractory_us'] / 1e6:g} s" if l["threshold"] else "",
        )
        for l in summary["labels"]
    ]
    cells = [
        (
            f"{c['kind']} / {c['solver']}",
            c["weight"],
            f"{c['n_inputs']} -> {c['n_units']}",
            f"{c['parameters']:,} parameters",
            f"tau {c['tau_s_min']:.3g} to {c['tau_s_max']:.3g} s",
        )
        for c in summary["cells"]
    ]
    size = [
        (key.replace("_", " "), f"{summary[key]:,}")
        for key in ("model_bytes", "ram_bytes", "parameters", "macs_per_step")
    ]
    head = [(key.replace("_", " "), summary[key]) for key in ("task", "target", "sample_rate_hz", "selftest")]
    result = {
        summary["file"]: head + size,
        "labels": labels,
        "front-end": list(summary["frontend"].items()),
        "cells": cells,
        "readout": list(summary["readout"].items()),
        "policy": list(summary["policy"].items()),
    }
    if summary["metadata"]:
        result["metadata"] = list(summary["metadata"].items())
    return result


def main() -> None:
    console.run(app)
