"""Front-end normalisation, stacked cells, linear readout and evidence smoothing as one module."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Callable

import torch
from torch import Tensor, nn

from ...reference.frontend import FEATURE_LIMIT
from .kinds import make_cell


@dataclass
class ModelConfig:
    """Sizes of a network; tau_s is the range of the time constants at the start; kinds and solvers: kinds.py,
    wiring: wirings.py."""

    labels: tuple[str, ...]
    input_dim: int = 40
    hidden_dims: tuple[int, ...] = (64, 64)
    cell_kind: str = "ltc"
    ode_solver: str = "fused"
    smoothing_s: float = 0.2
    tau_s: tuple[float, float] = (0.02, 1.0)
    wiring: str | dict[str, Any] = "full"

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "ModelConfig":
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


@dataclass
class StreamState:
    """What a stream carries from one stretch to the next: h of each cell (B, N), evidence (B, K)."""

    h: list[Tensor] = field(default_factory=list)
    evidence: Tensor | None = None

    def detach(self) -> "StreamState":
        return self.each(Tensor.detach)

    def each(self, change: Callable[[Tensor], Tensor]) -> "StreamState":
        """The same of changed tensors."""
        return StreamState([change(h) for h in self.h], change(self.evidence))


class Net(nn.Module):
    """What all networks have: their configuration, and the normalisation of their features."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.input_dim))
        self.register_buffer("inv_std", torch.ones(config.input_dim))

    def parameter_count(self) -> int:
        """All that is trained; the normalisation is not."""
        return sum(p.numel() for p in self.parameters())

    def features(self, log_mel: Tensor) -> Tensor:
        """Normalised and limited as the core's front-end does it, any shape (..., C)."""
        return ((log_mel - self.mean) * self.inv_std).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)


class LiquidNet(Net):
    """Cells one after the other, a linear readout, and evidence smoothed over time.

    Raises UnsupportedCell and WiringError for cells that cannot be made."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.cells, heard = nn.ModuleList(), config.input_dim
        for units in config.hidden_dims:
            cell = make_cell(config.cell_kind, config.ode_solver, heard, units, config.tau_s, config.wiring)
            self.cells.append(cell)
            heard = cell.output_dim
        self.readout = nn.Linear(heard, len(config.labels))

    def solved_by(self, solver: str) -> "LiquidNet":
        """The same equation and weights with another solver; this network where it is the same."""
        if solver == self.config.ode_solver:
            return self
        other = LiquidNet(replace(self.config, ode_solver=solver)).train(self.training).to(self.mean.device)
        other.load_state_dict(self.state_dict())
        return other

    def initial_state(self, batch: int) -> StreamState:
        """At rest: zeros."""
        new = self.mean.new_zeros
        return StreamState([new(batch, n) for n in self.config.hidden_dims], new(batch, len(self.config.labels)))

    def forward(
        self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor, StreamState]:
        """log_mel (T, B, C); dt (T, B) s, 0 where no step runs; decay_s (T, B) s of closed gate.

        Returns (evidence after each tick (T, B, K), state at the end)."""
        state = state or self.initial_state(log_mel.shape[1])
        u, ends = self.features(log_mel), []
        for cell, h0 in zip(self.cells, state.h):
            states = cell(u, dt, h0)
            ends.append(states[-1])
            u = cell.outputs(states)
        evidence = smooth(self.readout(u), dt, decay_s, state.evidence, self.config.smoothing_s)
        return evidence, StreamState(ends, evidence[-1])


class _Smooth(torch.autograd.Function):
    """e_t = keep_t e_(t-1) + gain_t z_t; gain and keep (T, B, 1)."""

    @staticmethod
    def forward(ctx, logits: Tensor, gain: Tensor, keep: Tensor, start: Tensor) -> Tensor:
        ctx.save_for_backward(gain, keep)
        out, e = logits * gain, start
        for out_t, keep_t in zip(out.unbind(), keep.unbind()):
            e = out_t.addcmul_(keep_t, e)
        return out

    @staticmethod
    def backward(ctx, grad: Tensor):
        gain, keep = ctx.saved_tensors
        total, carried = torch.empty_like(grad), torch.zeros_like(grad[0])
        for total_t, grad_t, keep_t in reversed(list(zip(total.unbind(), grad.unbind(), keep.unbind()))):
            carried = torch.add(grad_t, carried, out=total_t) * keep_t
        return total.mul_(gain), None, None, carried


def smooth(logits: Tensor, dt: Tensor, decay_s: Tensor, start: Tensor, smoothing_s: float) -> Tensor:
    """e <- e + a (z - e), a = dt/(dt + smoothing_s); while the gate is closed e decays towards 0.

    logits (T, B, K), dt and decay_s (T, B) s, start (B, K) -> (T, B, K).  smoothing_s 0: the logits as they are, for
    networks that predict numbers."""
    if smoothing_s == 0:
        return logits
    gain = (dt / (dt + smoothing_s)).unsqueeze(-1)
    keep = (1 - gain) / (1 + decay_s / smoothing_s).unsqueeze(-1)
    return _Smooth.apply(logits, gain, keep, start)
