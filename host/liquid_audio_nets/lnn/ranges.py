# SPDX-License-Identifier: MIT
"""The range of a field or an array, as layout.py lists them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Range(NamedTuple):
    """From low to high; a string names another field of the same record.  above: low itself is excluded."""

    low: float | str
    high: float | str
    above: bool = False

    def ends(self, record: dict[str, Any]) -> tuple[float, float]:
        """Both ends, taken from `record` if they are fields of it."""
        low, high = (record[end] if isinstance(end, str) else end for end in (self.low, self.high))
        return low, high

    def holds(self, values: ArrayLike, record: dict[str, Any]) -> bool:
        """Whether every number of `values` is in the range; a NaN is not.  Floats are compared as float32, as in C."""
        x = np.asarray(values)
        low, high = self.ends(record)
        if x.dtype.kind == "f":
            x, low, high = x.astype(np.float32), np.float32(low), np.float32(high)
        return bool(np.all((x > low if self.above else x >= low) & (x <= high)))
