# SPDX-License-Identifier: MIT
"""What leaks and is fed step by step: traces of the features, and the evidence of both readouts.

All three are y_t = keep_t y_(t-1) + gain_t x_t with their own keep and gain, so one hand-written backward pass serves them.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ...lnn.layout import LEAST, LIMITS
from .cells import stack_at

TRACE_TAU_S = 0.3  # time constant of the traces at the start
READOUT_TAU_S = 1.0  # time constant of the liquid evidence at the start
READOUT_GATE_LIMITS = LEAST["readout_gate"], LIMITS["readout_gate"]  # of the exponent of its conductance


class _Leaky(torch.autograd.Function):
    """y_t = keep_t y_(t-1) + gain_t x_t; x, gain, keep (T, B, K) or broadcast to it, start (B, K) -> y (T, B, K)."""

    @staticmethod
    def forward(x: Tensor, gain: Tensor, keep: Tensor, start: Tensor) -> Tensor:
        out, y = x * gain, start
        for out_t, keep_t in zip(out.unbind(), keep.unbind(), strict=True):
            y = out_t.addcmul_(keep_t, y)
        return out

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, gain, keep, start, out = ctx.saved_tensors
        total, carried = torch.empty_like(grad), torch.zeros_like(grad[0])
        for total_t, grad_t, keep_t in reversed(list(zip(total.unbind(), grad.unbind(), keep.unbind(), strict=True))):
            carried = torch.add(grad_t, carried, out=total_t) * keep_t
        of_x, of_gain, of_keep, _ = ctx.needs_input_grad
        before = torch.cat([start.expand_as(out[0])[None], out[:-1]]) if of_keep else None
        return (
            (total * gain).sum_to_size(x.shape) if of_x else None,
            (total * x).sum_to_size(gain.shape) if of_gain else None,
            (total * before).sum_to_size(keep.shape) if before is not None else None,
            carried,
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *tensors: Tensor) -> tuple[Tensor, int]:
        """torch.vmap's rule: all networks of the leading dimension in one call."""
        x, gain, keep, start = (
            stack_at(t, d, 0 if t is tensors[3] else 1, info.batch_size) for t, d in zip(tensors, in_dims, strict=True)
        )
        return _Leaky.apply(x, gain, keep, start), 1  # type: ignore[no-untyped-call]  # torch's


def leaky(x: Tensor, gain: Tensor, keep: Tensor, start: Tensor) -> Tensor:
    """y_t = keep_t y_(t-1) + gain_t x_t: x (T, B, K), gain and keep (T, B, K) or (T, B, 1), start (B, K) -> (T, B, K)."""
    y: Tensor = _Leaky.apply(x, gain, keep, start)  # type: ignore[no-untyped-call]  # torch's
    return y


def smooth(logits: Tensor, dt: Tensor, decay_s: Tensor, start: Tensor, smoothing_s: float) -> Tensor:
    """e <- e + a (z - e), a = dt/(dt + smoothing_s); while the gate is closed e decays towards 0.

    logits (T, B, K), dt and decay_s (T, B) s, start (B, K) -> (T, B, K).  With smoothing_s = 0, which is for networks
    that predict numbers, the logits are returned as they are."""
    if smoothing_s == 0:
        return logits
    gain = (dt / (dt + smoothing_s)).unsqueeze(-1)
    return leaky(logits, gain, (1 - gain) / (1 + decay_s / smoothing_s).unsqueeze(-1), start)


def listen(gate: Tensor, values: Tensor, rate: Tensor, dt: Tensor, decay_s: Tensor, start: Tensor) -> Tensor:
    """e <- (e + dt g v) / (1 + dt/tau + dt g) with g = exp(gate), clamped; while the gate of the engine is closed e <- e / (1 + dt/tau).

    gate and values v (T, B, K), rate 1/tau (K,) in 1/s, dt and decay_s (T, B) s, start (B, K) -> e (T, B, K).  As in the
    engine, the first step behind closed ticks, in which the evidence has faded, takes one tick of its dt."""
    closed_before = torch.cat([torch.zeros_like(decay_s[:1]), decay_s[:-1]])
    steps = torch.where((closed_before > 0) & (dt > 0), torch.minimum(dt, closed_before), dt).unsqueeze(-1)
    drive = steps * gate.clamp(*READOUT_GATE_LIMITS).exp()
    share = 1 / (1 + steps * rate + drive)
    return leaky(values, drive * share, share / (1 + decay_s.unsqueeze(-1) * rate), start)


class Traces(nn.Module):
    """Each channel beside its distance from its own slow mean, which the level of the sound does not change.

    m <- m + dt/(dt + tau) (x - m), and m = x at the first step; what the cells hear is [x, x - m]."""

    def __init__(self, channels: int):
        super().__init__()
        self.log_tau = nn.Parameter(torch.full((channels,), math.log(TRACE_TAU_S)))

    @property
    def tau(self) -> Tensor:
        """Time constants (C,) in s."""
        return self.log_tau.exp()

    def forward(self, x: Tensor, dt: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
        """x (T, B, C), dt (T, B) s, 0 = no step, mean (B, C), not a number before the first step.

        Returns ([x, x - m] (T, B, 2C), mean at the end)."""
        steps = dt.unsqueeze(-1)
        gain = steps / (steps + self.tau)
        fresh = mean[:, :1].isnan()
        first = (dt > 0) & ((dt > 0).cumsum(0) == 1)
        gain = torch.where(first.unsqueeze(-1) & fresh, 1.0, gain)
        m = leaky(x, gain, 1 - gain, torch.where(fresh, 0.0, mean))
        heard = (dt > 0).any(0).unsqueeze(-1) | ~fresh
        return torch.cat([x, x - m], -1), torch.where(heard, m[-1], mean)


class LiquidReadout(nn.Linear):
    """The conductance of a liquid readout: evidence that decides by itself when to listen.

    g = exp(Wg h + bg), e <- (e + dt g v) / (1 + dt/tau + dt g) per label, v being the linear readout's values."""

    def __init__(self, inputs: int, labels: int):
        super().__init__(inputs, labels)
        with torch.no_grad():
            self.weight.normal_(0, 0.3 / math.sqrt(inputs))
            self.bias.fill_(1.0)
        self.log_tau = nn.Parameter(torch.full((labels,), math.log(READOUT_TAU_S)))

    @property
    def tau(self) -> Tensor:
        """Time constants (K,) in s."""
        return self.log_tau.exp()

    def forward(  # type: ignore[override]  # it has a time
        self, h: Tensor, values: Tensor, dt: Tensor, decay_s: Tensor, start: Tensor
    ) -> Tensor:
        """h (T, B, N), values (T, B, K), dt and decay_s (T, B) s, start (B, K) -> evidence (T, B, K).

        While the gate is closed the evidence fades as if g were 0."""
        return listen(super().forward(h), values, torch.exp(-self.log_tau), dt, decay_s, start)
