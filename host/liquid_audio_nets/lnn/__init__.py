"""The .lnn file on the host: read and write models.  The format is described in cmodule/format/SPEC.md."""

from .errors import LnnError
from .model import Cell, FrontEnd, Golden, Label, Model, Policy, Readout
from .reader import load, read
from .writer import save, write

__all__ = ["Cell", "FrontEnd", "Golden", "Label", "LnnError", "Model", "Policy", "Readout",
           "load", "read", "save", "write"]
