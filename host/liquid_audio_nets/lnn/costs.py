# SPDX-License-Identifier: MIT
"""What a step costs on a core, stage by stage, estimated from multiply-accumulates.

The rates are instructions that `make bench` counts on the virtual boards: per multiply-accumulate of a product of
128 x 104, per unit for the gate arithmetic, per run of a front-end of 512 points and 40 channels, per label for the
rest of the readout, and per sample for listening below the gate.  A core without a virtual board has the rates of the
most similar one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Array
from .cells import AnyCell, Cell, Grid, GridS8
from .integer import CellS8
from .matrix_s8 import SPARSE, blocks_of
from .model import Model
from .readouts import is_liquid


@dataclass(frozen=True)
class Rates:
    """Instructions per multiply-accumulate (by weight), per unit, per label, and per run of a front-end (by kind).

    gate: more per label of a liquid readout; trace: per channel.  sample: per sample of audio, for the ring buffer and the
    gate of the policy; high_pass: more per sample if the policy's floor_ratio is above 0,
    counted on the M4F and the M3, and taken as the same on the others."""

    mac: dict[str, float]
    unit: float
    label: float
    frontend: dict[str, float]
    gate: float
    trace: float
    sample: float
    high_pass: float


BLOCK_OF_PYTHON = 1500  # instructions of MicroPython's loop per block of LNN.listen(): the same on the M4F and the M7

_DSP = Rates(
    {"int8": 1.2, "int16": 0.99, "float32": 1.3},
    81,
    133,
    {"logmel_s16": 18_600, "logmel_q15": 24_600, "logmel_f32": 35_400},
    gate=42,
    trace=17,
    sample=6.9,
    high_pass=2.5,
)
_PLAIN = Rates(
    {"int8": 3.66, "int16": 2.84},
    94,
    150,
    {"logmel_s16": 33_700, "logmel_q15": 49_700},
    gate=40,
    trace=17,
    sample=15.2,
    high_pass=2.5,
)
_V6M = Rates(
    {"int8": 4.37, "int16": 6.0},
    278,
    260,
    {"logmel_s16": 70_100, "logmel_q15": 165_300},
    gate=125,
    trace=53,
    sample=35.3,
    high_pass=2.5,
)
_MVE = Rates(
    {"int8": 0.25, "int16": 0.99, "float32": 1.3},
    79,
    110,
    {"logmel_s16": 18_500, "logmel_q15": 24_100, "logmel_f32": 35_400},
    gate=42,
    trace=17,
    sample=6.4,
    high_pass=2.5,
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
    """Mean instructions of a step by stage: frontend, traces if the model has them, cells, readout.

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
        runs = [1 / every for every in model.rhythm]  # of each cell per step
        own = [_kept(c) * c.macs * rates.mac[c.weight] + c.n_units * rates.unit for c in model.cells]
        found["cells"] = sum(share * cost for share, cost in zip(runs, own, strict=True))
        label = rates.label + (rates.gate if is_liquid(model.readout) else 0)
        found["readout"] = model.readout.n_weights * rates.mac[model.readout.weight] + len(model.labels) * label
    return {stage: round(value) for stage, value in found.items()}


def listening(model: Model, target: str) -> float:
    """Instructions per sample of audio that the gate takes, whether it is open or not; 0 for an unknown core."""
    rates = RATES.get(target)
    return 0.0 if rates is None else rates.sample + (rates.high_pass if model.policy.floor_ratio > 0 else 0.0)


def _kept(cell: AnyCell) -> float:
    """The share of the blocks that a step multiplies; only the sparse layout leaves out those of zeros."""
    return 1 - zero_block_share([cell]) if isinstance(cell, CellS8) and cell.layout == SPARSE else 1.0


def zero_block_share(cells: Sequence[AnyCell]) -> float:
    """Share of the blocks of all cells that hold only zeros, 0 to 1."""
    zero = total = 0
    for cell in cells:
        parts: tuple[Array, ...]
        if isinstance(cell, Grid | GridS8):
            parts = (
                (cell.weights,)
                if isinstance(cell, GridS8)
                else (np.stack([cell.wf, cell.wa], 1).reshape(-1, cell.columns),)
            )
        elif isinstance(cell, Cell):
            m, rows = cell.n_inputs, np.stack([cell.wf, cell.wa], 1).reshape(2 * cell.n_units, -1)
            parts = (rows[:, :m], rows[:, m:])
        else:
            parts = (cell.weights_inputs, cell.weights_state)
        for part in parts:
            used = blocks_of(part).any((2, 3))
            zero, total = zero + int(np.sum(~used)), total + used.size
    return zero / total
