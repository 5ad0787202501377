"""Plots of a comparison: accuracy against work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure  # noqa: E402


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
    """Draws one plot, the format by path's suffix; work: the axis' label."""
    with matplotlib.rc_context({"svg.hashsalt": "liquid", "font.size": 10}):
        figure = Figure((7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        for p in points:
            colour = "tab:blue" if p.ours else "tab:gray"
            axes.errorbar(p.work, 100 * p.accuracy, 100 * (p.deviation or 0), fmt="o", color=colour, capsize=3,
                          markerfacecolor=colour if p.measured else "white")
            right = p.work > sum(axes.get_xlim()) / 2 and False
            axes.annotate(p.name, (p.work, 100 * p.accuracy), (-7 if right else 7, 5), textcoords="offset points",
                          ha="right" if right else "left", color=colour)
        axes.set(xscale="log", xlabel=work, ylabel="accuracy, %", title=title)
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * 2.2)  # room for the names
        axes.grid(alpha=0.3, which="both")
        if not all(p.measured for p in points):
            axes.text(0.99, 0.02, "hollow: estimated from multiply-accumulates", transform=axes.transAxes, ha="right")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    return path
