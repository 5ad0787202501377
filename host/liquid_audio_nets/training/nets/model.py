# SPDX-License-Identifier: MIT
"""Front-end normalisation, traces, stacked cells and readout as one module."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from ...reference.frontend import FEATURE_LIMIT
from ..settings.config import ModelConfig
from ..settings.errors import UnsupportedCell
from .cells import Cell, own_dt
from .kinds import make_cell, make_grid
from .leaky import LiquidReadout, Traces, smooth


@dataclass
class StreamState:
    """What a stream carries from one stretch to the next: h of each cell (B, N), evidence (B, K), the means of the
    traces (B, C), not a number before the first step, or (B, 0) without traces."""

    h: list[Tensor]
    evidence: Tensor
    mean: Tensor

    def detach(self) -> StreamState:
        """The same numbers without their history of gradients."""
        return self.each(Tensor.detach)

    def each(self, change: Callable[[Tensor], Tensor]) -> StreamState:
        """The state with every tensor changed."""
        return StreamState([change(h) for h in self.h], change(self.evidence), change(self.mean))

    def where(self, keep: Tensor, other: StreamState) -> StreamState:
        """This state in the rows that keep (B, 1) names, the other state elsewhere."""
        parts = zip((*self.h, self.evidence, self.mean), (*other.h, other.evidence, other.mean), strict=True)
        *h, evidence, mean = (torch.where(keep, mine, others) for mine, others in parts)
        return StreamState(h, evidence, mean)


class Net(nn.Module):
    """What all networks share: their configuration and the normalisation of their features."""

    mean: Tensor
    inv_std: Tensor
    cells: Sequence[Cell]
    readout: nn.Linear

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.input_dim))
        self.register_buffer("inv_std", torch.ones(config.input_dim))

    def parameter_count(self) -> int:
        """The number of trained parameters; the normalisation is not among them."""
        return sum(p.numel() for p in self.parameters())

    def features(self, log_mel: Tensor) -> Tensor:
        """log_mel, any shape (..., C), normalised and limited as the core's front-end does it."""
        return ((log_mel - self.mean) * self.inv_std).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)

    def initial_state(self, batch: int) -> StreamState:
        """The state at rest, all zeros, for so many streams."""
        raise NotImplementedError

    def solved_by(self, solver: str) -> Net:
        """The same equation and weights with another solver; this network if it has that solver."""
        if solver == self.config.ode_solver:
            return self
        other = type(self)(replace(self.config, ode_solver=solver)).train(self.training).to(self.mean.device)
        other.load_state_dict(self.state_dict())
        return other


class LiquidNet(Net):
    """Traces if the configuration has them, cells one after the other, and a readout: a linear one whose evidence is
    smoothed over time, or a liquid one.

    Raises UnsupportedCell and WiringError for cells that cannot be made."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.traces = Traces(config.input_dim) if config.traces else None
        planes = 2 if config.traces else 1
        heard, cells = config.input_dim * planes, list[Cell]()
        if config.grid:
            cells.append(make_grid(config, planes))
            heard = cells[-1].output_dim
        for units in config.hidden_dims:
            cells.append(make_cell(config.cell_kind, config.ode_solver, heard, units, wiring=config.wiring))
            heard = cells[-1].output_dim
        self.cells = cast("Sequence[Cell]", nn.ModuleList(cells))
        every = config.rhythm
        if len(every) != len(cells):
            raise UnsupportedCell(f"every = {list(every)}: give a number for each of {len(cells)} cells")
        self.every, self.dropout = every, nn.Dropout(config.dropout)
        heard = sum(cell.output_dim for cell in cells) if config.hear_all else heard
        self.readout = nn.Linear(heard, len(config.labels))
        self.listening = LiquidReadout(heard, len(config.labels)) if config.liquid_readout else None

    def initial_state(self, batch: int) -> StreamState:
        """The state at rest, all zeros, for so many streams."""
        new = self.mean.new_zeros
        mean = new(batch, self.config.input_dim if self.traces else 0).fill_(math.nan)
        evidence = new(batch, len(self.config.labels))
        return StreamState([new(batch, n) for n in self.config.cell_units], evidence, mean)

    def forward(
        self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor, StreamState]:
        """log_mel (T, B, C); dt (T, B) s, 0 if no step runs; decay_s (T, B) s of closed gate.

        Returns (evidence after each tick (T, B, K), state at the end)."""
        state = state or self.initial_state(log_mel.shape[1])
        u, ends, mean = self.features(log_mel), [], state.mean
        if self.traces:
            u, mean = self.traces(u, dt, mean)
        outputs: list[Tensor] = []
        for cell, every, h0 in zip(self.cells, self.every, state.h, strict=True):
            states = cell(self.dropout(u) if outputs else u, own_dt(dt, every), h0)
            ends.append(states[-1])
            u = cell.outputs(states)
            outputs.append(u)
        if self.config.hear_all:
            u = torch.cat(outputs, -1)
        values = self.readout(u)
        if self.listening:
            evidence = self.listening(u, values, dt, decay_s, state.evidence)
        else:
            evidence = smooth(values, dt, decay_s, state.evidence, self.config.smoothing_s)
        return evidence, StreamState(ends, evidence[-1], mean)
