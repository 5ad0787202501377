# SPDX-License-Identifier: MIT
"""What a step costs on a core, stage by stage, estimated from multiply-accumulates.

The rates are instructions that `make bench` counts on the virtual boards: per multiply-accumulate of a product of
128 x 104, per unit for the gate arithmetic, per run of a front-end of 512 points and 40 channels, and per label for the
rest of the readout.  A core without a virtual board has the rates of the most similar one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..lnn import Cell, CellS8, Model
from ..lnn.matrix_s8 import SPARSE
from ..lnn.readouts import is_liquid
from .pruning import zero_block_share


@dataclass(frozen=True)
class Rates:
    """Instructions per multiply-accumulate (by weight), per unit, per label, and per run of a front-end (by kind).

    gate: more per label of a liquid readout; trace: per channel."""

    mac: dict[str, float]
    unit: float
    label: float
    frontend: dict[str, float]
    gate: float
    trace: float


_DSP = Rates(
    {"int8": 1.2, "int16": 0.99, "float32": 1.3},
    81,
    133,
    {"logmel_s16": 18_600, "logmel_q15": 24_600, "logmel_f32": 35_400},
    gate=42,
    trace=17,
)
_PLAIN = Rates({"int8": 3.66, "int16": 2.84}, 94, 150, {"logmel_s16": 33_700, "logmel_q15": 49_700}, gate=40, trace=17)
_V6M = Rates({"int8": 4.37, "int16": 6.0}, 278, 260, {"logmel_s16": 70_100, "logmel_q15": 165_300}, gate=125, trace=53)
_MVE = Rates(
    {"int8": 0.25, "int16": 0.99, "float32": 1.3},
    79,
    110,
    {"logmel_s16": 18_500, "logmel_q15": 24_100, "logmel_f32": 35_400},
    gate=42,
    trace=17,
)
RATES = {
    "any": _DSP,
    "cortex_m4": _DSP,
    "cortex_m7": _DSP,
    "cortex_m33": _DSP,
    "cortex_m55": _MVE,
    "cortex_m3": _PLAIN,
    "riscv32": _PLAIN,
    "cortex_m0": _V6M,
}


def estimate(model: Model, target: str) -> dict[str, int]:
    """Instructions of a step by stage: frontend, traces if the model has them, cells, readout.

    A stage without known rates is left out."""
    rates = RATES.get(target)
    if rates is None:
        return {}
    found: dict[str, float] = {}
    kind = model.frontend.kind
    if kind in rates.frontend:
        found["frontend"] = rates.frontend[kind] * model.frontend.fft_points / 512
    if model.traces is not None:
        found["traces"] = rates.trace * model.frontend.n_mels
    if model.cells[0].weight in rates.mac:
        found["cells"] = sum(_kept(c) * c.n_weights * rates.mac[c.weight] + c.n_units * rates.unit for c in model.cells)
        label = rates.label + (rates.gate if is_liquid(model.readout) else 0)
        found["readout"] = model.readout.n_weights * rates.mac[model.readout.weight] + len(model.labels) * label
    return {stage: round(value) for stage, value in found.items()}


def _kept(cell: Cell | CellS8) -> float:
    """The share of the blocks that a step multiplies; only the sparse layout leaves out those of zeros."""
    return 1 - zero_block_share([cell]) if isinstance(cell, CellS8) and cell.layout == SPARSE else 1.0
