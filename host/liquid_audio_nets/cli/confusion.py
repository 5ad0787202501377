# SPDX-License-Identifier: MIT
"""Which labels were taken for which, as a table: the whole matrix, or the commonest mistakes if that is too wide."""

from __future__ import annotations

from string import ascii_lowercase

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..evaluation import Evaluation

COMMONEST = 4


def confusion_table(result: Evaluation, console: Console) -> Table:
    """A table no wider than the console."""
    if len(result.labels) <= len(ascii_lowercase):
        whole = matrix(result)
        if Measurement.get(console, console.options.update(max_width=1000), whole).maximum <= console.width:
            return whole
    return commonest_mistakes(result)


def matrix(result: Evaluation) -> Table:
    """One row and one column per label; the letters above the columns stand beside the labels of the rows."""
    table = Table(title="rows: said, columns: heard", title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("", no_wrap=True)
    for letter in ascii_lowercase[: len(result.labels)]:
        table.add_column(letter, justify="right", no_wrap=True)
    table.add_column("right %", justify="right", no_wrap=True)
    for i, name in enumerate(result.labels):
        counts = [Text(str(n) if n else "·", style="bold" if i == k else "") for k, n in enumerate(result.confusion[i])]
        table.add_row(Text(f"{ascii_lowercase[i]} {name}"), *counts, percent(result, name))
    return table


def commonest_mistakes(result: Evaluation) -> Table:
    """One row per label, with the labels that it was most often taken for."""
    table = Table(title="said, and heard instead", title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("", no_wrap=True)
    for heading in ("clips", "right %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("heard instead")
    for i, name in enumerate(result.labels):
        row = result.confusion[i]
        wrong = sorted((k for k in range(len(row)) if k != i and row[k]), key=lambda k: -row[k])[:COMMONEST]
        instead = ", ".join(f"{result.labels[k]} {row[k]}" for k in wrong)
        table.add_row(Text(name), str(sum(row)), percent(result, name), Text(instead))
    return table


def percent(result: Evaluation, name: str) -> str:
    """The share of a label's clips that were decided right; empty if it has none."""
    share = result.recall()[name]
    return "" if share is None else f"{100 * share:.1f}"
