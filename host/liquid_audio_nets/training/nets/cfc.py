# SPDX-License-Identifier: MIT
"""Cell kind `cfc`: the closed-form continuous-time cell, which solves no equation while it runs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .cells import Cell

MODES = ("default", "pure", "no_gate")


class LeCunTanh(nn.Module):
    """1.7159 tanh(0.666 x): LeCun et al., Efficient BackProp (1998), section 4.4."""

    def forward(self, x: Tensor) -> Tensor:
        """1.7159 tanh(0.666 x), for each element."""
        return 1.7159 * torch.tanh(0.666 * x)


ACTIVATIONS = {"lecun_tanh": LeCunTanh, "tanh": nn.Tanh, "relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}


class CfCCell(Cell):
    """h <- (1 - s) g + s k, s = sigmoid(a t + b); g, k = tanh of linear maps, a, b linear maps of backbone([u;h]).

    Hasani et al., Nature Machine Intelligence 4 (2022), 992-1003 (arXiv 2106.13898).  mode `no_gate`: g + s k;
    `pure`: A - A f exp(-(|w_tau| + |f|) t), the solution itself.  t is dt in units of unit_s, so that a weight near 1
    tells 20 ms from 100 ms.  The backbone is `backbone_layers` of `backbone_units` (by default as many as units)."""

    kind, solver = "cfc", "fused"
    unit_s: Tensor

    def __init__(
        self,
        inputs: int,
        units: int,
        mode: str = "default",
        backbone_units: int | None = None,
        backbone_layers: int = 1,
        activation: str = "lecun_tanh",
        unit_s: float = 0.02,
    ):
        super().__init__(inputs, units)
        self.mode = mode
        self.register_buffer("unit_s", torch.tensor(unit_s))
        layers: list[nn.Module] = []
        width = inputs + units
        for _ in range(backbone_layers):
            layers += [nn.Linear(width, backbone_units or units), ACTIVATIONS[activation]()]
            width = backbone_units or units
        self.backbone = nn.Sequential(*layers)
        self.ff1 = nn.Linear(width, units)
        if mode == "pure":
            self.w_tau, self.A = nn.Parameter(torch.zeros(units)), nn.Parameter(torch.ones(units))
        else:
            self.ff2, self.time_a, self.time_b = (nn.Linear(width, units) for _ in range(3))
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.xavier_uniform_(p)

    @property
    def weight(self) -> Tensor:
        """All weights that something is multiplied with, flat, for the penalties."""
        return torch.cat([p.flatten() for p in self.parameters() if p.dim() == 2])

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        h, states = h0, []
        for u_t, dt_t in zip(u.unbind(), dt.unsqueeze(-1).unbind(), strict=True):
            # The closed form does not return h at t = 0.
            h = torch.where(dt_t > 0, self._step(torch.cat([u_t, h], 1), dt_t / self.unit_s), h)
            states.append(h)
        return torch.stack(states)

    def _step(self, x: Tensor, t: Tensor) -> Tensor:
        x = self.backbone(x)
        f = self.ff1(x)
        if self.mode == "pure":
            solved: Tensor = self.A - self.A * f * torch.exp(-t * (self.w_tau.abs() + f.abs()))
            return solved
        s = torch.sigmoid(self.time_a(x) * t + self.time_b(x))
        g, k = torch.tanh(f), torch.tanh(self.ff2(x))
        mixed: Tensor = g + s * k if self.mode == "no_gate" else g + s * (k - g)
        return mixed
