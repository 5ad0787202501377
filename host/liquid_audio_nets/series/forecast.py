# SPDX-License-Identifier: MIT
"""Forecasts at a horizon: the true values, and the two baselines that a network has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rows import Rows, SeriesError

GAP_ROWS = 2.5  # a value between two rows is known if they are at most so many usual intervals apart
LINEAR_ROWS = 12
FAR = 3.0  # a value is far outside if it lies so many times the range of the middle 98 % beyond that range
_RIDGE = 1e-3


@dataclass
class Targets:
    """values: float32 (n, columns), the true values horizon_s after each row; known: bool (n,), whether they are known."""

    horizon_s: float
    values: np.ndarray
    known: np.ndarray


def targets_at(rows: Rows, horizon_s: float) -> Targets:
    """The columns at each row's time plus horizon_s, interpolated between the rows before and after."""
    when = rows.time_s + horizon_s
    after = np.clip(np.searchsorted(rows.time_s, when), 1, len(rows) - 1)
    gap = rows.time_s[after] - rows.time_s[after - 1]
    known = (when <= rows.time_s[-1]) & ((gap <= GAP_ROWS * rows.interval_s) | (when == rows.time_s[after]))
    values = np.stack([np.interp(when, rows.time_s, column) for column in rows.values.T], 1)
    return Targets(horizon_s, values.astype(np.float32), known)


def usual(rows: Rows, train: np.ndarray) -> tuple[Rows, list[str]]:
    """The rows with spikes limited, because a single spike would decide scales and fits.

    Returns also a sentence for each column that has spikes.  train: bool (n,), the rows that say what is usual."""
    low, high = np.quantile(rows.values[train], (0.01, 0.99), axis=0)
    room = np.where(high > low, FAR * (high - low), np.inf)
    limited = np.clip(rows.values, low - room, high + room).astype(np.float32)
    said = []
    for k, name in enumerate(rows.names):
        far = np.flatnonzero(limited[:, k] != rows.values[:, k])
        if len(far):
            said.append(
                f"column '{name}': {len(far)} of {len(rows)} values lie far outside the others, {low[k]:.4g} to {high[k]:.4g}; "
                f"the first is {rows.values[far[0], k]:g} at {rows.time_s[far[0]]:.0f} s. They are limited in training, but "
                "count in what is reported; correct or delete these rows"
            )
    return Rows(rows.names, rows.time_s, limited), said


def rmse(forecast: np.ndarray, targets: Targets, part: np.ndarray) -> np.ndarray:
    """Root of the mean squared error of each column, float (k,), over the known targets of a part.

    forecast: float (n, k); part: bool (n,)."""
    use = part & targets.known
    return np.sqrt(np.mean((forecast[use] - targets.values[use, : forecast.shape[1]]) ** 2, axis=0, dtype=np.float64))


def persistence(rows: Rows, targets: Targets, part: np.ndarray, outputs: int) -> np.ndarray:
    """RMSE of persistence, which forecasts the present value, float (outputs,), for the first `outputs` columns.

    part: bool (n,).  Raises SeriesError for a column that never changes there, because persistence is then perfect."""
    error = rmse(rows.values[:, :outputs], targets, part)
    for name, its in zip(rows.names[:outputs], error, strict=True):
        if not its > 0:
            raise SeriesError(
                f"column '{name}' never changes in this part of the table, so there is nothing to forecast; leave it out"
            )
    return error


def linear_forecast(rows: Rows, targets: Targets, train: np.ndarray, outputs: int) -> np.ndarray:
    """Ridge regression on the last LINEAR_ROWS rows and the times since each, fitted on the rows `train`, bool (n,).

    Returns its forecasts, float (n, outputs).  Like the network it forecasts the change and learns from usual() rows."""
    limited, _ = usual(rows, train)
    values = limited.values
    scale = values[train].std(0) + 1e-6
    x, ages = (values - values[train].mean(0)) / scale, rows.time_s / rows.interval_s
    index = np.maximum(np.arange(len(rows))[:, None] - np.arange(LINEAR_ROWS), 0)
    seen = np.concatenate(
        [x[index].reshape(len(rows), -1), ages[:, None] - ages[index[:, 1:]], np.ones((len(rows), 1))], 1
    )
    fit = train & targets.known
    change = (targets_at(limited, targets.horizon_s).values - values)[:, :outputs]
    a = seen[fit].T @ seen[fit] + _RIDGE * fit.sum() * np.eye(seen.shape[1])
    forecast: np.ndarray = rows.values[:, :outputs] + seen @ np.linalg.solve(a, seen[fit].T @ change[fit])
    return forecast
