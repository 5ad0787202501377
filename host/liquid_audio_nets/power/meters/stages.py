# SPDX-License-Identifier: MIT
"""Energy of each stage: the marks that a board sets on pins, and the current, on one time line."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...lnn.arrays import Array
from ..errors import MeterError
from .interface import Trace

MOST_LAG_S = 1e-3
CONFIDENCE = 0.95
ENOUGH_SAMPLES = 50_000  # to find the lag
FEWEST_RUNS = 3  # for an interval


@dataclass(frozen=True)
class StageEnergy:
    """What was measured while the marks had one value.

    runs: how often they did.  power_w: mean.  run_j: mean energy of a run, with its 95 % interval, low_j to high_j, of which
    the meter's own error is a part; the interval is None with fewer than three runs."""

    mark: int
    runs: int
    seconds: float
    power_w: float
    run_j: float
    low_j: float | None
    high_j: float | None

    @property
    def energy_j(self) -> float:
        """Of all runs."""
        return self.power_w * self.seconds

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return vars(self) | {"energy_j": self.energy_j}


def aligned(trace: Trace, most_lag_s: float = MOST_LAG_S) -> Trace:
    """The trace with its marks moved by the lag, at most most_lag_s either way, at which they explain most of the power.

    A meter's filter delays the current against its digital inputs."""
    power, most = trace.power_w, int(most_lag_s * trace.rate_hz)
    if most == 0 or len(np.unique(trace.marks)) < 2:
        return trace
    lags = sorted(range(-most, most + 1), key=abs)
    first = slice(0, max(ENOUGH_SAMPLES, 20 * most))
    best = max(lags, key=lambda lag: _explained(power[first], np.roll(trace.marks[first], lag)))
    moved = np.roll(trace.marks, best)
    if best > 0:
        moved[:best] = trace.marks[0]
    elif best < 0:
        moved[best:] = trace.marks[-1]
    return dataclasses.replace(trace, marks=moved)


def _explained(power: Array, marks: Array) -> float:
    """Variance of the power between the marks, which is what is left of the whole after that within."""
    good = np.isfinite(power)
    count = np.bincount(marks[good])
    total = np.bincount(marks[good], power[good])
    used = count > 0
    return float(np.sum(total[used] ** 2 / count[used]))


def filled(trace: Trace) -> Array:
    """The power (n,) with the lost samples filled in: between neighbours of the same run, else with the mean at this mark.

    So a meter that loses samples when the current jumps does not lose the energy of the jump."""
    power, runs = trace.power_w.copy(), _runs(trace.marks)
    good = np.isfinite(power)
    means = {int(mark): power[good & (trace.marks == mark)] for mark in np.unique(trace.marks)}
    overall = float(power[good].mean())
    for begin, end in runs:
        part, here = power[begin:end], good[begin:end]
        if here.all():
            continue
        if here.sum() >= 2:
            at = np.arange(end - begin)
            part[~here] = np.interp(at[~here], at[here], part[here])
        else:
            known = means[int(trace.marks[begin])]
            part[~here] = known.mean() if len(known) else overall
    return power


def _runs(marks: Array) -> list[tuple[int, int]]:
    """(begin, end) of the stretches with one mark."""
    edges = [0, *(np.flatnonzero(np.diff(marks)) + 1).tolist(), len(marks)]
    return list(itertools.pairwise(edges))


def stage_energies(trace: Trace) -> list[StageEnergy]:
    """The energy of every mark, in the order of the marks.  Align the trace first."""
    power, runs = filled(trace), _runs(trace.marks)
    cumulated = np.concatenate([[0.0], np.cumsum(power)]) / trace.rate_hz
    return [_stage(mark, trace, runs, cumulated) for mark in sorted({int(trace.marks[b]) for b, _ in runs})]


def _stage(mark: int, trace: Trace, runs: list[tuple[int, int]], cumulated: Array) -> StageEnergy:
    from scipy.stats import t

    mine = [(b, e) for b, e in runs if trace.marks[b] == mark]
    whole = [(b, e) for b, e in mine if b > 0 and e < len(trace.marks)] or mine  # the first and the last may be cut
    energies = np.array([cumulated[e] - cumulated[b] for b, e in whole])
    seconds = sum(e - b for b, e in mine) / trace.rate_hz
    power_w = float(sum(cumulated[e] - cumulated[b] for b, e in mine) / seconds)
    mean, low, high = float(energies.mean()), None, None
    if len(energies) >= FEWEST_RUNS:
        spread = float(t.ppf((1 + CONFIDENCE) / 2, len(energies) - 1) * energies.std(ddof=1) / np.sqrt(len(energies)))
        half = spread + trace.error * abs(mean)
        low, high = mean - half, mean + half
    return StageEnergy(mark, len(mine), seconds, power_w, mean, low, high)


def energy_j(trace: Trace) -> float:
    """Of the whole recording, with the lost samples filled in."""
    return float(filled(trace).sum() / trace.rate_hz)


def named(text: str) -> dict[int, str]:
    """ "0=asleep,1=computing" -> {0: "asleep", 1: "computing"}.  Raises MeterError."""
    try:
        pairs = (part.split("=", 1) for part in text.split(","))
        return {int(mark): name.strip() for mark, name in pairs}
    except ValueError:
        raise MeterError(f"{text!r} does not name marks; write it as 0=asleep,1=computing") from None
