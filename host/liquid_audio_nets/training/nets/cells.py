# SPDX-License-Identifier: MIT
"""Liquid cells over whole sequences, with hand-written backpropagation through time.

Per unit: zf = Wf [u;h] + bf, clamped; A = tanh(Wa [u;h] + ba); g = dt exp(zf);
h <- (h + g A) / (1 + dt/tau + g).  dt = 0 leaves h exactly as it was, which is how skipped frames are
written.  The part of zf and A that comes from the input is one product for all steps; the backward
pass does three operations a step and the weight gradients as products over all steps.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

GATE_LIMIT = 15.0
TAU_S = (0.02, 1.0)  # range of the time constants at the start, in s
_CLAMPED = 1e-3 * math.exp(GATE_LIMIT)  # a denominator above this may mean a clamped gate, dt being 1 ms or more


class Cell(nn.Module):
    """A recurrent cell of N units on M inputs: forward(u (T, B, M), dt (T, B) s, h0 (B, N)) -> states (T, B, N).

    weight: what pruning and the penalties count, a parameter or a tensor that is put together when asked for."""

    weight: Any

    def __init__(self, inputs: int, units: int):
        super().__init__()
        self.inputs, self.units, self.output_dim = inputs, units, units

    def outputs(self, states: Tensor) -> Tensor:
        """What the next cell hears of the states (T, B, N), here all of them; (T, B, output_dim)."""
        return states


class _FusedSequence(torch.autograd.Function):
    """u (T, B, M); weight (2N, M + N), gate rows first; bias (2N,); rate (N,) = 1/tau; dt (T, B) s; h0 (B, N).

    The forward pass leaves behind, in the buffers it worked in, what a step passes back:
    `partial` (T, B, 2N) = dh/dz of both halves and `keep` (T, B, N) = the factor on the state before."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, weight: Tensor, bias: Tensor, rate: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        (steps, batch, m), n = u.shape, h0.shape[1]
        dt = dt.unsqueeze(-1)
        z = (
            torch.addmm(bias, u.reshape(-1, m), weight[:, :m].t()).to(bias.dtype).view(steps, batch, 2 * n)
        )  # autocast: bf16
        gate, reversal = z[..., :n], z[..., n:]
        denominator = 1 + dt * rate
        states = z.new_empty(steps + 1, batch, n)
        states[0] = h0
        recurrent = weight[:, m:].t().contiguous()
        every = zip(
            z.unbind(),
            gate.unbind(),
            reversal.unbind(),
            denominator.unbind(),
            dt.unbind(),
            states.unbind(),
            states[1:].unbind(),
            strict=False,  # states has one more
        )
        for z_t, g_t, a_t, d_t, dt_t, before, after in every:
            z_t.addmm_(before, recurrent)
            g_t.clamp_(-GATE_LIMIT, GATE_LIMIT).exp_().mul_(dt_t)
            a_t.tanh_()
            d_t.add_(g_t)
            torch.addcmul(before, g_t, a_t, out=after).div_(d_t)
        if any(ctx.needs_input_grad):
            # Past the upper clamp nothing changes with zf; past the lower one next to nothing does anyway.
            clamped = gate >= dt * math.exp(GATE_LIMIT) * 0.9999 if denominator.amax() > _CLAMPED else None
            keep = denominator.reciprocal_()
            slope = reversal - states[1:]
            gate.mul_(keep)
            reversal.square_().neg_().add_(1).mul_(gate)
            gate.mul_(slope)
            if clamped is not None:
                gate.masked_fill_(clamped, 0.0)
            ctx.save_for_backward(z, keep, states, u, weight, dt)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        partial, keep, states, u, weight, dt = ctx.saved_tensors
        (steps, batch, n), m = grad.shape, u.shape[2]
        dz, total = torch.empty_like(partial), torch.empty_like(grad)
        carried = torch.zeros_like(grad[0])
        recurrent = weight[:, m:].contiguous()
        every = zip(dz.unbind(), partial.unbind(), keep.unbind(), grad.unbind(), total.unbind(), strict=True)
        for dz_t, partial_t, keep_t, grad_t, total_t in reversed(list(every)):
            torch.add(grad_t, carried, out=total_t)
            torch.mul(partial_t.view(batch, 2, n), total_t.unsqueeze(1), out=dz_t.view(batch, 2, n))
            carried = total_t.mul_(keep_t).addmm(dz_t, recurrent)
        flat = dz.view(-1, 2 * n)
        d_weight = torch.cat([flat.t() @ u.reshape(-1, m), flat.t() @ states[:-1].reshape(-1, n)], 1)
        d_u = (flat @ weight[:, :m]).view(steps, batch, m) if ctx.needs_input_grad[0] else None
        d_rate = -(total.mul_(states[1:]).mul_(dt)).sum((0, 1))
        return d_u, d_weight, flat.sum(0), d_rate, None, carried


def fused_sequence(u: Tensor, weight: Tensor, bias: Tensor, rate: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
    """States (T, B, N) of an `ltc` after each fused step: u (T, B, M), weight (2N, M + N) and bias (2N,) with the gate's
    rows first, rate (N,) = 1/tau in 1/s, dt (T, B) s, h0 (B, N)."""
    states: Tensor = _FusedSequence.apply(u, weight, bias, rate, dt, h0)  # type: ignore[no-untyped-call]  # torch's
    return states


class LTCCell(Cell):
    """Cell kind `ltc`, solver `fused`.  weight (2N, M + N): gate rows, then reversal rows."""

    kind, solver = "ltc", "fused"

    def __init__(self, inputs: int, units: int, tau_s: tuple[float, float] = TAU_S):
        super().__init__(inputs, units)
        scale = 1 / math.sqrt(inputs + units)
        self.weight = nn.Parameter(torch.randn(2 * units, inputs + units) * scale)
        self.bias = nn.Parameter(torch.zeros(2 * units))
        # Conductances begin in the range of 1/tau: log-uniform rates of 1 to 20 per second.
        with torch.no_grad():
            self.bias[:units].uniform_(0.0, 3.0)
            self.weight[:, inputs:] *= 0.7
        low, high = map(math.log, tau_s)
        self.log_tau = nn.Parameter(torch.empty(units).uniform_(low, high))

    @property
    def tau(self) -> Tensor:
        """Time constants (N,) in s."""
        return self.log_tau.exp()

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) seconds, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        return fused_sequence(u, self.weight, self.bias, torch.exp(-self.log_tau), dt, h0)
