# SPDX-License-Identifier: MIT
"""The range of a field or an array, as layout.py lists them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Record


class Range(NamedTuple):
    """From low to high; a string names another field of the same record.  above: low itself is excluded."""

    low: float | str
    high: float | str
    above: bool = False

    def ends(self, record: Record) -> tuple[float, float]:
        """Both ends, taken from `record` if they are fields of it."""
        low, high = (record[end] if isinstance(end, str) else end for end in (self.low, self.high))
        return low, high

    @property
    def magnitude(self) -> float:
        """The largest magnitude in a range whose ends are numbers."""
        return max(abs(end) for end in self.ends({}))

    def holds(self, values: ArrayLike, record: Record) -> bool:
        """Whether every number of `values` is in the range; a NaN is not.  Floats are compared as float32, as in C."""
        x = np.asarray(values)
        low, high = (np.float32(end) if x.dtype.kind == "f" else end for end in self.ends(record))
        x = x.astype(np.float32) if x.dtype.kind == "f" else x
        return bool(np.all((x > low if self.above else x >= low) & (x <= high)))

    def complaint(self, name: str, value: float, record: Record) -> str:
        """Says that the field `name` has a value outside the range.  Times in us are named and given in s.

        cmodule/micropython/lnn_settings.c says the same of a policy on a board.
        """
        low, high = (
            shown(name, end) + (f" ({shown_name(field)})" if isinstance(field, str) else "")
            for end, field in zip(self.ends(record), (self.low, self.high), strict=True)
        )
        span = f"above {low} and at most {high}" if self.above else f"from {low} to {high}"
        return f"{shown_name(name)} is {shown(name, value)}; it must be {span}"


def shown_name(field: str) -> str:
    """The name of a field as people see it: min_timestep_us is min_timestep."""
    return field.removesuffix("_us")


def shown(field: str, value: float) -> str:
    """A value of a field as people see it: microseconds as seconds."""
    if field.endswith("_us"):
        return f"{value * 1e-6:g} s"
    return str(value) if isinstance(value, int) else f"{value:g}"


def choice(names: Iterable[str]) -> str:
    """a, b or c"""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
