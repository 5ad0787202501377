# SPDX-License-Identifier: MIT
"""Float weights to int8 or int16, with the scales and roundings of least error on what the network really meets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lnn import Cell, CellS8, FloatCell, Grid, GridS8, IntegerCell, LiquidReadout, LiquidReadoutS8, Readout, ReadoutS8
from ..lnn.integer import ROW_LIMIT_S16
from ..lnn.layout import RANGES
from .calibration import Moments
from .errors import CompressError

LARGEST = 127
FEATURE_BITS, STATE_BITS = 12, 15  # fraction bits of features and states
SCALE_LIMIT, BIAS_LIMIT, INV_TAU_LIMIT = (
    RANGES["cell_s8"][name].magnitude for name in ("scale_inputs", "bias", "inv_tau")
)
CLIP_RATIOS = np.linspace(0.5, 1.0, 26)
SWEEPS = 4


@dataclass
class Part:
    """Columns of a matrix that share one scale per row; bits: fraction bits of the numbers that they are multiplied by."""

    columns: slice
    bits: int

    @property
    def one(self) -> float:
        """The integer for a scale of 1, so that (sum * scale) >> 32 is an argument in q16."""
        return 2.0 ** (48 - self.bits)

    @property
    def largest_scale(self) -> float:
        """The largest scale that the file can hold."""
        return SCALE_LIMIT / self.one

    def scale_q(self, scale: np.ndarray) -> np.ndarray:
        """Scales as the file holds them, float (R,) -> int32 (R,)."""
        return np.rint(scale * self.one).astype(np.int32)


def input_bits(k: int) -> int:
    """Fraction bits of the inputs of cell k."""
    return FEATURE_BITS if k == 0 else STATE_BITS


def quantise(
    w: np.ndarray, parts: list[Part], moments: Moments, weight: str = "int8"
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Rounds a matrix: w float (R, C) -> integers (R, C), a scale (R,) for each part, and a bias correction (R,).

    moments: of what the matrix is multiplied by.  weight: "int8" or "int16".  Raises CompressError for a row that is too
    large for int16."""
    w = np.asarray(w, np.float64)
    q, scale = _round_to_int16(w, parts) if weight == "int16" else _round_to_int8(w, parts, moments.covariance)
    return q.astype(weight), [scale[:, part.columns.start] for part in parts], (w - q * scale) @ moments.mean


def _round_to_int16(w: np.ndarray, parts: list[Part]) -> tuple[np.ndarray, np.ndarray]:
    """The finest scale at which the magnitudes of a row of a part add up to no more than the format allows.

    Rounding moves a weight by half a step at most, which the limit is lowered by.
    """
    q, scale = np.empty_like(w), np.empty_like(w)
    for part in parts:
        size = np.abs(w[:, part.columns])
        finest = np.maximum(size.sum(1) / (ROW_LIMIT_S16 - size.shape[1] / 2), size.max(1) / 32767)
        steps = np.maximum(np.ceil(finest * part.one), 1)[:, None]
        if steps.max() > SCALE_LIMIT:
            raise CompressError(
                f"weights as large as {size.max():.0f}, up to {size.sum(1).max():.0f} in a row, do not fit "
                "into int16: train with more weight decay, or use --quantization float32"
            )
        q[:, part.columns], scale[:, part.columns] = np.rint(w[:, part.columns] * part.one / steps), steps / part.one
    return q, scale


