# SPDX-License-Identifier: MIT
"""Liquid cells as an equation and a solver: `ltc` and `ltc_const` with any solver, by plain autograd."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .cells import GATE_LIMIT, TAU_S, Cell, LTCCell
from .solvers import SOLVERS, Coefficients

Driven = Callable[[Tensor], Coefficients]  # an input to the coefficients that it leads to


def integrate(coefficients: Driven, driven: Tensor, dt: Tensor, h0: Tensor, solver: str, unfolds: int = 1) -> Tensor:
    """States after each step, (T, B, N), from h0 (B, N).

    coefficients(x)(h) -> rate, drive; driven (T, B, ...): what the input contributes to each step, x; dt (T, B) s is
    split into `unfolds` equal parts; solver: a name in SOLVERS."""
    step, h, states = SOLVERS[solver], h0, []
    for x, dt_t in zip(driven.unbind(), (dt / unfolds).unsqueeze(-1).unbind(), strict=True):
        at: Coefficients = coefficients(x)
        for _ in range(unfolds):
            h = step(at, h, dt_t)
        states.append(h)
    return torch.stack(states)


class SolvedLTCCell(LTCCell):
    """Cell kind `ltc` with any solver; weights as in LTCCell, so that they may be exchanged.

    dh/dt = -(1/tau + f) h + f A, f = exp(Wf [u;h] + bf), A = tanh(Wa [u;h] + ba):
    Hasani et al., arXiv 2006.04439, eq. 1, with A made to depend on input and state."""

    def __init__(self, inputs: int, units: int, tau_s: tuple[float, float] = TAU_S, solver: str = "exact"):
        super().__init__(inputs, units, tau_s)
        self.solver = solver

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        n, leak = self.units, torch.exp(-self.log_tau)
        recurrent = self.weight[:, self.inputs :].t()

        def coefficients(x: Tensor) -> Coefficients:
            def at(h: Tensor) -> tuple[Tensor, Tensor]:
                z = torch.addmm(x, h, recurrent)
                f = z[:, :n].clamp(-GATE_LIMIT, GATE_LIMIT).exp()
                return leak + f, f * z[:, n:].tanh()

            return at

        driven = nn.functional.linear(u, self.weight[:, : self.inputs], self.bias)
        return integrate(coefficients, driven, dt, h0, self.solver)


class ConstLTCCell(Cell):
    """Cell kind `ltc_const`: A is a constant of the unit, Hasani et al., arXiv 2006.04439, eq. 1 as printed.

    weight (N, M + N) and bias (N,) of the conductance, reversal (N,) = A, log_tau (N,)."""

    kind = "ltc_const"

    def __init__(self, inputs: int, units: int, tau_s: tuple[float, float] = TAU_S, solver: str = "fused"):
        super().__init__(inputs, units)
        self.solver = solver
        self.weight = nn.Parameter(torch.randn(units, inputs + units) / math.sqrt(inputs + units))
        self.bias = nn.Parameter(torch.empty(units).uniform_(0.0, 3.0))
        self.reversal = nn.Parameter(torch.empty(units).uniform_(-1.0, 1.0))
        low, high = map(math.log, tau_s)
        self.log_tau = nn.Parameter(torch.empty(units).uniform_(low, high))

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        leak, recurrent = torch.exp(-self.log_tau), self.weight[:, self.inputs :].t()

        def coefficients(x: Tensor) -> Coefficients:
            def at(h: Tensor) -> tuple[Tensor, Tensor]:
                f = torch.addmm(x, h, recurrent).clamp(-GATE_LIMIT, GATE_LIMIT).exp()
                return leak + f, f * self.reversal

            return at

        driven = nn.functional.linear(u, self.weight[:, : self.inputs], self.bias)
        return integrate(coefficients, driven, dt, h0, self.solver)
