"""Liquid cells over whole sequences, with hand-written backpropagation through time.

Per unit: zf = Wf [u;h] + bf, clamped; A = tanh(Wa [u;h] + ba); g = dt exp(zf);
h <- (h + g A) / (1 + dt/tau + g).  dt = 0 leaves h exactly as it was, which is how skipped frames are
written.  The part of zf and A that comes from the input is one product for all steps; the backward
pass does four operations a step and the weight gradients as one product at the end.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

GATE_LIMIT = 15.0


class UnsupportedCell(ValueError):
    """The cell kind or solver is not trainable here."""


class _FusedSequence(torch.autograd.Function):
    """inputs (T, B, 2N) = u Wu + b;  recurrent (2N, N);  rate (N,) = 1/tau;  dt (T, B) s;  h0 (B, N)."""

    @staticmethod
    def forward(ctx, inputs: Tensor, recurrent: Tensor, rate: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        steps, batch, _ = inputs.shape
        n = h0.shape[1]
        dt = dt.unsqueeze(-1)
        z = torch.empty_like(inputs)
        decay = 1 + dt * rate  # becomes the denominator in place
        states = inputs.new_empty(steps + 1, batch, n)
        states[0] = h0
        weights = recurrent.t().contiguous()
        gate, reversal = z[..., :n], z[..., n:]
        for t in range(steps):
            torch.addmm(inputs[t], states[t], weights, out=z[t])
            gate[t].clamp_(-GATE_LIMIT, GATE_LIMIT).exp_().mul_(dt[t])
            reversal[t].tanh_()
            decay[t].add_(gate[t])
            torch.addcmul(states[t], gate[t], reversal[t], out=states[t + 1]).div_(decay[t])
        ctx.save_for_backward(z, decay, states, recurrent, rate, dt)
        return states[1:].clone()

    @staticmethod
    def backward(ctx, grad: Tensor):
        z, denominator, states, recurrent, rate, dt = ctx.saved_tensors
        steps, batch, n = grad.shape
        g, reversal = z[..., :n], z[..., n:]
        keep = 1 / denominator
        local = torch.empty(steps, batch, 2, n, dtype=grad.dtype, device=grad.device)
        torch.mul(reversal - states[1:], g * keep, out=local[:, :, 0])
        # A clamped gate passes no gradient; dt exp(+-limit) marks it, a hair inside for rounding.
        local[:, :, 0].masked_fill_((g >= dt * math.exp(GATE_LIMIT) * 0.9999)
                                    | (g <= dt * math.exp(-GATE_LIMIT) * 1.0001), 0.0)
        torch.mul(1 - reversal * reversal, g * keep, out=local[:, :, 1])
        dz = local  # overwritten step by step
        dh = torch.zeros_like(grad[0])
        total = torch.empty_like(grad)
        for t in range(steps - 1, -1, -1):
            torch.add(grad[t], dh, out=total[t])
            dz[t].mul_(total[t].unsqueeze(1))
            torch.addmm(total[t].mul_(keep[t]), dz[t].view(batch, 2 * n), recurrent, out=dh)
        dz = dz.view(steps, batch, 2 * n)
        d_recurrent = dz.view(-1, 2 * n).t() @ states[:-1].reshape(-1, n)
        d_rate = -(total * states[1:] * dt).sum((0, 1))
        return dz, d_recurrent, d_rate, None, dh


class LTCCell(nn.Module):
    """Cell kind `ltc`, solver `fused`.  weight (2N, M + N): gate rows, then reversal rows."""

    kind, solver = "ltc", "fused"

    def __init__(self, inputs: int, units: int, tau_s: tuple[float, float] = (0.02, 1.0)):
        super().__init__()
        self.inputs, self.units = inputs, units
        scale = 1 / math.sqrt(inputs + units)
        self.weight = nn.Parameter(torch.randn(2 * units, inputs + units) * scale)
        self.bias = nn.Parameter(torch.zeros(2 * units))
        # A conductance near 1/tau-ish values at the start: log-uniform rates of 1 .. 20 per second.
        with torch.no_grad():
            self.bias[:units].uniform_(0.0, 3.0)
            self.weight[:, inputs:] *= 0.7
        low, high = map(math.log, tau_s)
        self.log_tau = nn.Parameter(torch.empty(units).uniform_(low, high))

    @property
    def tau(self) -> Tensor:
        return self.log_tau.exp()

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) seconds, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        m = self.inputs
        steps, batch, _ = u.shape
        inputs = torch.addmm(self.bias, u.reshape(-1, m), self.weight[:, :m].t()).view(steps, batch, -1)
        recurrent = self.weight[:, m:].contiguous()
        return _FusedSequence.apply(inputs, recurrent, torch.exp(-self.log_tau), dt, h0)


CELLS: dict[tuple[str, str], type[nn.Module]] = {("ltc", "fused"): LTCCell}


def cell_class(kind: str, solver: str) -> type[nn.Module]:
    """Raises UnsupportedCell naming what can be trained."""
    if (kind, solver) not in CELLS:
        known = ", ".join(f"{k}/{s}" for k, s in CELLS)
        raise UnsupportedCell(f"cell '{kind}' with solver '{solver}' cannot be trained yet; available: {known}")
    return CELLS[kind, solver]
