# SPDX-License-Identifier: MIT
"""The .lnn file on the host: read and write models.  The format is described in cmodule/format/SPEC.md."""

from .cells import AnyCell, Cell, FloatCell, Grid, GridS8, IntegerCell
from .errors import LnnError
from .integer import CellS8, FrontEndQ15, FrontEndS16, LiquidReadoutS8, ReadoutS8
from .model import (
    AnyReadout,
    FrontEnd,
    FrontEndNone,
    Golden,
    Label,
    LiquidReadout,
    Model,
    Policy,
    Readout,
    Traces,
)
from .policy import Timetable
from .reader import load, read
from .writer import save, unsigned, write

__all__ = [
    "AnyCell",
    "AnyReadout",
    "Cell",
    "CellS8",
    "FloatCell",
    "FrontEnd",
    "FrontEndNone",
    "FrontEndQ15",
    "FrontEndS16",
    "Golden",
    "Grid",
    "GridS8",
    "IntegerCell",
    "Label",
    "LiquidReadout",
    "LiquidReadoutS8",
    "LnnError",
    "Model",
    "Policy",
    "Readout",
    "ReadoutS8",
    "Timetable",
    "Traces",
    "load",
    "read",
    "save",
    "unsigned",
    "write",
]
