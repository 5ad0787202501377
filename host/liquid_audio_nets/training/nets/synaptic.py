# SPDX-License-Identifier: MIT
"""Cell kind `ltc_synaptic`: every synapse has a conductance of its own, wired as the wiring says."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .cells import TAU_S, Cell
from .ode_cells import integrate
from .solvers import Coefficients
from .wirings import Wiring, full

UNFOLDS = 6  # substeps of a step, as in the paper's experiments
_RANGES = {"gleak": (0.001, 1.0), "vleak": (-0.2, 0.2), "w": (0.001, 1.0), "sigma": (3.0, 8.0), "mu": (0.3, 0.8)}
POSITIVE = ("gleak", "cm", "w", "sensory_w")  # stored as x with softplus(x) the value


def softplus_inverse(value: Tensor) -> Tensor:
    """x with softplus(x) = value; values below 1e-6 count as 1e-6."""
    value = value.clamp_min(1e-6)
    return value + torch.log(-torch.expm1(-value))


class SynapticLTCCell(Cell):
    """cm dv/dt = gleak (vleak - v) + sum over synapses of w sigmoid(sigma (x - mu)) (erev - v).

    Lechner et al., Nature Machine Intelligence 2 (2020), 642-652; Hasani et al., arXiv 2006.04439.
    x is the state of the source neuron, or an input after input_w x + input_b for the sensory synapses.
    w, mu, sigma, erev, mask (N, N) and sensory_... (M, N), source first; gleak, vleak, cm (N,); the outputs are
    output_w v + output_b of the motor neurons, (outputs,).  At the start the time constants, cm over the conductance of
    half-open synapses, lie within tau_s."""

    kind = "ltc_synaptic"
    mask: Tensor
    sensory_mask: Tensor
    w: nn.Parameter
    mu: nn.Parameter
    sigma: nn.Parameter
    erev: nn.Parameter
    sensory_w: nn.Parameter
    sensory_mu: nn.Parameter
    sensory_sigma: nn.Parameter
    sensory_erev: nn.Parameter
    gleak: nn.Parameter
    vleak: nn.Parameter

    def __init__(
        self,
        inputs: int,
        units: int,
        tau_s: tuple[float, float] = TAU_S,
        solver: str = "fused",
        wiring: Wiring | None = None,
        unfolds: int | None = None,
    ):
        super().__init__(inputs, units)
        wiring = wiring or full(inputs, units)
        self.output_dim, self.solver = wiring.outputs, solver
        # A solver that controls its error needs no substeps given.
        self.unfolds = unfolds or (1 if solver == "adaptive_heun" else UNFOLDS)
        for name in ("gleak", "vleak"):
            self._add(name, (units,))
        for prefix, polarity in (("", wiring.recurrent), ("sensory_", wiring.sensory)):
            for name in ("w", "mu", "sigma"):
                self._add(prefix + name, polarity.shape)
            signs = torch.from_numpy(np.asarray(polarity, np.float32))
            self.register_parameter(prefix + "erev", nn.Parameter(signs.clone()))
            self.register_buffer(prefix + "mask", signs.abs())
        # A fixed range of cm would make the dense wirings fast and the sparse ones slow.
        tau = torch.empty(units).uniform_(*map(math.log, tau_s)).exp()
        with torch.no_grad():
            self.cm = nn.Parameter(softplus_inverse(tau * (softplus(self.gleak) + 0.5 * self.weight.sum(0))))
        self.input_w, self.input_b = nn.Parameter(torch.ones(inputs)), nn.Parameter(torch.zeros(inputs))
        self.output_w = nn.Parameter(torch.ones(wiring.outputs))
        self.output_b = nn.Parameter(torch.zeros(wiring.outputs))

    def _add(self, name: str, shape: tuple[int, ...]) -> None:
        start = torch.empty(shape).uniform_(*_RANGES[name.removeprefix("sensory_")])
        self.register_parameter(name, nn.Parameter(softplus_inverse(start) if name in POSITIVE else start))

    @property
    def weight(self) -> Tensor:
        """Conductances of the synapses that the wiring has, (M + N, N), for the penalties."""
        return torch.cat([softplus(self.sensory_w) * self.sensory_mask, softplus(self.w) * self.mask])

    def forward(self, u: Tensor, dt: Tensor, h0: Tensor) -> Tensor:
        """u (T, B, M), dt (T, B) s, 0 = no step, h0 (B, N) -> states after each step (T, B, N)."""
        w, sensory_w = softplus(self.w) * self.mask, softplus(self.sensory_w) * self.sensory_mask
        flow, sensory_flow = w * self.erev, sensory_w * self.sensory_erev
        gleak, elastance = softplus(self.gleak), 1 / softplus(self.cm)

        def coefficients(x: Tensor) -> Coefficients:
            open_share = torch.sigmoid(self.sensory_sigma * (x.unsqueeze(-1) - self.sensory_mu))
            rate_u = gleak + (open_share * sensory_w).sum(1)
            drive_u = gleak * self.vleak + (open_share * sensory_flow).sum(1)

            def at(v: Tensor) -> tuple[Tensor, Tensor]:
                open_share = torch.sigmoid(self.sigma * (v.unsqueeze(-1) - self.mu))
                return (
                    elastance * (rate_u + (open_share * w).sum(1)),
                    elastance * (drive_u + (open_share * flow).sum(1)),
                )

            return at

        return integrate(coefficients, u * self.input_w + self.input_b, dt, h0, self.solver, self.unfolds)

    def outputs(self, states: Tensor) -> Tensor:
        """What is heard of the states (T, B, N): the motor neurons, (T, B, outputs)."""
        return states[..., : self.output_dim] * self.output_w + self.output_b
