# SPDX-License-Identifier: MIT
"""Solvers of dh/dt = drive(h) - rate(h) h, the form that all liquid cells with an equation share.

A solver takes `coefficients`, a function from h (B, N) to rate and drive, both (B, N) in 1/s; h (B, N); and dt (B, 1)
in s.  It returns h after dt.  dt = 0 leaves h exactly as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Coefficients = Callable[[Tensor], tuple[Tensor, Tensor]]
Solver = Callable[[Coefficients, Tensor, Tensor], Tensor]


def fused(coefficients: Coefficients, h: Tensor, dt: Tensor) -> Tensor:
    """Semi-implicit Euler: coefficients from the old state, h on the right side from the new one.

    Hasani et al., arXiv 2006.04439, algorithm 1 ("fused solver").  Stable for every dt, first order."""
    rate, drive = coefficients(h)
    return (h + dt * drive) / (1 + dt * rate)


def exact(coefficients: Coefficients, h: Tensor, dt: Tensor) -> Tensor:
    """Exponential Euler: the solution over dt with the coefficients held at their values at its beginning.

    h <- hinf + (h - hinf) exp(-dt rate), hinf = drive/rate; Hochbruck & Ostermann, Acta Numerica 19 (2010)."""
    return _settle(*coefficients(h), h, dt)


def _settle(rate: Tensor, drive: Tensor, h: Tensor, dt: Tensor) -> Tensor:
    """h after dt with constant coefficients."""
    return h - (drive / rate - h) * torch.expm1(-dt * rate)


def euler(coefficients: Coefficients, h: Tensor, dt: Tensor) -> Tensor:
    """Explicit Euler, h <- h + dt (drive - rate h), that stops at the equilibrium of the old coefficients.

    Without that stop it diverges if dt rate > 2, which a conductance learned on 20 ms steps soon reaches."""
    rate, drive = coefficients(h)
    return h + (dt * rate).clamp(max=1.0) * (drive / rate - h)


def adaptive_heun(coefficients: Coefficients, h: Tensor, dt: Tensor, tolerance: float = 2e-3, most: int = 32) -> Tensor:
    """Heun's method in exponential form, in as many equal substeps as the row with the largest error needs.

    A substep settles with the mean of the coefficients at its beginning and at its predicted end: a Magnus integrator of
    second order, Hochbruck & Ostermann, Acta Numerica 19 (2010).  Its difference from the prediction is the error estimate,
    which shrinks with the square of the substep: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I,
    section II.4.  tolerance: largest estimate for a substep in any unit.  Because the decay is solved exactly, accuracy
    alone sets the substep, never the fastest time constant: 20 ms usually take one to five.  There are `most` at most, and
    h stays finite for any conductance.

    The number of substeps is constant around almost every h, hence the gradient of the substeps taken is the gradient of
    what was computed."""

    def substep(h: Tensor, rate: Tensor, drive: Tensor, dt: Tensor) -> tuple[Tensor, Tensor]:
        first = _settle(rate, drive, h, dt)
        rate_end, drive_end = coefficients(first)
        return first, _settle((rate + rate_end) / 2, (drive + drive_end) / 2, h, dt)

    first, second = substep(h, *coefficients(h), dt)
    error = (second - first).detach().abs().max().item() / tolerance
    count = min(max(math.ceil(math.sqrt(error)), 1), most)
    if count == 1:
        return second
    for _ in range(count):
        _, h = substep(h, *coefficients(h), dt / count)
    return h


SOLVERS: dict[str, Solver] = {"fused": fused, "exact": exact, "euler": euler, "adaptive_heun": adaptive_heun}
