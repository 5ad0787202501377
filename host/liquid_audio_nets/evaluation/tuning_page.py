# SPDX-License-Identifier: MIT
"""The report of liquid-tune: one HTML file that needs nothing else."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence

from ..lnn.arrays import Array
from .streams import StreamTest
from .tuning import Tuning

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .2em .8em; text-align: left; border-bottom: 1px solid #ddd }
svg { max-width: 100%; height: auto }"""


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
    parts = [
        f"<h1>Thresholds of {html.escape(name)}</h1>",
        f"<p>{test.hours:.2f} hours of other sounds; {tuning.per_hour:.2f} false accepts per hour at the chosen thresholds.</p>",
        _table(("label", "before", "chosen"), thresholds),
        _table(("recall", "before", "chosen"), recall),
        "<h2>The trade</h2>",
        _curve(tuning),
        "<h2>What is still misheard</h2>",
        _table(("source", "heard as", "confidence", "at", "recording"), left) if left else "<p>Nothing.</p>",
    ]
    title = f"<title>Thresholds of {html.escape(name)}</title>"
    return f"<!doctype html><meta charset=utf-8>{title}<style>{STYLE}</style>" + "\n".join(parts) + "\n"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


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
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
