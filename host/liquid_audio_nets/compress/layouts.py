"""The order of integer weights in the file that suits a core best; every core runs every order."""

from __future__ import annotations

import dataclasses

from ..lnn import CellS8, Model
from ..lnn.matrix_s8 import SPARSE
from .pruning import zero_block_share

# Share of zero blocks from which skipping them costs fewer instructions than multiplying them, by dense layout.
SPARSE_FROM = {"rows4x4": 0.2, "rows4x16": 0.85}


def lay_out(model: Model, target: str, delta: float | None = None) -> Model:
    """A copy of an integer model with the layouts of `target`, enum target of the format.

    delta: states that moved by less (full scale 1) do not count anew, None: as the model has it; only the
    layout rows4x4 knows it.
    """
    layouts = [_layout(cell, target) for cell in model.cells]
    deltas = [cell.delta_q15 if delta is None else round(delta * 32768) for cell in model.cells]
    cells = [
        dataclasses.replace(c, layout=l, delta_q15=d if (l, c.weight) == ("rows4x4", "int8") else 0)
        for c, l, d in zip(model.cells, layouts, deltas, strict=True)
    ]
    readout = dataclasses.replace(model.readout, layout=_dense(model.readout.weight, target))
    return dataclasses.replace(model, cells=cells, readout=readout)


def _dense(weight: str, target: str) -> str:
    return "rows4x16" if (weight, target) == ("int8", "cortex_m55") else "rows4x4"


def _layout(cell: CellS8, target: str) -> str:
    dense = _dense(cell.weight, target)
    return SPARSE if zero_block_share([cell]) >= SPARSE_FROM[dense] else dense
