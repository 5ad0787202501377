# SPDX-License-Identifier: MIT
"""Solvers of dh/dt = drive(h) - rate(h) h, the form that all liquid cells with an equation share.

A solver takes `coefficients`, a function from h (B, N) to rate (1/s) and drive (1/s), both (B, N); h (B, N); and
dt (B, 1) in s.  It returns h after dt.  dt = 0 leaves h exactly as it was.
"""

from __future__ import annotations

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
    rate, drive = coefficients(h)
    return h - (drive / rate - h) * torch.expm1(-dt * rate)


def euler(coefficients: Coefficients, h: Tensor, dt: Tensor) -> Tensor:
    """Explicit Euler, h <- h + dt (drive - rate h), that stops at the equilibrium of the old coefficients.

    Without the stop it diverges where dt rate > 2, which a conductance learned on 20 ms steps soon reaches."""
    rate, drive = coefficients(h)
    return h + (dt * rate).clamp(max=1.0) * (drive / rate - h)


def adaptive_heun(
    coefficients: Coefficients, h: Tensor, dt: Tensor, tolerance: float = 1e-3, tries: int = 64
) -> Tensor:
    """Heun's method with the embedded Euler step as error estimate, controlled for each row of h by itself.

    Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section II.4.  tolerance: largest
    error of a substep in any unit.  Being explicit it needs a substep for every time constant that passes, some 30 for
    20 ms of a fast cell: 100 times the work of `fused`.  What is left of dt after `tries` substeps is one exponential
    step, so that work is bounded and h stays finite for any conductance.

    Substeps are dt halved some times: the choice of step is constant around almost every h, hence the gradient of the
    substeps taken is the gradient of what was computed."""
    with torch.no_grad():
        stiffness = (dt * coefficients(h)[0].amax(1, keepdim=True)).clamp_min(1.0)
        part = torch.exp2(-torch.ceil(torch.log2(stiffness)))  # stable from the first try: rate times step <= 1
        left = (dt > 0).to(dt.dtype)  # shares of dt, exact in binary
    for _ in range(tries):
        if not left.any():
            return h
        step = torch.minimum(part, left) * dt
        rate, drive = coefficients(h)
        slope = drive - rate * h
        first = h + step * slope
        rate, drive = coefficients(first)
        correction = 0.5 * step * (drive - rate * first - slope)
        with torch.no_grad():
            error = correction.abs().amax(1, keepdim=True) / tolerance
            taken = error <= 1
        h = torch.where(taken, first + correction, h)
        with torch.no_grad():
            left = torch.where(taken, left - torch.minimum(part, left), left)
            part = torch.where(taken, torch.where(error < 0.2, part * 2, part), part / 2).clamp(max=1.0)
    return exact(coefficients, h, left * dt)


SOLVERS: dict[str, Solver] = {"fused": fused, "exact": exact, "euler": euler, "adaptive_heun": adaptive_heun}
