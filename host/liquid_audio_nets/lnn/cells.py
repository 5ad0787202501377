# SPDX-License-Identifier: MIT
"""The kinds of cell that the core runs: a dense cell in float, and the liquid grid in float and in integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .arrays import Array
from .integer import CellS8, tau_s


@dataclass
class Cell:
    """One liquid cell of N units on M inputs.

    wf, wa float (N, M + N), columns [inputs; state]; bf, ba float (N,); tau float (N,) in s.
    """

    wf: Array
    wa: Array
    bf: Array
    ba: Array
    tau: Array
    gate_clamp: float = 15.0
    kind: str = "ltc"
    solver: str = "fused"
    weight = "float32"

    @property
    def n_units(self) -> int:
        """N"""
        return int(np.shape(self.wf)[0])

    @property
    def n_inputs(self) -> int:
        """M"""
        return int(np.shape(self.wf)[1]) - self.n_units

    @property
    def n_weights(self) -> int:
        """Weights of both matrices."""
        return np.size(self.wf) + np.size(self.wa)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a run."""
        return self.n_weights

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (N,)."""
        return np.asarray(self.tau, np.float64)


class GridShape:
    """Sizes of a liquid grid, from its matrices (rows, K) and what belongs to its N units.

    F filters at P positions hear C channels, of one plane or with traces of two: K = planes * width + 3 F, N = P F."""

    width: int
    stride: int

    @property
    def filters(self) -> int:
        """F, units at each position."""
        raise NotImplementedError

    @property
    def n_units(self) -> int:
        """N"""
        raise NotImplementedError

    @property
    def columns(self) -> int:
        """K, numbers that a unit hears."""
        raise NotImplementedError

    @property
    def positions(self) -> int:
        """P"""
        return self.n_units // self.filters

    @property
    def planes(self) -> int:
        """2 if it hears traces beside the features, else 1."""
        return (self.columns - 3 * self.filters) // self.width

    @property
    def n_inputs(self) -> int:
        """M, the channels of all planes."""
        return self.planes * ((self.positions - 1) * self.stride + self.width)

    @property
    def n_weights(self) -> int:
        """Weights of both matrices, which all positions share."""
        return 2 * self.filters * self.columns

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a run: every position multiplies by the same weights."""
        return self.positions * self.n_weights

    def heard(self, u: Array, h: Array) -> Array:
        """What each position hears (P, K) of the inputs u (M,) and the units h (N,): the window of each plane, then the
        units of the positions p - 1, p and p + 1, zeros beyond the ends."""
        channels = np.reshape(u, (self.planes, -1))
        window = np.arange(self.positions)[:, None] * self.stride + np.arange(self.width)
        windows = channels[:, window].swapaxes(0, 1).reshape(self.positions, -1)
        around = np.pad(np.reshape(h, (self.positions, self.filters)), ((1, 1), (0, 0)))
        return np.concatenate([windows, around[:-2], around[1:-1], around[2:]], 1)


@dataclass
class Grid(GridShape):
    """A liquid grid, the first cell: units along the channels whose matrices are the same at all positions.

    wf, wa float (F, K), columns [window of x; window of x - m if there are traces; F units of p - 1, of p, of p + 1];
    bf, ba float (P, F); tau float (P, F) in s.  width, stride: channels that a position hears, and from one to the next.
    """

    wf: Array
    wa: Array
    bf: Array
    ba: Array
    tau: Array
    width: int
    stride: int
    gate_clamp: float = 15.0
    solver: str = "fused"
    kind = "ltc_grid"
    weight = "float32"

    @property
    def filters(self) -> int:
        """F, units at each position."""
        return int(np.shape(self.wf)[0])

    @property
    def n_units(self) -> int:
        """N"""
        return int(np.size(self.tau))

    @property
    def columns(self) -> int:
        """K, numbers that a unit hears."""
        return int(np.shape(self.wf)[1])

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (N,)."""
        return np.ravel(np.asarray(self.tau, np.float64))


@dataclass
class GridS8(GridShape):
    """A liquid grid in integers.  Rows: gate of filter 0, reversal of filter 0, gate of filter 1, ...; of bias those of all units.

    weights (2F, K), int8 or int16 as in CellS8, columns as in Grid; scale int32 (2F,); bias int32 (2N,) q16; inv_tau uint32
    (N,) q16 in 1/s.  Features and states count in q12.  layout: a dense one (matrix_s8.DENSE).
    """

    weights: Array
    scale: Array
    bias: Array
    inv_tau: Array
    width: int
    stride: int
    gate_clamp_q11: int = 15 << 11
    solver: str = "fused"
    layout: str = "rows4x4"
    weight: str = "int8"
    kind = "ltc_grid"

    @property
    def filters(self) -> int:
        """F, units at each position."""
        return int(np.shape(self.weights)[0]) // 2

    @property
    def n_units(self) -> int:
        """N"""
        return int(np.size(self.inv_tau))

    @property
    def columns(self) -> int:
        """K, numbers that a unit hears."""
        return int(np.shape(self.weights)[1])

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (N,); inf if inv_tau is 0."""
        return tau_s(self.inv_tau)


FloatCell: TypeAlias = Cell | Grid
IntegerCell: TypeAlias = CellS8 | GridS8
AnyCell: TypeAlias = FloatCell | IntegerCell
