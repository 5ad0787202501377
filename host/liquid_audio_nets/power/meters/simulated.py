# SPDX-License-Identifier: MIT
"""A meter that does not exist, for tests: a known current as a real instrument would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...lnn.arrays import Array
from .interface import Trace

RANGES_A = (50e-6, 500e-6, 5e-3, 50e-3, 1.0)  # full scale, as of Nordic's PPK2


@dataclass
class SimulatedMeter:
    """true_current_a (n,) and marks (n,) at rate_hz.  What goes wrong:

    noise: of each sample, as a share of the range.  gain_drift: from the first to the last sample.  offset_a: drifts from 0
    to this.  range_errors: the largest gain error of a range.  switching_samples: lost when the range changes.  lost: share
    of further samples, in bursts.  lag_s: of the current behind the marks."""

    rate_hz: float
    true_current_a: Array
    marks: Array
    supply_v: float = 3.0
    noise: float = 0.001
    gain_drift: float = 0.01
    offset_a: float = 2e-6
    range_errors: float = 0.005
    switching_samples: int = 3
    lost: float = 0.05
    lag_s: float = 0.0
    seed: int = 0

    def record(self, seconds: float) -> Trace:
        """The first `seconds` of the current."""
        rng = np.random.default_rng(self.seed)
        n = min(round(seconds * self.rate_hz), len(self.true_current_a))
        current = np.roll(self.true_current_a[:n], round(self.lag_s * self.rate_hz))
        ranges = np.searchsorted(RANGES_A, current)
        gains = 1 + rng.uniform(-self.range_errors, self.range_errors, len(RANGES_A) + 1)
        progress = np.linspace(0, 1, n)
        seen = current * gains[ranges] * (1 + self.gain_drift * progress) + self.offset_a * progress
        seen = seen + rng.normal(size=n) * self.noise * np.array([*RANGES_A, 1.0])[ranges]
        for at in np.flatnonzero(np.diff(ranges)) + 1:
            seen[at : at + self.switching_samples] = np.nan
        while np.isnan(seen).mean() < self.lost:
            begin = int(rng.integers(n))
            seen[begin : begin + int(rng.integers(1, max(2, n // 200)))] = np.nan
        error = self.gain_drift + self.range_errors
        return Trace(self.rate_hz, seen, self.marks[:n], self.supply_v, error, "simulated meter")

    def close(self) -> None:
        """Nothing to free."""

    def __enter__(self) -> SimulatedMeter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
