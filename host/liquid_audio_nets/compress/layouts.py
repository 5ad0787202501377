# SPDX-License-Identifier: MIT
"""The order of integer weights in the file that suits a core best.  Every core runs every order."""

from __future__ import annotations

import dataclasses

from ..lnn import GridS8, IntegerCell, Model
from ..lnn.costs import zero_block_share
from ..lnn.matrix_s8 import SPARSE
from .parts import integer_parts

# Share of zero blocks from which skipping them costs fewer instructions than multiplying them, by dense layout.
SPARSE_FROM = {"rows4x4": 0.2, "rows4x16": 0.85}


def lay_out(model: Model, target: str, delta: float | None = None) -> Model:
    """A copy of an integer model with the layouts that suit `target`, a value of the format's enum target.

    delta: a state that has moved by less since it last counted (full scale 1) is skipped; None keeps the model's own
    value.  Only int8 in the layout rows4x4 can do that.  Raises CompressError for a float model.
    """
    parts, readout = integer_parts(model)
    cells: list[IntegerCell] = []
    for cell in parts:
        if isinstance(cell, GridS8):
            cells.append(dataclasses.replace(cell, layout=_dense(cell.weight, target)))
            continue
        layout, own = _layout(cell, target), cell.delta_q15 if delta is None else round(delta * 32768)
        can_skip = layout == "rows4x4" and cell.weight == "int8"
        cells.append(dataclasses.replace(cell, layout=layout, delta_q15=own if can_skip else 0))
    readout = dataclasses.replace(readout, layout=_dense(readout.weight, target))
    return dataclasses.replace(model, cells=cells, readout=readout)


def grid_weight(weight: str, target: str) -> str:
    """The type of a grid's weights, if those of the other cells are of type `weight`.

    All positions share them, so that int16 costs few bytes, and on most cores a product of int16 is the faster one.
    """
    return weight if target in ("cortex_m0", "cortex_m55") else "int16"


def _dense(weight: str, target: str) -> str:
    return "rows4x16" if (weight, target) == ("int8", "cortex_m55") else "rows4x4"


def _layout(cell: IntegerCell, target: str) -> str:
    dense = _dense(cell.weight, target)
    return SPARSE if zero_block_share([cell]) >= SPARSE_FROM[dense] else dense
