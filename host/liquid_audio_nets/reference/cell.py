# SPDX-License-Identifier: MIT
"""The liquid time-constant cell beside its differential equation.

    f = exp(Wf [u;h] + bf)            conductance, 1/s   (argument clamped)
    A = tanh(Wa [u;h] + ba)           reversal potential
    dh/dt = -(1/tau + f) h + f A

The equation is eq. 1 of Hasani et al., "Liquid Time-constant Networks", arXiv 2006.04439.  All computations are in
float64; h is (N,), u is (M,), times are in s.
"""

from __future__ import annotations

import numpy as np

from ..lnn.arrays import Array
from ..lnn.cells import Cell, FloatCell, Grid
from ..lnn.layout import LEAST, LIMITS
from ..lnn.model import LiquidReadout, Model, Readout
from .stages import LOGIT_LIMIT, Means, Rhythm, evidence_step, faded

MIN_DT_S, MAX_DT_S = (limits["timestep_us"] / 1e6 for limits in (LEAST, LIMITS))
FEATURE_LIMIT = LIMITS["number"] / 4096  # task anomaly: of a feature
ERROR_LIMIT = 256.0  # task anomaly: of the square of a feature's error


def conductance_and_potential(cell: FloatCell, h: Array, u: Array) -> tuple[Array, Array]:
    """f (N,) in 1/s and A (N,) at the state h and the input u; each position of a grid has its own [u;h]."""
    x = cell.heard(u, h) if isinstance(cell, Grid) else np.concatenate([u, h])
    gate, potential = (
        np.ravel(x @ np.asarray(w, np.float64).T + b) for w, b in ((cell.wf, cell.bf), (cell.wa, cell.ba))
    )
    return np.exp(np.clip(gate, -cell.gate_clamp, cell.gate_clamp)), np.tanh(potential)


def derivative(cell: FloatCell, h: Array, u: Array) -> Array:
    """dh/dt (N,) in 1/s: the right side of the equation."""
    f, potential = conductance_and_potential(cell, h, u)
    return np.asarray(-(1.0 / cell.tau_s + f) * h + f * potential)


def fused_step(cell: FloatCell, h: Array, u: Array, dt_s: float) -> Array:
    """The fused semi-implicit step (section 3 of arXiv 2006.04439): f and A from the old state, h from the new one.

    The result is a weighted mean of h, A and 0, so that |h| stays <= 1 for every dt > 0.  It is of first order in dt.
    """
    f, potential = conductance_and_potential(cell, h, u)
    return np.asarray((h + dt_s * f * potential) / (1.0 + dt_s / cell.tau_s + dt_s * f))


def exact_step(cell: FloatCell, h: Array, u: Array, dt_s: float) -> Array:
    """The exact solution over dt if f and A keep the values that they have at its beginning."""
    f, potential = conductance_and_potential(cell, h, u)
    rate = 1.0 / cell.tau_s + f
    settled = f * potential / rate
    return np.asarray(settled + (h - settled) * np.exp(-rate * dt_s))


def clipped_dt_s(dt_s: float) -> float:
    """A timestep as the engine takes it: 1 ms to 1 s."""
    return min(max(dt_s, MIN_DT_S), MAX_DT_S)


class Network:
    """Traces, cells and readout of a float model.  State: h, a list of (N,), evidence (n_labels,), and means.

    Task anomaly: the logits are the features expected next; the evidence is their squared error, smoothed.
    """

    def __init__(self, model: Model):
        """Of float cells and a float readout.  Raises TypeError for an integer model."""
        self.cells = [cell for cell in model.cells if isinstance(cell, Cell | Grid)]
        if not isinstance(model.readout, Readout | LiquidReadout) or len(self.cells) < len(model.cells):
            raise TypeError("reference.cell runs float models; reference.integer runs the others")
        self.readout, self.traces, self.n_labels = model.readout, model.traces, len(model.labels)
        self.expects_features, self.longest_s = model.task == "anomaly", model.policy.max_timestep_us * 1e-6
        self.every, self.hears_all = model.every, model.hears_all
        self.reset()

    def reset(self) -> None:
        """To the state at rest: all zeros."""
        self.h = [np.zeros(cell.n_units) for cell in self.cells]
        self.means = Means(self.traces) if self.traces else None
        self.rhythm = Rhythm(self.every, len(self.cells), MAX_DT_S)
        self.evidence, self.logits = np.zeros(self.n_labels), np.zeros(self.n_labels)

    def step(self, features: Array, dt_s: float, heard_s: float | None = None) -> Array:
        """Advances by dt_s (clipped to 1 ms to 1 s) on features (n_mels,); gives the logits (n_labels,).

        heard_s: of dt_s, the time in which the evidence of a liquid readout has not faded; None: all of it.
        """
        heard_s = clipped_dt_s(dt_s if heard_s is None else heard_s)
        dt_s = clipped_dt_s(dt_s)
        u = np.asarray(features, np.float64)
        if self.expects_features:
            assert isinstance(self.readout, Readout)
            error = np.clip(u, -FEATURE_LIMIT, FEATURE_LIMIT) - self.logits
            self._smooth(self.readout, np.minimum(error**2, ERROR_LIMIT), min(dt_s, self.longest_s))
        if self.means:
            u = self.means.step(u, dt_s)
        for k, (cell, own_dt_s) in enumerate(zip(self.cells, self.rhythm.step(dt_s), strict=True)):
            if own_dt_s is not None:
                self.h[k] = fused_step(cell, self.h[k], u, own_dt_s)
            u = self.h[k]
        u = np.concatenate(self.h) if self.hears_all else u
        if isinstance(self.readout, LiquidReadout):
            self.evidence = self.logits = evidence_step(self.readout, self.evidence, u, heard_s)
            return self.logits
        logits = np.asarray(self.readout.w, np.float64) @ u + self.readout.b
        self.logits = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
        if not self.expects_features:
            self._smooth(self.readout, self.logits, dt_s)
        return self.logits

    def _smooth(self, readout: Readout, target: Array, dt_s: float) -> None:
        self.evidence = self.evidence + dt_s / (dt_s + readout.smoothing_s) * (target - self.evidence)

    def rest(self, dt_s: float) -> None:
        """Lets dt_s pass in silence: the evidence fades."""
        if isinstance(self.readout, LiquidReadout):
            self.evidence = faded(self.readout, self.evidence, dt_s)
        else:
            self._smooth(self.readout, np.zeros(self.n_labels), dt_s)

    @property
    def posterior(self) -> Array:
        """float64 (n_labels,): the softmax of the evidence; task anomaly: s / (1 + s), where s is its mean, for all."""
        if self.expects_features:
            s = self.evidence.mean()
            return np.full(len(self.evidence), s / (1 + s))
        e = np.exp(self.evidence - self.evidence.max())
        return np.asarray(e / e.sum())
