# SPDX-License-Identifier: MIT
"""What every power meter does, and the trace that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...lnn.arrays import Array
from ..errors import MeterError


@dataclass(frozen=True)
class Trace:
    """Current and marks on one time line, one sample every 1 / rate_hz.

    current_a float (n,): NaN where a sample was lost.  marks uint8 (n,): the digital inputs of the meter, one bit each, or
    zeros.  supply_v: float, or (n,) if the meter measures it.  error: the meter's own, as a share.  source: for people."""

    rate_hz: float
    current_a: Array
    marks: Array
    supply_v: float | Array
    error: float
    source: str

    def __post_init__(self) -> None:
        if len(self.current_a) != len(self.marks):
            raise MeterError(f"{self.source}: {len(self.current_a)} samples of current, but {len(self.marks)} of marks")
        if not np.isfinite(self.current_a).any():
            raise MeterError(f"{self.source}: no sample of current arrived; check the wiring and record again")

    @property
    def seconds(self) -> float:
        """Length of the recording, lost samples included."""
        return len(self.current_a) / self.rate_hz

    @property
    def lost(self) -> float:
        """Share of the samples that were lost."""
        return float(1 - np.isfinite(self.current_a).mean())

    @property
    def power_w(self) -> Array:
        """float (n,): NaN where a sample was lost."""
        power: Array = self.current_a * self.supply_v
        return power


class Meter(Protocol):
    """A power meter.  Use it in a `with` block: leaving it frees the instrument."""

    def record(self, seconds: float) -> Trace:
        """Waits and records.  Raises MeterError if the meter fails."""

    def close(self) -> None:
        """Frees the instrument.  The supply of the board stays as it is."""