def _round_to_int8(w: np.ndarray, parts: list[Part], covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scales by search over clipping ratios, then roundings by coordinate descent: each weight makes up
    for the errors of those that move together with it. What remains on average goes into the bias.
    """
    scale = np.empty_like(w)
    for part in parts:
        c = part.columns
        best = np.minimum(_search(w[:, c], covariance[c, c]), part.largest_scale)
        scale[:, c] = part.scale_q(best)[:, None] / part.one
    used = w != 0  # pruned weights stay zero
    q = np.clip(np.rint(w / np.maximum(scale, 1e-30)), -LARGEST, LARGEST)
    error = w - q * scale
    for column in np.tile(np.arange(w.shape[1]), SWEEPS):
        s = np.maximum(scale[:, column], 1e-30)
        wanted = q[:, column] + (error @ covariance[:, column]) / (s * covariance[column, column])
        q[:, column] = np.clip(np.rint(wanted), -LARGEST, LARGEST) * used[:, column]
        error[:, column] = w[:, column] - q[:, column] * s
    return q, scale


def _search(w: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """For each row the scale with the least rounding error, (R,)."""
    full: np.ndarray = np.maximum(np.abs(w).max(1), 1e-9) / LARGEST
    least, best = np.full(len(w), np.inf), full.copy()
    for ratio in CLIP_RATIOS:
        s = (full * ratio)[:, None]
        error = w - np.clip(np.rint(w / s), -LARGEST, LARGEST) * s
        size = np.einsum("rc,cd,rd->r", error, covariance, error)
        better = size < least
        least[better], best[better] = size[better], s[better, 0]
    return best


def quantise_cell(cell: Cell, moments: Moments, k: int, weight: str = "int8") -> CellS8:
    """A cell in integers; k: its index in the model; moments: of its [u; h].  Raises CompressError as quantise()."""
    m, n = cell.n_inputs, cell.n_units
    parts = [Part(slice(0, m), input_bits(k)), Part(slice(m, m + n), STATE_BITS)]
    rows = np.stack([cell.wf, cell.wa], 1).reshape(2 * n, m + n)
    q, scales, correction = quantise(rows, parts, moments, weight)
    bias = np.stack([cell.bf, cell.ba], 1).ravel() + correction
    return CellS8(
        q[:, :m],
        q[:, m:],
        parts[0].scale_q(scales[0]),
        parts[1].scale_q(scales[1]),
        _q16(bias),
        inv_tau_q16(cell.tau),
        min(round(cell.gate_clamp * 2048), 32767),
        cell.kind,
        cell.solver,
        weight=weight,
    )


def quantise_grid(grid: Grid, moments: Moments, weight: str = "int8") -> GridS8:
    """A grid in integers; moments: of what its positions hear.  Raises CompressError as quantise()."""
    part = Part(slice(0, grid.columns), FEATURE_BITS)
    q, (scale,), correction = quantise(
        np.stack([grid.wf, grid.wa], 1).reshape(-1, grid.columns), [part], moments, weight
    )
    bias = np.stack([grid.bf, grid.ba], -1) + correction.reshape(-1, 2)
    return GridS8(
        q,
        part.scale_q(scale),
        _q16(bias.ravel()),
        inv_tau_q16(grid.tau_s),
        grid.width,
        grid.stride,
        min(round(grid.gate_clamp * 2048), 32767),
        grid.solver,
        weight=weight,
    )


def quantise_readout(
    readout: Readout | LiquidReadout, moments: Moments, weight: str = "int8"
) -> ReadoutS8 | LiquidReadoutS8:
    """A readout in integers; moments: of the last cell's state.  Raises CompressError as quantise()."""
    if isinstance(readout, LiquidReadout):
        return _quantise_liquid(readout, moments, weight)
    part = Part(slice(0, np.shape(readout.w)[1]), STATE_BITS)
    q, (scale,), correction = quantise(readout.w, [part], moments, weight)
    return ReadoutS8(
        q, _q16(readout.b + correction), part.scale_q(scale), readout.smoothing_s, readout.idle_label, weight=weight
    )


def _quantise_liquid(readout: LiquidReadout, moments: Moments, weight: str) -> LiquidReadoutS8:
    n, columns = np.shape(readout.wg)
    part = Part(slice(0, columns), STATE_BITS)
    rows = np.stack([readout.wg, readout.wv], 1).reshape(2 * n, columns)
    q, (scale,), correction = quantise(rows, [part], moments, weight)
    bias = _q16(np.stack([readout.bg, readout.bv], 1).ravel() + correction)
    return LiquidReadoutS8(q, bias, part.scale_q(scale), inv_tau_q16(readout.tau), readout.idle_label, weight=weight)


def dequantise_cell(cell: IntegerCell, k: int) -> FloatCell:
    """Cell k of a network as a float cell with the rounded weights."""
    clamp = cell.gate_clamp_q11 / 2048
    if isinstance(cell, GridS8):
        rows = cell.weights * (cell.scale / 2.0 ** (48 - FEATURE_BITS))[:, None]
        of_units = (cell.positions, cell.filters)
        bf, ba = np.moveaxis((np.asarray(cell.bias) / 65536.0).reshape(*of_units, 2), -1, 0)
        tau = cell.tau_s.reshape(of_units)
        return Grid(rows[0::2], rows[1::2], bf, ba, tau, cell.width, cell.stride, clamp, cell.solver)
    parts = (
        (cell.weights_inputs, cell.scale_inputs, input_bits(k)),
        (cell.weights_state, cell.scale_state, STATE_BITS),
    )
    rows = np.hstack([q * (s / 2.0 ** (48 - bits))[:, None] for q, s, bits in parts])
    bias = np.asarray(cell.bias) / 65536.0
    return Cell(rows[0::2], rows[1::2], bias[0::2], bias[1::2], cell.tau_s, clamp, cell.kind, cell.solver)


def dequantise_readout(readout: ReadoutS8 | LiquidReadoutS8) -> Readout | LiquidReadout:
    """A float readout with the rounded weights."""
    w, b = readout.weights * (readout.scale / 2.0 ** (48 - STATE_BITS))[:, None], np.asarray(readout.bias) / 65536.0
    if isinstance(readout, LiquidReadoutS8):
        return LiquidReadout(w[0::2], b[0::2], w[1::2], b[1::2], readout.tau_s, readout.idle_label)
    return Readout(w, b, readout.smoothing_s, readout.idle_label)


def inv_tau_q16(tau_s: np.ndarray) -> np.ndarray:
    """1/tau as the file holds it, uint32 (n,) q16 in 1/s, of time constants (n,) in s."""
    return np.minimum(np.rint(65536.0 / np.asarray(tau_s, np.float64)), INV_TAU_LIMIT).astype(np.uint32)


def _q16(x: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(np.asarray(x) * 65536.0), -BIAS_LIMIT, BIAS_LIMIT).astype(np.int32)
