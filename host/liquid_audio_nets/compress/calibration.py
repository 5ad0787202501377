"""What a network sees on real sound: the inputs of every product, and the steps at which they come."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..lnn import Model, write
from ..native import LNN, clip_features, step_ends
from ..reference.cell import MAX_DT_S, MIN_DT_S, fused_step


@dataclass
class Moments:
    """First and second moments of the vectors x (n,) that a product has met."""

    size: int
    count: int = 0
    sum: np.ndarray = field(init=False)
    squares: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.sum, self.squares = np.zeros(self.size), np.zeros((self.size, self.size))

    def add(self, rows: np.ndarray) -> None:
        """rows float (k, n)."""
        self.count += len(rows)
        self.sum += rows.sum(0)
        self.squares += rows.T @ rows

    @property
    def mean(self) -> np.ndarray:
        return self.sum / max(self.count, 1)

    @property
    def covariance(self) -> np.ndarray:
        """(n, n), with a small diagonal, so that an input that never moved still counts a little."""
        covariance = self.squares / max(self.count, 1) - np.outer(self.mean, self.mean)
        return covariance + np.eye(self.size) * (1e-6 + 1e-3 * np.trace(covariance) / self.size)


@dataclass
class Calibration:
    """cells: moments of [u; h] of each cell, readout: of h; clips with the sample counts of their steps."""

    cells: list[Moments]
    readout: Moments
    clips: list[np.ndarray] = field(default_factory=list)
    ends: list[np.ndarray] = field(default_factory=list)
    features: list[np.ndarray] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return self.readout.count


def calibrate(model: Model, clips) -> Calibration:
    """Runs a float model over clips, each int16 (n,), at the steps that its own policy chooses.

    Clips that do not open the energy gate are left out.
    """
    found = Calibration([Moments(c.n_inputs + c.n_units) for c in model.cells], Moments(model.cells[-1].n_units))
    with LNN(write(model)) as lnn:
        for samples in clips:
            ends = step_ends(lnn, samples)
            if len(ends):
                features = clip_features(lnn, samples, ends)
                found.clips.append(samples)
                found.ends.append(ends)
                found.features.append(features)
                _observe(model, found, features, np.diff(ends, prepend=0) / lnn.sample_rate)
    return found


def _observe(model: Model, found: Calibration, features: np.ndarray, dt_s: np.ndarray) -> None:
    states = [np.zeros(cell.n_units) for cell in model.cells]
    seen = [np.empty((len(features), m.size)) for m in found.cells]
    last = np.empty((len(features), found.readout.size))
    for step, (u, dt) in enumerate(zip(features.astype(np.float64), np.clip(dt_s, MIN_DT_S, MAX_DT_S), strict=True)):
        for k, cell in enumerate(model.cells):
            seen[k][step] = np.concatenate([u, states[k]])
            u = states[k] = fused_step(cell, states[k], u, dt)
        last[step] = u
    for moments, rows in zip((*found.cells, found.readout), (*seen, last), strict=True):
        moments.add(rows)
