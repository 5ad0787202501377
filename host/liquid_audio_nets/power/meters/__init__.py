# SPDX-License-Identifier: MIT
"""Power meters and traces: what was measured, which is never mixed with estimates."""

from .files import read_csv, read_jls
from .interface import Meter, Trace
from .open import open_meter
from .simulated import SimulatedMeter
from .stages import StageEnergy, aligned, stage_energies

__all__ = [
    "Meter",
    "SimulatedMeter",
    "StageEnergy",
    "Trace",
    "aligned",
    "open_meter",
    "read_csv",
    "read_jls",
    "stage_energies",
]
