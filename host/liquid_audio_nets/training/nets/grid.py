# SPDX-License-Identifier: MIT
"""The liquid grid over whole sequences: a dense cell whose weights repeat from position to position.

The shared matrix (2F, K) is spread over the dense one (2N, M + N), most of which is zero, so that the fast step and its
hand-written backward pass serve both: the product of a step is one of BLAS, which small shared matrices would not fill.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .cells import Cell, fused_sequence

GRID_TAU_S = (0.02, 0.5)  # range of the time constants at the start, in s


def grid_index(channels: int, planes: int, width: int, stride: int, filters: int) -> Tensor:
    """Where each weight of the dense matrix stands in the shared one: long (2N, M + N), 2 F K for a zero.

    Of both matrices the gate's rows come first.  Shared columns: the window of each plane, then the filters of the
    positions p - 1, p and p + 1; dense ones: the channels of each plane, then the units, position by position."""
    positions = (channels - width) // stride + 1
    units, inputs, columns = positions * filters, planes * channels, planes * width + 3 * filters
    heard = torch.full((positions, inputs + units), -1)  # the shared column at each dense one
    for p in range(positions):
        for plane in range(planes):
            start = plane * channels + p * stride
            heard[p, start : start + width] = plane * width + torch.arange(width)
        for k in range(3):
            if 0 <= (q := p + k - 1) < positions:
                start = inputs + q * filters
                heard[p, start : start + filters] = planes * width + k * filters + torch.arange(filters)
    rows = torch.arange(2 * filters).view(2, 1, filters, 1) * columns
    index = torch.where(heard[:, None] < 0, 2 * filters * columns, rows + heard[None, :, None])
    return index.view(2 * units, inputs + units)


def spread(weight: Tensor, index: Tensor) -> Tensor:
    """The dense matrix (2N, M + N) of a shared one (2F, K); index: of grid_index()."""
    return torch.cat([weight.flatten(), weight.new_zeros(1)])[index]


class GridCell(Cell):
    """Cell kind `ltc_grid`, solver `fused`.  weight (2F, K): gate rows, then reversal rows; bias (2N,) and log_tau (N,) of
    units in the order of the positions, gates first."""

    kind, solver = "ltc_grid", "fused"
    index: Tensor

    def __init__(self, channels: int, planes: int, width: int, stride: int, filters: int):
        units = ((channels - width) // stride + 1) * filters
        super().__init__(planes * channels, units)
        self.width, self.stride, self.filters = width, stride, filters
        self.columns = columns = planes * width + 3 * filters
        self.register_buffer("index", grid_index(channels, planes, width, stride, filters), persistent=False)
        self.weight = nn.Parameter(torch.randn(2 * filters, columns) / math.sqrt(columns))
        self.bias = nn.Parameter(torch.zeros(2 * units))
        with torch.no_grad():
            self.bias[:units].uniform_(0.0, 3.0)
            self.weight[:, planes * width :] *= 0.7
        low, high = map(math.log, GRID_TAU_S)
        self.log_tau = nn.Parameter(torch.empty(units).uniform_(low, high))

    @property
    def tau(self) -> Tensor:
        """Time constants (N,) in s."""
        return self.log_tau.exp()

    @property
    def macs(self) -> int:
        """Multiply-accumulates per step: every position multiplies by the same weights."""
        return self.units // self.filters * int(self.weight.numel())

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) seconds, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        return fused_sequence(u, spread(self.weight, self.index), self.bias, torch.exp(-self.log_tau), dt, h0)
