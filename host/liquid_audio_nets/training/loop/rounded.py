# SPDX-License-Identifier: MIT
"""Cells and readout of an integer model as a network that learns; see quantised.py."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn

from ...compress.parts import integer_parts
from ...compress.weights import BIAS_LIMIT, FEATURE_BITS, STATE_BITS, inv_tau_q16
from ...lnn import CellS8, Grid, GridS8, IntegerCell, LiquidReadoutS8, Model
from ...lnn import Traces as FileTraces
from ...lnn.integer import ROW_LIMIT_S16
from ...lnn.matrix_s8 import BLOCK, blocks_of
from ..nets.cells import fused_sequence, own_dt
from ..nets.grid import grid_index, spread
from ..nets.leaky import Traces, listen, smooth


class Rounded(nn.Module):
    """A matrix of the file: weights float (R, C) on the grid of scale (R, C), q integers within +-largest."""

    scale: Tensor
    kept: Tensor

    def __init__(self, q: np.ndarray, scale: np.ndarray, bias: np.ndarray, largest: int):
        super().__init__()
        self.largest = largest
        self.register_buffer("scale", torch.from_numpy(np.maximum(scale, 1e-30)).float())
        self.register_buffer("kept", torch.from_numpy(~_pruned(q)).float())
        self.weight = nn.Parameter(torch.from_numpy(q * scale).float())
        self.bias = nn.Parameter(torch.from_numpy(bias / 65536.0).float())

    @property
    def integers(self) -> Tensor:
        """The weights as the file holds them, whole numbers (R, C)."""
        return (self.weight / self.scale).round().clamp(-self.largest, self.largest) * self.kept

    def forward(self) -> Tensor:
        """(R, C) as the integer kernels see it; the gradient is that of the weights that stay."""
        exact = self.weight * self.kept
        return exact + (self.integers * self.scale - exact).detach()


def _pruned(q: np.ndarray) -> np.ndarray:
    """Weights of blocks that are all zero, bool (R, C)."""
    used = blocks_of(q).any((2, 3))
    return ~np.repeat(np.repeat(used, BLOCK, 0), BLOCK, 1)[: q.shape[0], : q.shape[1]]


class RoundedCell(nn.Module):
    """A dense cell of the file, the k-th of the model; bias (2N,) and the rows of its matrices: gate and reversal by turns."""

    def __init__(self, cell: CellS8, k: int):
        super().__init__()
        bits = STATE_BITS if k else FEATURE_BITS
        self.inputs = _rounded(cell.weights_inputs, cell.scale_inputs, bits, cell.bias, cell.weight)
        self.state = _rounded(cell.weights_state, cell.scale_state, STATE_BITS, cell.bias, cell.weight)
        self.bias, self.log_tau = self.inputs.bias, _log_tau(cell.tau_s)

    def dense(self) -> Tensor:
        """(2N, M + N), gate rows first, as the integer kernels see it."""
        return _halves(torch.cat([self.inputs(), self.state()], 1))

    def write_to(self, cell: CellS8) -> CellS8:
        """A copy of the cell with these weights."""
        inputs, state, inv_tau = _integers(self.inputs), _integers(self.state), inv_tau_q16(_tau_s(self.log_tau))
        return dataclasses.replace(
            cell, weights_inputs=inputs, weights_state=state, bias=_q16(self.bias), inv_tau=inv_tau
        )


class RoundedGrid(nn.Module):
    """A grid of the file; bias (2N,) and the rows of its matrix: gate and reversal by turns."""

    index: Tensor

    def __init__(self, grid: GridS8):
        super().__init__()
        self.matrix = _rounded(grid.weights, grid.scale, FEATURE_BITS, grid.bias, grid.weight)
        self.bias, self.log_tau = self.matrix.bias, _log_tau(grid.tau_s)
        self.register_buffer("index", index_of(grid))

    def dense(self) -> Tensor:
        """(2N, M + N), gate rows first, as the integer kernels see it."""
        return spread(_halves(self.matrix()), self.index)

    def write_to(self, grid: GridS8) -> GridS8:
        """A copy of the grid with these weights."""
        inv_tau = inv_tau_q16(_tau_s(self.log_tau))
        return dataclasses.replace(grid, weights=_integers(self.matrix), bias=_q16(self.bias), inv_tau=inv_tau)


def index_of(grid: Grid | GridS8) -> Tensor:
    """Where the weights of a grid stand in its dense matrix; see grid_index()."""
    return grid_index(grid.n_inputs // grid.planes, grid.planes, grid.width, grid.stride, grid.filters)


def _halves(rows: Tensor) -> Tensor:
    """Rows of gate and reversal by turns -> all gates, then all reversals."""
    return torch.cat([rows[0::2], rows[1::2]])


class RoundedNet(nn.Module):
    """Cells and readout of an integer model, to be trained.  Its traces stay as they are."""

    def __init__(self, model: Model):
        super().__init__()
        cells, ro = integer_parts(model)
        self.traces, self.every, self.hears_all = traces_of(model.traces), model.rhythm, model.hears_all
        self.smoothing_s, self.readout_log_tau = 0.0, None
        if isinstance(ro, LiquidReadoutS8):
            self.readout_log_tau = _log_tau(ro.tau_s)
        else:
            self.smoothing_s = max(float(ro.smoothing_s), 0.001)
        self.cells = [RoundedGrid(c) if isinstance(c, GridS8) else RoundedCell(c, k) for k, c in enumerate(cells)]
        self.layers = nn.ModuleList(self.cells)
        self.readout = _rounded(ro.weights, ro.scale, STATE_BITS, ro.bias, ro.weight)

    def forward(self, features: Tensor, dt: Tensor) -> Tensor:
        """features (T, B, M), dt (T, B) s -> evidence (T, B, K), from rest."""
        u = traced(self.traces, features, dt)
        heard = []
        for cell, every in zip(self.cells, self.every, strict=True):
            at_rest = u.new_zeros(u.shape[1], len(cell.log_tau))
            u = fused_sequence(
                u, cell.dense(), _halves(cell.bias), torch.exp(-cell.log_tau), own_dt(dt, every), at_rest
            )
            heard.append(u)
        u = torch.cat(heard, -1) if self.hears_all else u
        logits = u @ self.readout().t() + self.readout.bias
        never = torch.zeros_like(dt)
        if self.readout_log_tau is None:
            return smooth(logits, dt, never, logits.new_zeros(logits.shape[1:]), self.smoothing_s)
        gate, values = logits[..., 0::2], logits[..., 1::2]
        return listen(gate, values, torch.exp(-self.readout_log_tau), dt, never, torch.zeros_like(values[0]))

    @torch.no_grad()
    def write_to(self, model: Model) -> Model:
        """A copy of model with these weights."""
        before, readout = integer_parts(model)
        cells: list[IntegerCell] = []
        for layer, cell in zip(self.cells, before, strict=True):
            if isinstance(layer, RoundedGrid) and isinstance(cell, GridS8):
                cells.append(layer.write_to(cell))
            elif isinstance(layer, RoundedCell) and isinstance(cell, CellS8):
                cells.append(layer.write_to(cell))
        readout = dataclasses.replace(readout, weights=_integers(self.readout), bias=_q16(self.readout.bias))
        if isinstance(readout, LiquidReadoutS8) and self.readout_log_tau is not None:
            readout = dataclasses.replace(readout, inv_tau=inv_tau_q16(_tau_s(self.readout_log_tau)))
        return dataclasses.replace(model, cells=cells, readout=readout, golden=None)


def traces_of(traces: FileTraces | None) -> Traces | None:
    """The traces of a model with its time constants, which do not learn."""
    if traces is None:
        return None
    made = Traces(np.size(traces.tau)).requires_grad_(False)
    made.log_tau.copy_(torch.from_numpy(np.log(np.asarray(traces.tau, np.float64))))
    return made


def traced(traces: Traces | None, features: Tensor, dt: Tensor) -> Tensor:
    """What the first cell hears of features (T, B, M) from rest: (T, B, M), or with traces (T, B, 2M)."""
    return features if traces is None else traces(features, dt, features.new_full(features.shape[1:], torch.nan))[0]


def _log_tau(tau_s: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.log(np.minimum(tau_s, 1e4))).float())


def _tau_s(log_tau: Tensor) -> np.ndarray:
    tau_s: np.ndarray = np.exp(log_tau.numpy().astype(np.float64))
    return tau_s


def _rounded(q: np.ndarray, scale: np.ndarray, bits: int, bias: np.ndarray, weight: str) -> Rounded:
    one = np.asarray(scale, np.float64)[:, None] / 2.0 ** (48 - bits)
    return Rounded(
        np.asarray(q, np.float64), np.broadcast_to(one, np.shape(q)), np.asarray(bias, np.float64), np.iinfo(weight).max
    )


def _integers(part: Rounded) -> np.ndarray:
    """Whole numbers for the file, (R, C); int16 rows that have grown beyond the format's bound shrink to it."""
    q = part.integers.numpy().astype(np.int64)
    if part.largest == 127:
        return q.astype(np.int8)
    size = np.maximum(np.abs(q).sum(1, keepdims=True), 1)
    shrunk: np.ndarray = np.trunc(q * np.minimum(ROW_LIMIT_S16 / size, 1.0)).astype(np.int16)
    return shrunk


def _q16(x: Tensor) -> np.ndarray:
    return np.clip(np.rint(x.numpy().astype(np.float64) * 65536), -BIAS_LIMIT, BIAS_LIMIT).astype(np.int32)
