# SPDX-License-Identifier: MIT
"""The .lnn file on the host: read and write models.  The format is described in cmodule/format/SPEC.md."""

from .errors import LnnError
from .integer import CellS8, FrontEndQ15, ReadoutS8
from .model import Cell, FrontEnd, FrontEndNone, Golden, Label, Model, Policy, Readout
from .reader import load, read
from .writer import save, write

__all__ = [
    "Cell",
    "CellS8",
    "FrontEnd",
    "FrontEndNone",
    "FrontEndQ15",
    "Golden",
    "Label",
    "LnnError",
    "Model",
    "Policy",
    "Readout",
    "ReadoutS8",
    "load",
    "read",
    "save",
    "write",
]
