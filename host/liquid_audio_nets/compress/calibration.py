# SPDX-License-Identifier: MIT
"""What a network meets on real sound: the inputs of every matrix product, and the times of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ..lnn import FloatCell, Grid, Model, write
from ..native import LNN, clip_features, step_ends
from ..reference.cell import MAX_DT_S, MIN_DT_S, fused_step
from ..reference.stages import Means, Rhythm
from .parts import float_parts


@dataclass
class Moments:
    """Sums of x and of x x^T over all vectors x (n,) that a matrix was multiplied by."""

    size: int
    count: int = 0
    sum: np.ndarray = field(init=False)
    squares: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.sum, self.squares = np.zeros(self.size), np.zeros((self.size, self.size))

    def add(self, rows: np.ndarray) -> None:
        """Counts k vectors: rows float (k, n)."""
        self.count += len(rows)
        self.sum += rows.sum(0)
        self.squares += rows.T @ rows

    @property
    def mean(self) -> np.ndarray:
        """Mean of the vectors, (n,)."""
        return self.sum / max(self.count, 1)

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the vectors, (n, n), with a small diagonal so that an input that never moved still counts a little."""
        found: np.ndarray = self.squares / max(self.count, 1) - np.outer(self.mean, self.mean)
        found += np.eye(self.size) * (1e-6 + 1e-3 * np.trace(found) / self.size)
        return found


@dataclass
class Calibration:
    """cells: moments of [u; h] of each cell at the steps at which it runs, of a grid at all its positions; readout: of the states that it hears.

    clips: int16 (n,) each; ends: at which samples of a clip a step was made, int (steps,); features: what the front-end
    gave then, float32 (steps, channels)."""

    cells: list[Moments]
    readout: Moments
    clips: list[np.ndarray] = field(default_factory=list)
    ends: list[np.ndarray] = field(default_factory=list)
    features: list[np.ndarray] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps of all clips together."""
        return self.readout.count


def calibrate(model: Model, clips: Iterable[np.ndarray]) -> Calibration:
    """Runs a float model over clips, int16 (n,) each, at the steps that its own policy chooses.

    Clips that do not open the energy gate are left out.  Raises CompressError for a model that is not float.
    """
    cells = float_parts(model)[1]
    found = Calibration([Moments(np.shape(c.wf)[1]) for c in cells], Moments(model.readout.n_inputs))
    with LNN(write(model)) as lnn:
        for samples in clips:
            ends = step_ends(lnn, samples)
            if len(ends):
                features = clip_features(lnn, samples, ends)
                found.clips.append(samples)
                found.ends.append(ends)
                found.features.append(features)
                _observe(cells, model, found, features, np.diff(ends, prepend=0) / lnn.sample_rate)
    return found


def _observe(cells: list[FloatCell], model: Model, found: Calibration, features: np.ndarray, dt_s: np.ndarray) -> None:
    means = Means(model.traces) if model.traces else None
    rhythm = Rhythm(model.every, len(cells), MAX_DT_S)
    states = [np.zeros(cell.n_units) for cell in cells]
    seen: list[list[np.ndarray]] = [[] for _ in cells]
    last = np.empty((len(features), found.readout.size))
    for step, (u, dt) in enumerate(zip(features.astype(np.float64), np.clip(dt_s, MIN_DT_S, MAX_DT_S), strict=True)):
        u = means.step(u, dt) if means else u
        for k, (cell, own_dt) in enumerate(zip(cells, rhythm.step(dt), strict=True)):
            if own_dt is not None:
                seen[k] += [*cell.heard(u, states[k])] if isinstance(cell, Grid) else [np.concatenate([u, states[k]])]
                states[k] = fused_step(cell, states[k], u, own_dt)
            u = states[k]
        last[step] = np.concatenate(states) if model.hears_all else u
    for moments, rows in zip((*found.cells, found.readout), (*seen, last), strict=True):
        moments.add(np.asarray(rows))
