# SPDX-License-Identifier: MIT
"""Plots of learned policies, from plain numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..lnn import Timetable

Point: TypeAlias = tuple[float, float]
"""M instructions per second of audio; misses and false accepts in percent of the words."""
LOUD = ("quiet: the hold keeps the gate open", "loud")
MARKS = "sD*"


def policy(table: Timetable) -> Any:
    """The timesteps as two tables of colours."""
    import matplotlib.pyplot as plt

    steps = np.reshape(table.timestep_ms, (2, 3, 3))
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for axis, cells, title in zip(axes, steps, LOUD, strict=True):
        axis.imshow(np.log(cells), cmap="viridis_r", vmin=np.log(steps.min()), vmax=np.log(steps.max()) + 1e-9)
        for (row, column), ms in np.ndenumerate(cells):
            axis.text(column, row, f"{ms} ms", ha="center", va="center", color="white")
        axis.set(title=title, xlabel="evidence", xticks=range(3), xticklabels=_ranges(table.evidence))
        axis.set(ylabel="complexity", yticks=range(3), yticklabels=_ranges(table.complexity))
    return figure


def _ranges(borders: tuple[float, float, float]) -> list[str]:
    low, high, _ = borders
    return [f"below {low:.2g}", f"to {high:.2g}", f"from {high:.2g}"]


def pareto(tried: Sequence[Point], judged: Mapping[str, Point]) -> Any:
    """Cost against errors: all that was tried, the best joined, and policies by name, which another stream judged."""
    import matplotlib.pyplot as plt

    points = sorted(set(tried))
    best = [p for k, p in enumerate(points) if all(p[1] < other[1] for other in points[:k])]
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    axis.scatter([x for x, _ in points], [y for _, y in points], s=8, color="0.7", label="tried")
    axis.plot([x for x, _ in best], [y for _, y in best], drawstyle="steps-post", color="C0", label="best of these")
    for (name, (x, y)), mark in zip(judged.items(), MARKS, strict=True):
        axis.plot(x, y, mark, ms=9, label=f"{name}, judged on other clips")
    axis.set(xlabel="M instructions per second of audio", ylabel="misses and false accepts, % of the words")
    axis.legend()
    return figure


def shown(figure: Any, path: str | os.PathLike[str] | None) -> Any:
    """The figure, written to an image, or without a path in a window, if the backend has one."""
    import matplotlib
    import matplotlib.pyplot as plt

    if path is not None:
        figure.savefig(path)
    elif matplotlib.get_backend().lower() not in ("agg", "svg", "pdf", "ps", "cairo"):
        plt.show()
    return figure
