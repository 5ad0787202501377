# SPDX-License-Identifier: MIT
"""Liquid cells over whole sequences, with hand-written backpropagation through time.

Per unit: zf = Wf [u;h] + bf, clamped; A = tanh(Wa [u;h] + ba); g = dt exp(zf);
h <- (h + g A) / (1 + dt/tau + g).  dt = 0 leaves h exactly as it was, which is how skipped frames are
written.  The part of zf and A that comes from the input is one product for all steps; the backward
pass does three operations a step and the weight gradients as products over all steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...lnn.layout import LIMITS

GATE_LIMIT = 15.0
LONGEST_DT_S = LIMITS["timestep_us"] / 1e6
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
    """u (T, B, M); weight (2N, M + N), gate rows first; bias (2N,); rate (N,) = 1/tau; dt (T, B) s; h0 (B, N); learn:
    whether a backward pass follows.  Of R networks at once (under torch.vmap): u (T, R, B, M), weight (R, 2N, M + N),
    bias (R, 2N), rate (R, N), dt (T, R or 1, B), h0 (R, B, N).

    Beside the states the forward pass returns, in the buffers it worked in, what a step passes back:
    `partial` (T, B, 2N) = dh/dz of both halves and `keep` (T, B, N) = the factor on the state before."""

    @staticmethod
    def forward(
        u: Tensor, weight: Tensor, bias: Tensor, rate: Tensor, dt: Tensor, h0: Tensor, learn: bool
    ) -> tuple[Tensor, ...]:
        m, n, many = u.shape[-1], h0.shape[-1], weight.dim() == 3
        dt, of_inputs = dt.unsqueeze(-1), weight[..., :m]
        add_product: Callable[..., Tensor] = Tensor.baddbmm_ if many else Tensor.addmm_
        if many:
            z = torch.einsum("trbm,rnm->trbn", u, of_inputs).to(bias.dtype) + bias.unsqueeze(-2)
            rate = rate.unsqueeze(-2)
        else:
            z = torch.addmm(bias, u.reshape(-1, m), of_inputs.t()).to(bias.dtype).view(*u.shape[:2], 2 * n)
            # autocast: the product was bf16
        gate, reversal = z[..., :n], z[..., n:]
        denominator = 1 + dt * rate
        states = z.new_empty(len(z), *h0.shape)
        recurrent, before = weight[..., m:].mT.contiguous(), h0
        every = zip(
            z.unbind(),
            gate.unbind(),
            reversal.unbind(),
            denominator.unbind(),
            dt.unbind(),
            states.unbind(),
            strict=True,
        )
        for z_t, g_t, a_t, d_t, dt_t, after in every:
            add_product(z_t, before, recurrent)
            g_t.clamp_(-GATE_LIMIT, GATE_LIMIT).exp_().mul_(dt_t)
            a_t.tanh_()
            d_t.add_(g_t)
            before = torch.addcmul(before, g_t, a_t, out=after).div_(d_t)
        if not learn:
            return states, z.new_empty(0), z.new_empty(0)
        # Past the upper clamp nothing changes with zf; past the lower one next to nothing does anyway.
        clamped = gate >= dt * math.exp(GATE_LIMIT) * 0.9999 if denominator.amax() > _CLAMPED else None
        keep = denominator.reciprocal_()
        slope = reversal - states
        gate.mul_(keep)
        reversal.square_().neg_().add_(1).mul_(gate)
        gate.mul_(slope)
        if clamped is not None:
            gate.masked_fill_(clamped, 0.0)
        return states, z, keep

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        u, weight, _, _, dt, h0, _ = inputs
        states, partial, keep = output
        ctx.mark_non_differentiable(partial, keep)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(partial, keep, states, u, weight, dt, h0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
        if grad is None:  # nothing depends on the states
            return (None,) * 7
        partial, keep, states, u, weight, dt, h0 = ctx.saved_tensors
        m, n, many = u.shape[-1], h0.shape[-1], weight.dim() == 3
        dz, total = torch.empty_like(partial), torch.empty_like(grad)
        carried = torch.zeros_like(grad[0])
        recurrent = weight[..., m:].contiguous()
        add_product: Callable[..., Tensor] = torch.baddbmm if many else torch.addmm
        every = zip(dz.unbind(), partial.unbind(), keep.unbind(), grad.unbind(), total.unbind(), strict=True)
        for dz_t, partial_t, keep_t, grad_t, total_t in reversed(list(every)):
            torch.add(grad_t, carried, out=total_t)
            torch.mul(partial_t.unflatten(-1, (2, n)), total_t.unsqueeze(-2), out=dz_t.unflatten(-1, (2, n)))
            carried = add_product(total_t.mul_(keep_t), dz_t, recurrent)
        heard = torch.cat([h0.unsqueeze(0), states[:-1]])
        d_u: Tensor | None
        if many:
            d_weight = torch.cat([torch.einsum("trbn,trbm->rnm", dz, x) for x in (u, heard)], -1)
            d_u = torch.einsum("trbn,rnm->trbm", dz, weight[..., :m])
        else:
            flat = dz.view(-1, 2 * n)
            d_weight = torch.cat([flat.t() @ u.reshape(-1, m), flat.t() @ heard.view(-1, n)], 1)
            d_u = (flat @ weight[:, :m]).view(u.shape) if ctx.needs_input_grad[0] else None
        d_rate = -(total.mul_(states).mul_(dt.unsqueeze(-1))).sum((0, -2))
        return d_u, d_weight, dz.sum((0, -2)), d_rate, None, carried, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, ...]:
        """torch.vmap's rule: all networks of the leading dimension in one call."""
        *tensors, learn = inputs
        places = (1, 0, 0, 0, 1, 0)  # where the networks' dimension belongs in each
        stacked = [stack_at(x, d, at, info.batch_size) for x, d, at in zip(tensors, in_dims, places, strict=False)]
        return _FusedSequence.apply(*stacked, learn), (1, 1, 1)  # type: ignore[no-untyped-call]  # torch's


def stack_at(x: Tensor, dim: int | None, place: int, networks: int) -> Tensor:
    """x with the dimension of the networks, which it has at `dim` or not at all, at `place`."""
    if dim is not None:
        return x.movedim(dim, place)
    return x.unsqueeze(place).expand(*x.shape[:place], networks, *x.shape[place:])


def fused_sequence(u: Tensor, weight: Tensor, bias: Tensor, rate: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
    """States (T, B, N) of an `ltc` after each fused step: u (T, B, M), weight (2N, M + N) and bias (2N,) with the gate's
    rows first, rate (N,) = 1/tau in 1/s, dt (T, B) s, h0 (B, N).  torch.vmap runs several networks in one call."""
    states: Tensor
    states, *_ = _FusedSequence.apply(u, weight, bias, rate, dt, h0, torch.is_grad_enabled())  # type: ignore[no-untyped-call]  # torch's
    return states


def own_dt(dt: Tensor, every: int) -> Tensor:
    """The dt (T, B) of a cell that runs at the first step and then at every so manieth, from the dt (T, B) s of all steps,
    0 if no step runs: the sum of those since its last run, at most 1 s, and 0 where it does not run.

    The steps of a stretch are counted from its beginning."""
    if every == 1:
        return dt
    steps, elapsed = dt > 0, dt.cumsum(0)
    runs = steps & ((steps.cumsum(0) - 1) % every == 0)
    ended = torch.where(runs, elapsed, 0.0).cummax(0).values
    before = torch.cat([torch.zeros_like(dt[:1]), ended[:-1]])
    return torch.where(runs, elapsed - before, 0.0).clamp_max(LONGEST_DT_S)


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
