# SPDX-License-Identifier: MIT
"""Pruning: blocks of weights that matter least become zero, and integer kernels skip them.

A block has four rows (gate and reversal potential of two units) and four columns. Its worth is its share in the variance
of its rows' arguments on the sound of the calibration. The weights that stay are fitted again to make up for the others.
A grid keeps its few weights.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import Cell, FloatCell, Grid, Model
from ..lnn.matrix_s8 import BLOCK
from .calibration import Calibration, Moments
from .parts import float_parts


def prune(model: Model, threshold: float, calibration: Calibration, share: float = 0.0) -> Model:
    """A copy without the blocks whose worth is below `threshold` (0 to 1) or among the `share` of least worth.

    Returns the model itself if both are 0.  Raises CompressError for a model that is not float."""
    cells = [cell for cell in float_parts(model)[1] if isinstance(cell, Cell)]
    grids = [cell for cell in model.cells if isinstance(cell, Grid)]  # at most one, the first
    moments_of = calibration.cells[len(grids) :]
    if share > 0:
        worth = [row for cell, moments in zip(cells, moments_of, strict=True) for row in _worth(cell, moments)]
        threshold = max(threshold, float(np.quantile(np.concatenate(worth), share)))
    if threshold <= 0:
        return model
    pruned = [prune_cell(cell, moments, threshold) for cell, moments in zip(cells, moments_of, strict=True)]
    cells_now: list[FloatCell] = [*grids, *pruned]
    return dataclasses.replace(model, cells=cells_now)


def prune_cell(cell: Cell, moments: Moments, threshold: float) -> Cell:
    """A copy that keeps the blocks worth `threshold` or more, with weights and biases fitted by least squares."""
    rows, blocks = _rows(cell), _blocks(cell)
    bias = np.stack([cell.bf, cell.ba], 1).ravel().astype(np.float64)
    covariance, kept = moments.covariance, np.zeros_like(rows)
    for top, worth in zip(range(0, len(rows), BLOCK), _worth(cell, moments), strict=True):
        columns = np.concatenate(
            [np.arange(b.start, b.stop) for b, w in zip(blocks, worth, strict=True) if w >= threshold]
            or [np.zeros(0, int)]
        )
        if len(columns):
            w, inner = rows[top : top + BLOCK], covariance[np.ix_(columns, columns)]
            kept[top : top + BLOCK, columns] = np.linalg.solve(inner, covariance[columns] @ w.T).T
    bias += (rows - kept) @ moments.mean
    return dataclasses.replace(cell, wf=kept[0::2], wa=kept[1::2], bf=bias[0::2], ba=bias[1::2])


def _rows(cell: Cell) -> np.ndarray:
    """The rows (2N, M + N) in the order gate of unit 0, reversal of unit 0, gate of unit 1, ..."""
    return np.stack([cell.wf, cell.wa], 1).reshape(2 * cell.n_units, -1).astype(np.float64)


def _blocks(cell: Cell) -> list[slice]:
    m, n = cell.n_inputs, cell.n_units
    return [slice(at, min(at + BLOCK, end)) for start, end in ((0, m), (m, m + n)) for at in range(start, end, BLOCK)]


def _worth(cell: Cell, moments: Moments) -> list[np.ndarray]:
    """For each four rows, the worth of their blocks, (blocks,)."""
    covariance, found = moments.covariance, []
    for w in np.array_split(_rows(cell), range(BLOCK, 2 * cell.n_units, BLOCK)):
        whole = np.maximum(np.einsum("rc,cd,rd->r", w, covariance, w), 1e-12)
        shares = [np.max(np.einsum("rc,cd,rd->r", w[:, b], covariance[b, b], w[:, b]) / whole) for b in _blocks(cell)]
        found.append(np.array(shares))
    return found
