"""The order of int8 weights in the file that suits a core best; every core runs every order."""

from __future__ import annotations

import dataclasses

from ..lnn import CellS8, Model
from .pruning import zero_block_share

# Share of zero blocks from which skipping them costs fewer instructions than multiplying them.
SPARSE_FROM = {"cortex_m55": 0.85}
SPARSE_FROM_ELSEWHERE = 0.2


def lay_out(model: Model, target: str, delta: float | None = None) -> Model:
    """A copy of an integer model with the layouts of `target`, enum target of the format.

    delta: states that moved by less (full scale 1) do not count anew, None: as the model has it; only the
    layout rows4x4 knows it.
    """
    dense = "rows4x16" if target == "cortex_m55" else "rows4x4"
    layouts = [_layout(cell, model, target, dense) for cell in model.cells]
    deltas = [cell.delta_q15 if delta is None else round(delta * 32768) for cell in model.cells]
    cells = [dataclasses.replace(c, layout=l, delta_q15=d if l == "rows4x4" else 0)
             for c, l, d in zip(model.cells, layouts, deltas)]
    return dataclasses.replace(model, cells=cells, readout=dataclasses.replace(model.readout, layout=dense))


def _layout(cell: CellS8, model: Model, target: str, dense: str) -> str:
    share = zero_block_share(dataclasses.replace(model, cells=[cell]))
    return "rows4x4_sparse" if share >= SPARSE_FROM.get(target, SPARSE_FROM_ELSEWHERE) else dense
