# SPDX-License-Identifier: MIT
"""Traces before the cells, when cells run, and the liquid readout behind them, beside their differential equations, in float64.

dm/dt = (x - m) / tau              the mean of a feature x; the cells hear [x; x - m]
de/dt = -(1/tau + g) e + g v       the evidence of a label, g = exp(wg h + bg) and v = wv h + bv
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lnn.arrays import Array
from ..lnn.layout import LEAST, LIMITS
from ..lnn.model import LiquidReadout, Traces

LOGIT_LIMIT = 128.0  # as in cmodule/core/readout.h


def mean_derivative(traces: Traces, m: Array, x: Array) -> Array:
    """dm/dt (n_mels,) in 1/s."""
    return np.asarray((np.asarray(x, np.float64) - m) / np.asarray(traces.tau, np.float64))


class Means:
    """The slow means m of traces.  State: m float64 (n_mels,), or None before the first step."""

    def __init__(self, traces: Traces):
        self.tau = np.asarray(traces.tau, np.float64)
        self.m: Array | None = None

    def step(self, x: Array, dt_s: float) -> Array:
        """x float (n_mels,), dt_s after the last one -> [x; x - m], float64 (2 * n_mels,).

        The step is semi-implicit: the new m stands on the right side of the equation."""
        x = np.asarray(x, np.float64)
        self.m = x if self.m is None else self.m + dt_s / (dt_s + self.tau) * (x - self.m)
        return np.concatenate([x, x - self.m])


class Rhythm:
    """Which cells run at a step, and the dt of each.  The unit of time is the caller's; `longest` is 1 s in it."""

    def __init__(self, every: tuple[int, ...] | None, n_cells: int, longest: float):
        self.every, self.longest = every or (1,) * n_cells, longest
        self.steps, self.waited = 0, [0] * n_cells

    def step(self, dt: Any) -> list[Any]:
        """The dt of each cell at a step dt after the last one; None if it does not run."""
        self.waited = [min(waited + dt, self.longest) for waited in self.waited]
        runs = [self.steps % n == 0 for n in self.every]
        found = [waited if run else None for waited, run in zip(self.waited, runs, strict=True)]
        self.waited = [0 if run else waited for waited, run in zip(self.waited, runs, strict=True)]
        self.steps += 1
        return found


def conductance_and_value(readout: LiquidReadout, h: Array) -> tuple[Array, Array]:
    """g (n_labels,) in 1/s and v (n_labels,) at the state h of the last cell."""
    gate = np.asarray(readout.wg, np.float64) @ h + readout.bg
    value = np.asarray(readout.wv, np.float64) @ h + readout.bv
    g = np.exp(np.clip(gate, LEAST["readout_gate"], LIMITS["readout_gate"]))
    return np.asarray(g), np.clip(value, -LOGIT_LIMIT, LOGIT_LIMIT)


def evidence_derivative(readout: LiquidReadout, e: Array, h: Array) -> Array:
    """de/dt (n_labels,) in 1/s."""
    g, v = conductance_and_value(readout, h)
    return np.asarray(-(1.0 / readout.tau_s + g) * e + g * v)


def evidence_step(readout: LiquidReadout, e: Array, h: Array, dt_s: float) -> Array:
    """The evidence (n_labels,) dt_s later, semi-implicit as the fused step of a cell: |e| stays within the values v."""
    g, v = conductance_and_value(readout, h)
    return np.asarray((e + dt_s * g * v) / (1.0 + dt_s / readout.tau_s + dt_s * g))


def faded(readout: LiquidReadout, e: Array, dt_s: float) -> Array:
    """The evidence (n_labels,) after dt_s of silence, in which g counts as 0."""
    return np.asarray(e / (1.0 + dt_s / readout.tau_s))
