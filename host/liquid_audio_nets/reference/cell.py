"""The liquid time-constant cell beside its differential equation.

    f = exp(Wf [u;h] + bf)            conductance, 1/s   (argument clamped)
    A = tanh(Wa [u;h] + ba)           reversal potential
    dh/dt = -(1/tau + f) h + f A

A cell is any object with wf, wa (N, M + N), bf, ba, tau (N,) and gate_clamp, such as lnn.Cell.
All in float64; h is (N,), u is (M,), times are in s.
"""

from __future__ import annotations

import numpy as np

MIN_DT_S, MAX_DT_S = 0.001, 1.0
FEATURE_LIMIT, ERROR_LIMIT = 32639 / 4096, 256.0  # task anomaly: of a feature, of the square of its error
LOGIT_LIMIT = 128.0  # as cmodule/core/readout.c has it


def conductance_and_potential(cell, h: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f (N,) in 1/s and A (N,) at the state h and the input u."""
    x = np.concatenate([u, h]).astype(np.float64)
    gate = np.clip(np.asarray(cell.wf, np.float64) @ x + cell.bf, -cell.gate_clamp, cell.gate_clamp)
    return np.exp(gate), np.tanh(np.asarray(cell.wa, np.float64) @ x + cell.ba)


def derivative(cell, h: np.ndarray, u: np.ndarray) -> np.ndarray:
    """dh/dt (N,) in 1/s: the right side of the equation."""
    f, potential = conductance_and_potential(cell, h, u)
    return -(1.0 / np.asarray(cell.tau, np.float64) + f) * h + f * potential


def fused_step(cell, h: np.ndarray, u: np.ndarray, dt_s: float) -> np.ndarray:
    """Semi-implicit step: f and A from the old state, h on the right side from the new one.

    A weighted mean of h, A and 0: |h| stays <= 1 for every dt > 0.  First order in dt.
    """
    f, potential = conductance_and_potential(cell, h, u)
    return (h + dt_s * f * potential) / (1.0 + dt_s / np.asarray(cell.tau, np.float64) + dt_s * f)


def exact_step(cell, h: np.ndarray, u: np.ndarray, dt_s: float) -> np.ndarray:
    """The solution over dt with f and A held at their values at its beginning."""
    f, potential = conductance_and_potential(cell, h, u)
    rate = 1.0 / np.asarray(cell.tau, np.float64) + f
    settled = f * potential / rate
    return settled + (h - settled) * np.exp(-rate * dt_s)


class Network:
    """Cells, readout and smoothing of an lnn.Model; state: h, a list of (N,); evidence (n_labels,).

    Task anomaly: the logits are the features expected next, the evidence their squared error, smoothed."""

    def __init__(self, model):
        self.cells, self.readout = model.cells, model.readout
        self.expects_features, self.longest_s = model.task == "anomaly", model.policy.max_timestep_us * 1e-6
        self.reset()

    def reset(self) -> None:
        self.h = [np.zeros(np.shape(cell.wf)[0]) for cell in self.cells]
        self.evidence = np.zeros(len(self.readout.b))
        self.logits = np.zeros(len(self.readout.b))

    def step(self, features: np.ndarray, dt_s: float) -> np.ndarray:
        """Advances by dt_s, clipped to 1 ms to 1 s, on features (n_mels,); returns the logits (n_labels,)."""
        dt_s = min(max(dt_s, MIN_DT_S), MAX_DT_S)
        u = np.asarray(features, np.float64)
        if self.expects_features:
            error = np.clip(u, -FEATURE_LIMIT, FEATURE_LIMIT) - self.logits
            self._smooth(np.minimum(error**2, ERROR_LIMIT), min(dt_s, self.longest_s))
        for k, cell in enumerate(self.cells):
            u = self.h[k] = fused_step(cell, self.h[k], u, dt_s)
        logits = np.asarray(self.readout.w, np.float64) @ u + self.readout.b
        self.logits = np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT)
        if not self.expects_features:
            self._smooth(self.logits, dt_s)
        return self.logits

    def _smooth(self, target: np.ndarray, dt_s: float) -> None:
        self.evidence = self.evidence + dt_s / (dt_s + self.readout.smoothing_s) * (target - self.evidence)

    def rest(self, dt_s: float) -> None:
        """Nothing is heard for dt_s: the evidence fades."""
        self.evidence = self.evidence * self.readout.smoothing_s / (dt_s + self.readout.smoothing_s)

    @property
    def posterior(self) -> np.ndarray:
        """Softmax of the evidence; of task anomaly s / (1 + s) for all labels, s the mean of the evidence."""
        if self.expects_features:
            s = self.evidence.mean()
            return np.full(len(self.evidence), s / (1 + s))
        e = np.exp(self.evidence - self.evidence.max())
        return e / e.sum()
