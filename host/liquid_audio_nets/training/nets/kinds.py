# SPDX-License-Identifier: MIT
"""The cells that can be trained, by kind and solver."""

from __future__ import annotations

from typing import Any

from ...lnn.layout import LIMITS
from ..settings.config import ModelConfig
from ..settings.errors import UnsupportedCell
from ..settings.ranges import grid_sizes
from .cells import TAU_S, Cell, LTCCell
from .cfc import CfCCell
from .fastgrnn import FastGRNNCell
from .grid import GridCell
from .gru import GRUCell
from .ode_cells import ConstLTCCell, SolvedLTCCell
from .solvers import SOLVERS
from .synaptic import SynapticLTCCell
from .wirings import make_wiring

LIQUID = ("ltc", "ltc_const", "ltc_synaptic", "cfc")
STEPWISE = {"gru": GRUCell, "fastgrnn": FastGRNNCell}  # to compare with: no equation, no timestep
KINDS = (*LIQUID, *STEPWISE)


def make_grid(config: ModelConfig, planes: int) -> GridCell:
    """The liquid grid before the cells of a network, on so many planes of features.

    Raises UnsupportedCell for cells that no grid goes with, and for sizes that do not fit the features."""
    sizes, channels = grid_sizes(config.grid), config.input_dim
    if sizes is None or config.cell_kind != "ltc" or config.ode_solver != "fused":
        raise UnsupportedCell(f"grid '{config.grid}' goes before cells 'ltc' with the solver 'fused'; leave it out")
    width, stride, filters = sizes
    if width > channels or (channels - width) % stride:
        raise UnsupportedCell(
            f"grid '{config.grid}': windows of {width} channels with a stride of {stride} do not end with the "
            f"{channels} channels; choose width and stride so that {channels} - width is a multiple of the stride"
        )
    if config.cell_units[0] > LIMITS["cell_units"]:
        raise UnsupportedCell(
            f"grid '{config.grid}' has {config.cell_units[0]} units, at most {LIMITS['cell_units']} fit"
        )
    return GridCell(channels, planes, width, stride, filters)


def make_cell(
    kind: str,
    solver: str,
    inputs: int,
    units: int,
    tau_s: tuple[float, float] = TAU_S,
    wiring: str | dict[str, Any] = "full",
) -> Cell:
    """A cell: forward(u (T, B, M), dt (T, B) s, h0 (B, N)) -> states (T, B, N); outputs(states) -> (T, B, output_dim).

    Raises UnsupportedCell naming what can be trained, WiringError for a wiring that cannot be made."""
    if kind not in KINDS:
        raise UnsupportedCell(f"unknown cell '{kind}'; available: {', '.join(KINDS)}")
    if solver not in SOLVERS:
        raise UnsupportedCell(f"unknown solver '{solver}'; available: {', '.join(SOLVERS)}")
    if kind != "ltc_synaptic" and wiring != "full":
        raise UnsupportedCell(f"cell '{kind}' has no wiring; use cell_kind 'ltc_synaptic' or leave wiring out")
    if kind == "ltc_synaptic":
        return SynapticLTCCell(inputs, units, tau_s, solver, make_wiring(wiring, inputs, units))
    if kind == "ltc_const":
        return ConstLTCCell(inputs, units, tau_s, solver)
    if solver != "fused" and kind == "cfc":
        raise UnsupportedCell("cell 'cfc' is a closed form and solves no equation; leave ode_solver out")
    if solver != "fused" and kind in STEPWISE:
        raise UnsupportedCell(f"cell '{kind}' solves no equation; leave ode_solver out")
    if kind == "cfc" or kind in STEPWISE:
        return CfCCell(inputs, units) if kind == "cfc" else STEPWISE[kind](inputs, units)
    return LTCCell(inputs, units, tau_s) if solver == "fused" else SolvedLTCCell(inputs, units, tau_s, solver)
