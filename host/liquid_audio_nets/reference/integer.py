# SPDX-License-Identifier: MIT
"""Integer traces, cells, readouts and posterior, bit by bit as in cmodule/core/{traces,cell_ltc_s8,cell_grid,liquid_readout,evidence}.c.

The product of weights and numbers is exact, so that every core gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import lnn
from ..lnn.arrays import Array
from ..lnn.integer import NUMBER_LIMIT
from ..lnn.layout import LEAST, LIMITS
from .fixmath import INT32_MAX, exp2_minus_q31, leak_q20, log2_q16, mul_high, reciprocal_q31, sigmoid_q31, tanh_q30
from .stages import Rhythm

LN2_Q31, LOG2_E_Q30, LOG2_MILLION_Q16 = 1488522236, 1549082005, 1306238
LOGIT_LIMIT_Q16 = 128 << 16
ERROR_LIMIT_Q12, LEAST_ERROR = 65535, 2  # of a feature that was expected otherwise; of its square, smoothed


def fits32(x: Array) -> Array:
    """x; asserts that it fits into the 32 bits in which the core keeps it."""
    assert np.all((x >= -(2**31)) & (x < 2**31)), "an overflow"
    return x


def product(weights: Array, scale: Array, x: Array) -> Array:
    """Sums of a matrix int8 (R, C) and numbers int16 (C,), scaled to q16, (R,)."""
    w = np.asarray(weights, np.int64)
    fits32(np.abs(w) @ np.abs(x))  # and so does every partial sum
    return mul_high(w @ x, scale)


def ln_us_q11(us: ArrayLike) -> Array:
    """ln of times in s, given in us."""
    return np.asarray(mul_high((log2_q16(us) - LOG2_MILLION_Q16) * 2, LN2_Q31) >> 5)


def leak(inv_tau_q16: Array, dt_us: int) -> tuple[Array, Array]:
    """With c = 1 + dt/tau: 1/c in q31 and ln(dt/c) in q11."""
    c = leak_q20(inv_tau_q16, dt_us)
    log2_c = log2_q16(c) - (20 << 16)
    shift_q11 = mul_high((log2_q16(dt_us) - LOG2_MILLION_Q16 - log2_c) * 2, LN2_Q31) >> 5
    return reciprocal_q31(c, log2_c), np.asarray(shift_q11)


class MeansS8:
    """The slow means of traces: m_q27 (n_mels,), None before the first step."""

    def __init__(self, traces: lnn.Traces):
        tau_us = np.asarray(traces.tau, np.float32) * np.float32(1e6) + np.float32(0.5)
        self.ln_tau_q11 = ln_us_q11(tau_us.astype(np.int64))
        self.m_q27: Array | None = None

    def step(self, x_q12: Array, dt_us: int) -> Array:
        """x int (n_mels,) -> [x; x - m] int (2 * n_mels,), both in q12."""
        x, share = np.asarray(x_q12, np.int64) << 15, sigmoid_q31(ln_us_q11(dt_us) - self.ln_tau_q11)
        self.m_q27 = x if self.m_q27 is None else self.m_q27 + 2 * mul_high(fits32(x - self.m_q27), share)
        difference = fits32(x - self.m_q27) >> 15
        return np.concatenate([x_q12, np.clip(difference, -NUMBER_LIMIT, NUMBER_LIMIT)])


def unit_step(cell: lnn.IntegerCell, h_q30: Array, z_q16: Array, dt_us: int) -> Array:
    """The new h_q30 (N,) from the arguments (2N,), gate and reversal by turns."""
    inv_c_q31, shift_q11 = leak(cell.inv_tau, dt_us)
    gate = np.clip(z_q16[0::2] >> 5, -cell.gate_clamp_q11, cell.gate_clamp_q11)
    s, potential = sigmoid_q31(gate + shift_q11), tanh_q30(z_q16[1::2] >> 5)
    kept = 2 * mul_high(h_q30, inv_c_q31)
    return np.asarray(kept + 2 * mul_high(s, fits32(potential - kept)))


class GridS8:
    """State of a grid: h_q30 (N,) and its copy h (N,) in q15; among its neighbours a unit counts in q12."""

    skipped_macs = 0

    def __init__(self, grid: lnn.GridS8):
        self.cell = grid
        self.h_q30, self.h = np.zeros((2, grid.n_units), np.int64)

    def step(self, u: Array, dt_us: int) -> Array:
        """u int (M,) features in q12 -> the new h (N,) in q15."""
        grid = self.cell
        sums = [product(grid.weights, grid.scale, x) for x in grid.heard(np.asarray(u), self.h >> 3)]
        z = fits32(np.asarray(grid.bias, np.int64) + np.concatenate(sums))
        self.h_q30 = unit_step(grid, self.h_q30, z, dt_us)
        self.h = self.h_q30 >> 15
        return self.h


class CellS8:
    """State of one cell: h_q30 (N,), its copy h (N,) in q15, and `counted`, the copy that the product sees."""

    def __init__(self, cell: lnn.CellS8):
        self.cell = cell
        self.h_q30 = np.zeros(cell.n_units, np.int64)
        self.h = np.zeros(cell.n_units, np.int64)
        self.counted = self.h
        self.skipped_macs = 0

    def step(self, u: Array, dt_us: int) -> Array:
        """u int (M,), features in q12 or states in q15 -> the new h (N,) in q15."""
        cell = self.cell
        self.counted = self._count()
        z = fits32(
            np.asarray(cell.bias, np.int64)
            + product(cell.weights_inputs, cell.scale_inputs, u)
            + product(cell.weights_state, cell.scale_state, self.counted)
        )
        self.h_q30 = unit_step(cell, self.h_q30, z, dt_us)
        self.h = self.h_q30 >> 15
        assert np.all(np.abs(self.h) <= NUMBER_LIMIT), "the state left its range"
        return self.h

    def _count(self) -> Array:
        """Four states keep their old values in the product until one of them has moved further than delta_q15.

        If a state has moved further than 16 bits can say, all count anew.
        """
        n = len(self.h)
        moved = np.zeros(-(-n // 4) * 4, np.int64)
        moved[:n] = np.abs(self.h - self.counted)
        if np.any(np.maximum(self.h - self.counted, self.counted - self.h - 1) > 32767):
            return self.h
        anew = (moved.reshape(-1, 4) > self.cell.delta_q15).any(1) | (self.cell.delta_q15 == 0)
        self.skipped_macs += int(np.sum(~anew)) * 4 * 2 * n
        return np.where(np.repeat(anew, 4)[:n], self.h, self.counted)


class NetworkS8:
    """Traces, cells and readout of an integer model."""

    def __init__(self, model: lnn.Model):
        """Raises TypeError for a float model."""
        if not isinstance(model.readout, lnn.ReadoutS8 | lnn.LiquidReadoutS8):
            raise TypeError("reference.integer runs integer models; reference.cell runs the others")
        self.model, self.readout = model, model.readout
        self.expects_features = model.task == "anomaly"
        self.reset()

    def reset(self) -> None:
        """To the state at rest: all zeros."""
        n = len(self.model.labels)
        self.means = MeansS8(self.model.traces) if self.model.traces else None
        self.rhythm = Rhythm(self.model.every, len(self.model.cells), LIMITS["timestep_us"])
        self.cells = [
            GridS8(cell) if isinstance(cell, lnn.GridS8) else CellS8(cell)
            for cell in self.model.cells
            if isinstance(cell, lnn.CellS8 | lnn.GridS8)
        ]
        self.logits_q16, self.evidence_q16 = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.evidence_q22 = np.zeros(n, np.int64)  # of a liquid readout
        if isinstance(self.readout, lnn.LiquidReadoutS8):
            return
        smoothing = np.float32(max(np.float32(self.readout.smoothing_s), np.float32(0.001)))
        self.inv_smoothing_q16 = int(np.float32(65536.0) / smoothing)

    def step(self, features_q12: Array, dt_us: int) -> Array:
        """features int (n_mels,) -> logits int64 (n_labels,) in q16."""
        u = np.clip(np.asarray(features_q12, np.int64), -NUMBER_LIMIT, NUMBER_LIMIT)
        if self.expects_features:
            error = np.clip(u - (self.logits_q16 >> 4), -ERROR_LIMIT_Q12, ERROR_LIMIT_Q12)
            self._smooth(error**2 >> 8, min(dt_us, self.model.policy.max_timestep_us))
        if self.means:
            u = self.means.step(u, dt_us)
        for cell, own_dt_us in zip(self.cells, self.rhythm.step(dt_us), strict=True):
            if own_dt_us is None:
                cell.skipped_macs += cell.cell.macs
            else:
                cell.step(u, own_dt_us)
            u = cell.h
        u = np.concatenate([cell.h for cell in self.cells]) if self.model.hears_all else u
        if isinstance(self.readout, lnn.LiquidReadoutS8):
            self._set_evidence(self._liquid_step(self.readout, u, dt_us))
            self.logits_q16 = self.evidence_q16
            return self.logits_q16
        logits = fits32(np.asarray(self.readout.bias, np.int64) + product(self.readout.weights, self.readout.scale, u))
        self.logits_q16 = np.clip(logits, -LOGIT_LIMIT_Q16, LOGIT_LIMIT_Q16)
        if not self.expects_features:
            self._smooth(self.logits_q16, dt_us)
        return self.logits_q16

    def rest(self, dt_us: int) -> None:
        """Lets dt_us pass in silence: the evidence fades."""
        if isinstance(self.readout, lnn.LiquidReadoutS8):
            inv_c_q31, _ = leak(self.readout.inv_tau, dt_us)
            self._set_evidence(2 * mul_high(self.evidence_q22, inv_c_q31))
            return
        self._smooth(np.zeros_like(self.logits_q16), dt_us)

    def _liquid_step(self, readout: lnn.LiquidReadoutS8, h: Array, dt_us: int) -> Array:
        z = fits32(np.asarray(readout.bias, np.int64) + product(readout.weights, readout.scale, h))
        gate = np.clip(z[0::2] >> 5, LEAST["readout_gate"] << 11, LIMITS["readout_gate"] << 11)
        value_q22 = np.clip(z[1::2], -LOGIT_LIMIT_Q16, LOGIT_LIMIT_Q16) << 6
        inv_c_q31, shift_q11 = leak(readout.inv_tau, dt_us)
        kept = 2 * mul_high(self.evidence_q22, inv_c_q31)
        return np.asarray(kept + 2 * mul_high(sigmoid_q31(gate + shift_q11), fits32(value_q22 - kept)))

    def _set_evidence(self, evidence_q22: Array) -> None:
        self.evidence_q22, self.evidence_q16 = fits32(evidence_q22), evidence_q22 >> 6

    def _smooth(self, target: Array, dt_us: int) -> None:
        c = leak_q20(self.inv_smoothing_q16, dt_us)
        share = INT32_MAX - reciprocal_q31(c, log2_q16(c) - (20 << 16))
        self.evidence_q16 = self.evidence_q16 + 2 * mul_high(target - self.evidence_q16, share)

    @property
    def posterior_q15(self) -> Array:
        """int64 (n_labels,): the softmax of the evidence; task anomaly: s / (1 + s), where s is its mean, for all."""
        if self.expects_features:
            total, n = int((self.evidence_q16 + LEAST_ERROR).sum()), len(self.evidence_q16)
            return np.full(n, exp2_minus_q31(log2_q16(total + (n << 16)) - log2_q16(total)) >> 16)
        distance = mul_high((self.evidence_q16.max() - self.evidence_q16) * 4, LOG2_E_Q30)
        extra = max(int(log2_q16(exp2_minus_q31(distance).sum())) - (31 << 16), 0)
        return np.asarray((exp2_minus_q31(distance + extra) + 0x8000) >> 16)
