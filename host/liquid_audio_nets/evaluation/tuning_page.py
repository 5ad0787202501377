# SPDX-License-Identifier: MIT
"""The report of liquid-tune: one HTML file that needs nothing else."""

from __future__ import annotations

import html

from ..html_page import document, svg, table
from ..lnn.arrays import Array
from .streams import StreamTest
from .tuning import Tuning


def page(name: str, test: StreamTest, tuning: Tuning, chosen: Array) -> str:
    """The whole page: thresholds and recall before and after, the curve, and what is still misheard.

    chosen float (labels,): the thresholds of `tuning`.  Raises ModuleNotFoundError if matplotlib is missing."""
    before, after = test.heard(), test.heard(chosen)
    thresholds = [
        (label, f"{float(test.thresholds[test.labels.index(label)]):.5f}", f"{threshold:.5f}")
        for label, threshold in tuning.thresholds.items()
    ]
    recall = [
        (condition, f"{100 * before[condition].recall:.1f} %", f"{100 * heard.recall:.1f} %")
        for condition, heard in after.items()
    ]
    left = [
        (source, event.label, f"{event.confidence:.4f}", f"{event.at_s:.2f} s", str(event.path))
        for source, events in test.false_accepts(chosen).items()
        for event in events
    ]
    title = f"Thresholds of {html.escape(name)}"
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{test.hours:.2f} hours of other sounds; {tuning.per_hour:.2f} false accepts per hour at the chosen thresholds.</p>",
        table(("label", "before", "chosen"), thresholds),
        table(("recall", "before", "chosen"), recall),
        "<h2>The trade</h2>",
        _curve(tuning),
        "<h2>What is still misheard</h2>",
        table(("source", "heard as", "confidence", "at", "recording"), left) if left else "<p>Nothing.</p>",
    ]
    return document(title, parts)


def _curve(tuning: Tuning) -> str:
    """Misses against false accepts per hour, as SVG."""
    from matplotlib.figure import Figure

    figure = Figure((7, 4), layout="constrained")
    axes = figure.add_subplot(
        title="Words missed against false accepts", xlabel="false accepts per hour", ylabel="words missed in %"
    )
    axes.plot([rate for _, rate in tuning.det], [100 * (1 - recall) for recall, _ in tuning.det], marker=".")
    axes.plot([tuning.per_hour], [100 * (1 - tuning.recall)], "o", label="chosen")
    axes.legend(frameon=False)
    return svg(figure)
