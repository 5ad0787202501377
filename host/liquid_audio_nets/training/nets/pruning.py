# SPDX-License-Identifier: MIT
"""Weights that become zero during training, on a gradual schedule: single ones or whole blocks.

A block is four rows by four columns as the layout `rows4x4_sparse` stores them: gate and reversal of two units, by four
inputs or four states.  The kernels skip a block of zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ...lnn.matrix_s8 import BLOCK
from ..settings.errors import UnsupportedCell
from .cells import Cell
from .grid import GridCell


def block_index(units: int, inputs: int) -> Tensor:
    """The block of every weight of a cell, long (2N, M + N), gate rows first; blocks do not mix inputs with states."""
    row = torch.cat([torch.arange(units) * 2, torch.arange(units) * 2 + 1]) // BLOCK
    column, state = torch.arange(inputs) // BLOCK, torch.arange(units) // BLOCK
    column = torch.cat([column, state + -(-inputs // BLOCK)])
    return row[:, None] * (int(column[-1]) + 1) + column


def block_mean(cell: Cell, values: Tensor) -> tuple[Tensor, Tensor]:
    """Means (blocks,) of values (2N, M + N) and the block of each; raises UnsupportedCell for cells without blocks."""
    if cell.weight.shape != (2 * cell.units, cell.inputs + cell.units):
        raise UnsupportedCell("only cell 'ltc' has blocks that the kernels skip; set prune_groups to false")
    index = block_index(cell.units, cell.inputs).to(values.device)
    flat, count = index.ravel(), int(index.max()) + 1
    sums = values.new_zeros(count).index_add(0, flat, values.ravel())
    return sums / torch.bincount(flat, minlength=count), index


def gradual_share(done: float, share: float, begin: float, end: float) -> float:
    """Share of zeros after `done` of the training: 0 until `begin`, `share` from `end` on, steep first.

    Zhu and Gupta, "To prune, or not to prune", arXiv 1710.01878, eq. 1."""
    left = 1 - min(max((done - begin) / max(end - begin, 1e-9), 0.0), 1.0)
    return share * (1 - left**3)


def dense(cells: Sequence[Cell]) -> list[Cell]:
    """The cells without a grid."""
    return [cell for cell in cells if not isinstance(cell, GridCell)]


def weights(cells: Sequence[Cell]) -> list[Tensor]:
    """The matrix (2N, M + N) of each cell but a grid, which keeps its few weights.

    Raises UnsupportedCell for cells whose weights are no one matrix."""
    found = [getattr(cell, "weight", None) for cell in dense(cells)]
    if not all(isinstance(weight, nn.Parameter) for weight in found):
        raise UnsupportedCell("this cell cannot be pruned; set prune_share to 0")
    return cast("list[Tensor]", found)


@torch.no_grad()
def masks(cells: Sequence[Cell], share: float, groups: bool) -> list[Tensor]:
    """Which weights of the cells, without a grid, stay, float (2N, M + N) each: all but the `share` of least magnitude, over all cells.

    groups: by the mean square of whole blocks.  Raises UnsupportedCell for cells whose weights are no one matrix."""
    worth = []
    for cell, weight in zip(dense(cells), weights(cells), strict=True):
        square = weight.square()
        if groups:
            mean, index = block_mean(cell, square)
            square = mean[index]
        worth.append(square)
    every = torch.cat([w.ravel() for w in worth])
    gone = int(share * len(every))
    limit = every.kthvalue(gone).values if gone else every.new_tensor(-1.0)
    return [(w > limit).float() for w in worth]
