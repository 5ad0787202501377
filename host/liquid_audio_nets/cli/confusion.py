"""What liquid-test took for what, as a table: the whole matrix, or where that is too wide the commonest mistakes."""

from __future__ import annotations

from string import ascii_lowercase

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ..evaluation import Evaluation
from .console import escape

COMMONEST = 4


def confusion_table(result: Evaluation, console: Console) -> Table:
    """A table no wider than the console."""
    if len(result.labels) <= len(ascii_lowercase):
        whole = matrix(result)
        if Measurement.get(console, console.options.update(max_width=1000), whole).maximum <= console.width:
            return whole
    return commonest_mistakes(result)


def matrix(result: Evaluation) -> Table:
    """Letters stand above the columns for the labels beside the rows."""
    table = Table(title="rows: said, columns: heard", title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("", no_wrap=True)
    for letter in ascii_lowercase[: len(result.labels)]:
        table.add_column(letter, justify="right", no_wrap=True)
    table.add_column("right %", justify="right", no_wrap=True)
    for i, name in enumerate(result.labels):
        counts = [f"[bold]{n}[/bold]" if i == k else str(n) if n else "·" for k, n in enumerate(result.confusion[i])]
        table.add_row(f"{ascii_lowercase[i]} {escape(name)}", *counts, percent(result, name))
    return table


def commonest_mistakes(result: Evaluation) -> Table:
    table = Table(title="said, and heard instead", title_justify="left", box=box.SIMPLE, padding=0)
    table.add_column("", no_wrap=True)
    for heading in ("clips", "right %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("heard instead")
    for i, name in enumerate(result.labels):
        row = result.confusion[i]
        wrong = sorted((k for k in range(len(row)) if k != i and row[k]), key=lambda k: -row[k])[:COMMONEST]
        instead = ", ".join(f"{escape(result.labels[k])} {row[k]}" for k in wrong)
        table.add_row(escape(name), str(sum(row)), percent(result, name), instead)
    return table


def percent(result: Evaluation, name: str) -> str:
    share = result.recall()[name]
    return "" if share is None else f"{100 * share:.1f}"
