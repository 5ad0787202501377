# SPDX-License-Identifier: MIT
"""Cell kind `gru`: the gated recurrent unit, which knows nothing of the timestep."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .cells import Cell


class GRUCell(Cell):
    """r, z = sigmoid(W u + U h + b); n = tanh(W u + b + r (U h + b)); h <- (1 - z) n + z h.

    Cho et al., arXiv 1406.1078, section 2.3, in the form of torch.nn.GRU (reset gate after the product)."""

    kind, solver = "gru", "fused"

    def __init__(self, inputs: int, units: int):
        super().__init__(inputs, units)
        self.gru = nn.GRU(inputs, units)

    @property
    def weight(self) -> Tensor:
        """All weights that something is multiplied with, flat, for the penalties."""
        return torch.cat([p.flatten() for p in self.gru.all_weights[0][:2]])

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step and otherwise not looked at, h0 (B, N) -> states (T, B, N)."""
        if bool((dt > 0).all()):
            all_states: Tensor = self.gru(u, h0.unsqueeze(0))[0]
            return all_states
        h, states = h0, []
        w_input, w_state, b_input, b_state = self.gru.all_weights[0]
        driven = nn.functional.linear(u, w_input, b_input)
        for x, runs in zip(driven.unbind(), (dt > 0).unsqueeze(-1).unbind(), strict=True):
            y = nn.functional.linear(h, w_state, b_state)
            (x_r, x_z, x_n), (y_r, y_z, y_n) = x.chunk(3, 1), y.chunk(3, 1)
            new = torch.tanh(x_n + torch.sigmoid(x_r + y_r) * y_n)
            h = torch.where(runs, torch.lerp(new, h, torch.sigmoid(x_z + y_z)), h)
            states.append(h)
        return torch.stack(states)
