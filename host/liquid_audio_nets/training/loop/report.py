# SPDX-License-Identifier: MIT
"""Evidence in a run folder: learning curves, confusion matrix, and the trade of missed against false detections."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .log import read_log


@dataclass
class Det:
    """Detection error trade-off: at each threshold the share of true events missed, and the false accepts, per hour or
    (if hours is None) as the share of the false events; arrays of one length."""

    threshold: np.ndarray
    false_rejects: np.ndarray
    false_accepts: np.ndarray
    hours: float | None = None

    @classmethod
    def of_scores(
        cls,
        hits: Sequence[float] | np.ndarray,
        alarms: Sequence[float] | np.ndarray,
        hours: float | None = None,
        points: int = 200,
    ) -> Det:
        """From scores (0 to 1) of true events and of events that are none.

        hits: the best score in each true event, 0 if nothing was detected; alarms: the score of every other event;
        hours: of audio that the alarms come from, None if each alarm is a clip of its own; points: thresholds at most."""
        hit, alarm = np.sort(np.asarray(hits, float)), np.sort(np.asarray(alarms, float))
        every = np.unique(np.concatenate([hit, alarm]))
        every = every[every > 0] if every.any() else np.ones(1)  # a score of 0 is no detection at any threshold
        threshold = every[np.unique(np.linspace(0, len(every) - 1, points).astype(int))]
        rejected = np.searchsorted(hit, threshold, "left") / max(len(hit), 1)
        accepted = len(alarm) - np.searchsorted(alarm, threshold, "left")
        return cls(threshold, rejected, accepted / (hours or max(len(alarm), 1)), hours)

    @property
    def unit(self) -> str:
        """The unit of false_accepts."""
        return "false accepts per hour" if self.hours else "share of false events accepted"

    def save(self, path: Path) -> None:
        """Writes a CSV file with one row per threshold."""
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["threshold", "false_rejects", self.unit.replace(" ", "_")])
            for row in zip(self.threshold, self.false_rejects, self.false_accepts, strict=True):
                writer.writerow([f"{x:.6g}" for x in row])


def write(out: Path, metric: str, result: dict[str, Any], det: Det | None, report: Callable[[str], None]) -> None:
    """Writes curves.png, confusion.json and .png, det.csv and .png into out, those for which there are data.

    metric: what the score is; result: as the task's evaluate() gives it.  If matplotlib is not installed there are no
    plots, and report is told."""
    if "confusion" in result:
        kept = {k: v for k, v in result.items() if isinstance(v, (int, float, str, list, dict))}
        (out / "confusion.json").write_text(json.dumps(kept))
    if det is not None:
        det.save(out / "det.csv")
    try:
        import matplotlib
    except ModuleNotFoundError:
        report("no plots: pip install matplotlib")
        return
    matplotlib.use("Agg")
    plot_curves(read_log(out / "log.csv"), metric, out / "curves.png")
    if "confusion" in result:
        plot_confusion(np.array(result["confusion"]), result["labels"], out / "confusion.png")
    if det is not None:
        plot_det(det, out / "det.png")


def plot_curves(rows: list[dict[str, str]], metric: str, path: Path) -> None:
    """Plots loss and score over the steps, from the rows of log.csv."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    rows = [row for row in rows if row.get("loss") and row.get(metric)]
    step = [int(row["step"]) for row in rows]
    figure = Figure((7, 5), layout="constrained")
    figure.suptitle("Training: loss and score at the end of each epoch")
    loss, score = figure.subplots(2, sharex=True)
    for axes, name in ((loss, "loss"), (score, metric)):
        axes.plot(step, [float(row[name]) for row in rows], marker="." if len(rows) < 40 else None)
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    score.set_xlabel("step")
    score.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(path)


def plot_confusion(matrix: np.ndarray, labels: Sequence[str], path: Path) -> None:
    """Plots matrix (K, K), rows of the truth; colours are shares of the row, numbers are counts."""
    from matplotlib.figure import Figure

    count = len(labels)
    figure = Figure((2.5 + 0.5 * count, 2.2 + 0.5 * count), layout="constrained")
    axes = figure.subplots()
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(matrix):
        if n:
            axes.text(column, row, n, ha="center", va="center", color="white" if share[row, column] > 0.5 else "black")
    axes.set_xticks(range(count), labels, rotation=60, ha="right")
    axes.set_yticks(range(count), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title("Validation: answers to each label")
    figure.savefig(path)


def plot_det(det: Det, path: Path) -> None:
    """Plots the missed share against false accepts."""
    from matplotlib.figure import Figure

    figure = Figure((6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.step(det.false_accepts, 100 * det.false_rejects, where="post", marker="." if len(det.threshold) < 40 else None)
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(left=-0.005)
    axes.set_ylim(-2, 102)
    axes.set_xlabel(det.unit)
    axes.set_ylabel("true events missed, %")
    axes.set_title("Missed against false detections, over all thresholds")
    if det.false_rejects.min(initial=1.0) >= 1:
        said = "no true event was detected at any threshold"
        axes.text(0.5, 0.5, said, ha="center", va="center", transform=axes.transAxes)
    axes.grid(alpha=0.3)
    figure.savefig(path)
