"""Small weights become zero."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import Cell, Model


def prune(model: Model, threshold: float) -> Model:
    """A copy without the weights below `threshold` times the largest of their row."""
    return dataclasses.replace(model, cells=[_prune_cell(cell, threshold) for cell in model.cells]) if threshold else model


def _prune_cell(cell: Cell, threshold: float) -> Cell:
    return dataclasses.replace(cell, wf=_prune(cell.wf, threshold), wa=_prune(cell.wa, threshold))


def _prune(w: np.ndarray, threshold: float) -> np.ndarray:
    w = np.array(w)
    w[np.abs(w) < threshold * np.abs(w).max(1, keepdims=True)] = 0
    return w


def zero_share(model: Model) -> float:
    """Of the weights of all cells."""
    arrays = [w for c in model.cells for w in ((c.wf, c.wa) if isinstance(c, Cell) else (c.weights_inputs, c.weights_state))]
    return sum(int(np.sum(np.asarray(w) == 0)) for w in arrays) / sum(np.size(w) for w in arrays)
