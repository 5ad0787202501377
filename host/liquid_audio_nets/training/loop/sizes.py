# SPDX-License-Identifier: MIT
"""What a network will cost on a board, which is said before its training starts."""

from __future__ import annotations

import numpy as np

from ... import lnn
from ...compress.layouts import grid_weight
from ...lnn.costs import estimate
from ..nets.clip_net import ClipNet
from ..nets.grid import GridCell
from ..nets.model import Net
from ..nets.registry import macs_per_run
from .export import runs_in_core

BOARDS = {"cortex_m4": "Cortex-M4F", "cortex_m55": "Cortex-M55", "cortex_m0": "Cortex-M0"}


def describe(net: Net) -> str:
    """Cells, parameters, multiply-accumulates per step, and estimated instructions per step with int8 weights."""
    config, parts = net.config, []
    for cell in () if isinstance(net, ClipNet) else net.cells:
        if isinstance(cell, GridCell):
            positions = cell.units // cell.filters
            parts.append(f"a grid of {cell.units} units ({positions} positions, {cell.filters} filters)")
        else:
            parts.append(f"{cell.units} units")
    run = "step" if parts else "window"
    said = f"{', '.join(parts) or config.cell_kind}: {net.parameter_count():,} parameters, "
    said += f"{macs_per_run(config):,} multiply-accumulates per {run}"
    if not runs_in_core(config):
        return said
    found = [f"{sum(estimate(blank(net, core), core).values()):,} on the {board}" for core, board in BOARDS.items()]
    return f"{said}, and with the front-end and int8 weights an estimated {', '.join(found)} instructions"


def blank(net: Net, target: str) -> lnn.Model:
    """An integer model of the network's shape without its weights, for `target`, a value of the format's enum target."""
    config = net.config

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int32)

    cells: list[lnn.IntegerCell] = []
    for cell in net.cells:
        m, n = cell.inputs, cell.units
        if isinstance(cell, GridCell):
            f, weight = cell.filters, grid_weight("int8", target)
            shared = zeros(2 * f, cell.columns), zeros(2 * f), zeros(2 * n), zeros(n)
            cells.append(lnn.GridS8(*shared, cell.width, cell.stride, weight=weight))
        else:
            full = zeros(2 * n, m), zeros(2 * n, n), zeros(2 * n), zeros(2 * n), zeros(2 * n), zeros(n)
            cells.append(lnn.CellS8(*full))
    labels, heard, mels = len(config.labels), net.readout.in_features, config.input_dim
    readout: lnn.ReadoutS8 | lnn.LiquidReadoutS8 = lnn.ReadoutS8(zeros(labels, heard), zeros(labels), zeros(labels))
    if config.liquid_readout:
        rows = 2 * labels
        readout = lnn.LiquidReadoutS8(zeros(rows, heard), zeros(rows), zeros(rows), zeros(labels))
    per_mel = zeros(mels), zeros(mels), zeros(mels)
    return lnn.Model(
        [lnn.Label(name) for name in config.labels],
        lnn.FrontEndS16(zeros(512), zeros(mels + 1), zeros(0), *per_mel, first_bin=0),
        cells,
        readout,
        traces=lnn.Traces(np.ones(mels)) if config.traces else None,
        every=config.every or None,
    )
