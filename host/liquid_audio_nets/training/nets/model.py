# SPDX-License-Identifier: MIT
"""Front-end normalisation, stacked cells, linear readout and evidence smoothing as one module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...reference.frontend import FEATURE_LIMIT
from ..settings.config import ModelConfig
from .cells import Cell
from .kinds import make_cell


@dataclass
class StreamState:
    """What a stream carries from one stretch to the next: h of each cell (B, N), evidence (B, K)."""

    h: list[Tensor]
    evidence: Tensor

    def detach(self) -> StreamState:
        """The same numbers without their history of gradients."""
        return self.each(Tensor.detach)

    def each(self, change: Callable[[Tensor], Tensor]) -> StreamState:
        """The state with every tensor changed."""
        return StreamState([change(h) for h in self.h], change(self.evidence))


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
    """Cells one after the other, a linear readout, and evidence smoothed over time.

    Raises UnsupportedCell and WiringError for cells that cannot be made."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        heard, cells = config.input_dim, []
        for units in config.hidden_dims:
            cells.append(make_cell(config.cell_kind, config.ode_solver, heard, units, wiring=config.wiring))
            heard = cells[-1].output_dim
        self.cells = cast("Sequence[Cell]", nn.ModuleList(cells))
        self.readout = nn.Linear(heard, len(config.labels))

    def initial_state(self, batch: int) -> StreamState:
        """The state at rest, all zeros, for so many streams."""
        new = self.mean.new_zeros
        return StreamState([new(batch, n) for n in self.config.hidden_dims], new(batch, len(self.config.labels)))

    def forward(
        self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor, StreamState]:
        """log_mel (T, B, C); dt (T, B) s, 0 if no step runs; decay_s (T, B) s of closed gate.

        Returns (evidence after each tick (T, B, K), state at the end)."""
        state = state or self.initial_state(log_mel.shape[1])
        u, ends = self.features(log_mel), []
        for cell, h0 in zip(self.cells, state.h, strict=True):
            states = cell(u, dt, h0)
            ends.append(states[-1])
            u = cell.outputs(states)
        evidence = smooth(self.readout(u), dt, decay_s, state.evidence, self.config.smoothing_s)
        return evidence, StreamState(ends, evidence[-1])


class _Smooth(torch.autograd.Function):
    """e_t = keep_t e_(t-1) + gain_t z_t; gain and keep (T, B, 1)."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, gain: Tensor, keep: Tensor, start: Tensor) -> Tensor:
        ctx.save_for_backward(gain, keep)
        out, e = logits * gain, start
        for out_t, keep_t in zip(out.unbind(), keep.unbind(), strict=True):
            e = out_t.addcmul_(keep_t, e)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gain, keep = ctx.saved_tensors
        total, carried = torch.empty_like(grad), torch.zeros_like(grad[0])
        for total_t, grad_t, keep_t in reversed(list(zip(total.unbind(), grad.unbind(), keep.unbind(), strict=True))):
            carried = torch.add(grad_t, carried, out=total_t) * keep_t
        return total.mul_(gain), None, None, carried


def smooth(logits: Tensor, dt: Tensor, decay_s: Tensor, start: Tensor, smoothing_s: float) -> Tensor:
    """e <- e + a (z - e), a = dt/(dt + smoothing_s); while the gate is closed e decays towards 0.

    logits (T, B, K), dt and decay_s (T, B) s, start (B, K) -> (T, B, K).  With smoothing_s = 0, which is for networks
    that predict numbers, the logits are returned as they are."""
    if smoothing_s == 0:
        return logits
    gain = (dt / (dt + smoothing_s)).unsqueeze(-1)
    keep = (1 - gain) / (1 + decay_s / smoothing_s).unsqueeze(-1)
    evidence: Tensor = _Smooth.apply(logits, gain, keep, start)  # type: ignore[no-untyped-call]  # torch's
    return evidence
