# SPDX-License-Identifier: MIT
"""Rows of numbers with time stamps: reading and writing them, synthetic ones, and forecasts to compare with."""

from .forecast import Targets, linear_forecast, persistence, rmse, targets_at, usual
from .rows import Rows, SeriesError, read_rows, write_rows
from .station import station

__all__ = [
    "Rows",
    "SeriesError",
    "Targets",
    "linear_forecast",
    "persistence",
    "read_rows",
    "rmse",
    "station",
    "targets_at",
    "usual",
    "write_rows",
]
