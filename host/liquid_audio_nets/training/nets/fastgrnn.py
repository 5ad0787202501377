# SPDX-License-Identifier: MIT
"""Cell kind `fastgrnn`: one matrix pair for gate and candidate, the small recurrent cell for microcontrollers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .cells import Cell


class FastGRNNCell(Cell):
    """z = sigmoid(W u + U h + bz); n = tanh(W u + U h + bn); h <- (zeta (1 - z) + nu) n + z h.

    Kusupati et al., arXiv 1901.02358, section 3.2.2; zeta and nu are sigmoids of two trained scalars, W and U full."""

    kind, solver = "fastgrnn", "fused"

    def __init__(self, inputs: int, units: int):
        super().__init__(inputs, units)
        self.weight = nn.Parameter(torch.randn(units, inputs + units) / math.sqrt(inputs + units))
        self.gate_bias, self.bias = nn.Parameter(torch.ones(units)), nn.Parameter(torch.ones(units))
        self.zeta, self.nu = nn.Parameter(torch.tensor([1.0])), nn.Parameter(torch.tensor([-4.0]))

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step and otherwise not looked at, h0 (B, N) -> states (T, B, N)."""
        h, states, recurrent = h0, [], self.weight[:, self.inputs :].t()
        zeta, nu, every = torch.sigmoid(self.zeta), torch.sigmoid(self.nu), bool((dt > 0).all())
        driven = nn.functional.linear(u, self.weight[:, : self.inputs])
        for x, runs in zip(driven.unbind(), (dt > 0).unsqueeze(-1).unbind(), strict=True):
            y = torch.addmm(x, h, recurrent)
            z = torch.sigmoid(y + self.gate_bias)
            new = (zeta * (1 - z) + nu) * torch.tanh(y + self.bias) + z * h
            h = new if every else torch.where(runs, new, h)
            states.append(h)
        return torch.stack(states)
