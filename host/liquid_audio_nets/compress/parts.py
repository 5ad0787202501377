# SPDX-License-Identifier: MIT
"""The parts of a model that is known to be float, or known to be integer."""

from __future__ import annotations

from ..lnn import (
    Cell,
    CellS8,
    FloatCell,
    FrontEnd,
    FrontEndNone,
    Grid,
    GridS8,
    IntegerCell,
    LiquidReadout,
    LiquidReadoutS8,
    Model,
    Readout,
    ReadoutS8,
)
from .errors import CompressError


def float_parts(model: Model) -> tuple[FrontEnd, list[FloatCell], Readout | LiquidReadout]:
    """Front-end, cells and readout of a float model.

    Raises CompressError for an integer model and for one that reads rows of numbers."""
    if isinstance(model.frontend, FrontEndNone):
        raise CompressError("the model reads rows of numbers; it is small and runs as float32")
    cells = [cell for cell in model.cells if isinstance(cell, Cell | Grid)]
    if len(cells) < len(model.cells) or not isinstance(model.readout, Readout | LiquidReadout):
        raise CompressError("this is an integer model already; give the float model that it was made from")
    if not isinstance(model.frontend, FrontEnd):
        raise CompressError("the model has an integer front-end already; give the float model that it was made from")
    return model.frontend, cells, model.readout


def integer_parts(model: Model) -> tuple[list[IntegerCell], ReadoutS8 | LiquidReadoutS8]:
    """Cells and readout of an integer model.  Raises CompressError for a float one."""
    cells = [cell for cell in model.cells if isinstance(cell, CellS8 | GridS8)]
    if len(cells) < len(model.cells) or not isinstance(model.readout, ReadoutS8 | LiquidReadoutS8):
        raise CompressError("this is a float model; its cells must be rounded first")
    return cells, model.readout
