# SPDX-License-Identifier: MIT
"""Plots of a comparison: accuracy against work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter


@dataclass
class Point:
    """work: on the horizontal axis; accuracy and deviation: shares; measured: not estimated; ours: liquid."""

    name: str
    work: float
    accuracy: float
    deviation: float | None = None
    measured: bool = True
    ours: bool = False


def accuracy_against_work(points: Sequence[Point], path: Path, work: str, title: str) -> Path:
    """Draws one plot in the format of the path's suffix, and returns the path; work: label of the axis."""
    with matplotlib.rc_context({"svg.hashsalt": "liquid", "font.size": 10}):
        figure = Figure((7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        near: list[Point] = []
        for p in sorted(points, key=lambda p: p.accuracy):
            colour = "tab:blue" if p.ours else "tab:gray"
            axes.errorbar(
                p.work,
                100 * p.accuracy,
                100 * (p.deviation or 0),
                fmt="o",
                color=colour,
                capsize=3,
                markerfacecolor=colour if p.measured else "white",
            )
            left = sum(abs(p.work - other.work) < 0.2 * p.work for other in near) % 2  # close points take turns
            axes.annotate(
                p.name,
                (p.work, 100 * p.accuracy),
                (-8 if left else 8, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                color=colour,
            )
            near.append(p)
        axes.set(xscale="log", xlabel=work, ylabel="accuracy, %", title=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low / 1.6, high * 1.6)  # room for the names
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g} M")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, which="both")
        if not all(p.measured for p in points):
            axes.text(0.99, 0.02, "hollow: estimated from multiply-accumulates", transform=axes.transAxes, ha="right")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path
