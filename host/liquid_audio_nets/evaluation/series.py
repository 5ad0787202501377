# SPDX-License-Identifier: MIT
"""Forecasts of a series model by the C core, row by row, compared with persistence and with a linear forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..lnn import read
from ..native import LNN
from ..series import Rows, SeriesError, linear_forecast, persistence, read_rows, rmse, targets_at
from .measure import Options


@dataclass
class SeriesResult:
    """RMSE of each forecast column in its own unit, float (columns,), on rows that training left out.

    persistence: of forecasting the last value; linear: of a linear forecast."""

    columns: list[str]
    horizon_s: float
    rows: int
    forecast: np.ndarray
    persistence: np.ndarray
    linear: np.ndarray
    unreadable: list[str] = field(default_factory=list)
    figure_name = "RMSE saved against persistence"

    @property
    def figure(self) -> float:
        """1 - RMSE / RMSE of persistence, mean of the columns, as training counts it; negative if persistence is better."""
        return float(1 - np.mean(self.forecast / self.persistence))

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        numbers = {name: getattr(self, name).tolist() for name in ("forecast", "persistence", "linear")}
        return {
            "task": "series",
            "saved": self.figure,
            "columns": self.columns,
            "horizon_s": self.horizon_s,
            "rows": self.rows,
            "rmse": numbers,
            "linear_saves": float(1 - np.mean(self.linear / self.persistence)),
        }

    def lines(self) -> list[str]:
        """The figures in sentences."""
        each = [
            f"{name}: RMSE {a:.4g}, persistence {b:.4g}, linear {c:.4g}"
            for name, a, b, c in zip(self.columns, self.forecast, self.persistence, self.linear, strict=True)
        ]
        return [
            *each,
            f"RMSE saved against persistence: {100 * self.figure:,.1f} %"
            f"{' (persistence is better)' if self.figure < 0 else ''}, {self.horizon_s:g} s ahead, {self.rows:,} rows",
        ]


def forecasts(lnn: LNN, rows: Rows) -> np.ndarray:
    """The forecast after every row, from a fresh start, float32 (n, forecast columns)."""
    lnn.reset()
    since = np.diff(rows.time_s, prepend=rows.time_s[0] - rows.interval_s)
    return np.array([lnn.step(row, float(dt)) for row, dt in zip(rows.values, since, strict=True)])


def measure(content: bytes, data: Path, options: Options, progress: Callable[[], None] = lambda: None) -> SeriesResult:
    """data: a CSV file with the model's columns.

    Splits validation and testing are the rows after the time up to which the model was trained, or all rows if the table
    ends before it; split training is the rows before it.  Raises SeriesError if the model does not say which columns it
    reads, or if the table lacks them."""
    model = read(content)
    about = model.metadata
    if "columns" not in about or "horizon_s" not in about:
        raise SeriesError("the model's metadata does not name its columns and horizon; export it with liquid-train")
    rows = read_rows(data, about.get("time_column", "time_s"), about["columns"])
    progress()
    count, late = len(model.labels), rows.time_s >= about.get("reported_from_s", -np.inf)
    learned = ~late
    targets = targets_at(rows, about["horizon_s"])
    part = (
        np.ones(len(rows), bool)
        if options.split == "all" or not late.any()
        else learned
        if options.split == "training"
        else late
    )
    fit = learned if (learned & targets.known).any() else part
    if not (part & targets.known).any():
        raise SeriesError(
            f"{data}: no row {about['horizon_s']:g} s after another in this part; nothing to compare with"
        )
    usual = persistence(rows, targets, part, count)
    with LNN(content) as lnn:
        found = rmse(forecasts(lnn, rows), targets, part)
    linear = linear_forecast(rows, targets, fit, count)
    return SeriesResult(
        model.label_names,
        about["horizon_s"],
        int((part & targets.known).sum()),
        found,
        usual,
        rmse(linear, targets, part),
    )
