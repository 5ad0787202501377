"""The order of int8 weights in the file that suits a core best; every core runs every order."""

from __future__ import annotations

import dataclasses

from ..lnn import CellS8, Model
from .pruning import zero_block_share

# Share of zero blocks from which skipping them costs fewer instructions than multiplying them.
SPARSE_FROM = {"cortex_m55": 0.85}
SPARSE_FROM_ELSEWHERE = 0.2


def lay_out(model: Model, target: str) -> Model:
    """A copy of an integer model with the layouts of `target`, enum target of the format."""
    dense = "rows4x16" if target == "cortex_m55" else "rows4x4"
    cells = [dataclasses.replace(cell, layout=_layout(cell, model, target, dense)) for cell in model.cells]
    return dataclasses.replace(model, cells=cells, readout=dataclasses.replace(model.readout, layout=dense))


def _layout(cell: CellS8, model: Model, target: str, dense: str) -> str:
    share = zero_block_share(dataclasses.replace(model, cells=[cell]))
    return "rows4x4_sparse" if share >= SPARSE_FROM.get(target, SPARSE_FROM_ELSEWHERE) else dense
