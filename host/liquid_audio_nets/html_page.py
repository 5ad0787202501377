# SPDX-License-Identifier: MIT
"""An HTML report in one file that needs nothing else."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .2em .8em; text-align: left; border-bottom: 1px solid #ddd }
svg { max-width: 100%; height: auto }"""


def document(title: str, parts: Sequence[str], style: str = "") -> str:
    """The whole page.  title and parts: HTML; style: CSS beside STYLE."""
    head = f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}{style}</style>"
    return head + "\n".join(parts) + "\n"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Plain text in rows, as HTML."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def svg(figure: Any) -> str:
    """A figure of matplotlib as SVG, the same for the same data."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
