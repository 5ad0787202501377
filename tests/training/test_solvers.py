# SPDX-License-Identifier: MIT
"""Solvers against scipy's, against each other, and their order."""

import time

import numpy as np
import pytest
import torch
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.nets import solvers
from liquid_audio_nets.training.nets.cells import LTCCell
from liquid_audio_nets.training.nets.ode_cells import ConstLTCCell, SolvedLTCCell
from liquid_audio_nets.training.nets.solvers import SOLVERS
from scipy.integrate import solve_ivp

INPUTS, UNITS = 3, 5


def cell(solver="exact", seed=0, recurrent=1.0):
    """A small `ltc` in float64; recurrent scales what it hears of itself."""
    torch.manual_seed(seed)
    out = SolvedLTCCell(INPUTS, UNITS, solver=solver).double()
    with torch.no_grad():
        out.weight[:, INPUTS:] *= recurrent
    return out


def constant(steps, dt_s, seed=1):
    """The same u at every step, dt and h0; two rows of different input and state."""
    torch.manual_seed(seed)
    u = torch.randn(1, 2, INPUTS, dtype=torch.float64).expand(steps, 2, INPUTS)
    return u, torch.full((steps, 2), dt_s, dtype=torch.float64), torch.randn(2, UNITS, dtype=torch.float64) * 0.3


def truth(net, u, h0, end_s):
    """h (B, N) at end_s by scipy, of the equation written down anew."""
    weight, bias, tau = (x.detach().numpy() for x in (net.weight, net.bias, net.tau))

    def derivative(_, h, row):
        z = weight @ np.concatenate([row, h]) + bias
        f, potential = np.exp(z[:UNITS]), np.tanh(z[UNITS:])
        return -(1 / tau + f) * h + f * potential

    rows = [
        solve_ivp(derivative, (0, end_s), h.numpy(), args=(x.numpy(),), rtol=1e-10, atol=1e-12).y[:, -1]
        for x, h in zip(u[0], h0, strict=True)
    ]
    return torch.from_numpy(np.stack(rows))


def error(solver, steps, end_s=0.2, **kwargs):
    net = cell(solver, **kwargs)
    u, dt, h0 = constant(steps, end_s / steps)
    return (net(u, dt, h0)[-1] - truth(net, u, h0, end_s)).abs().max().item()


def test_exact_is_exact_where_nothing_recurs():
    assert error("exact", 1, recurrent=0.0) < 1e-9
    assert error("fused", 1, recurrent=0.0) > 1e-3


@pytest.mark.parametrize("solver", ["fused", "exact", "euler"])
def test_first_order(solver):
    coarse, fine = error(solver, 200), error(solver, 400)
    assert fine < 1e-3 and 1.8 < coarse / fine < 2.2


def test_adaptive_heun_keeps_its_tolerance(monkeypatch):
    assert error("adaptive_heun", 1) < 1e-3
    monkeypatch.setitem(
        SOLVERS, "adaptive_heun", lambda c, h, dt: solvers.adaptive_heun(c, h, dt, tolerance=1e-7, most=10000)
    )
    assert error("adaptive_heun", 1) < 1e-5


def test_fused_becomes_exact_as_dt_becomes_small():
    def difference(dt_s):
        u, dt, h0 = constant(1, dt_s)
        return (cell("fused")(u, dt, h0) - cell("exact")(u, dt, h0)).abs().max().item()

    assert 3.6 < difference(2e-3) / difference(1e-3) < 4.0  # both are right to the first order
    assert difference(1e-5) < 1e-6


def test_fused_is_the_trained_cell():
    torch.manual_seed(4)
    ours, theirs = LTCCell(INPUTS, UNITS).double(), cell("fused")
    ours.load_state_dict(theirs.state_dict())
    u, dt, h0 = constant(6, 0.03)
    assert torch.allclose(ours(u, dt, h0), theirs(u, dt, h0), atol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_stiff_cells_stay_finite_and_no_time_is_no_change(solver):
    net = cell(solver)
    u, dt, h0 = constant(5, 1.0)
    with torch.no_grad():
        net.bias[:UNITS] = torch.linspace(-20, 20, UNITS)  # conductances past both clamps
    h0 = h0.requires_grad_()
    states = net(u, dt, h0)
    states.sum().backward()
    assert states.abs().max() <= 1 and h0.grad.isfinite().all()
    assert torch.equal(net(u, dt * 0, h0), h0.expand(5, 2, UNITS))


def test_rows_of_a_batch_share_the_substep_and_nothing_else():
    net = cell("adaptive_heun")
    u, dt, h0 = constant(3, 0.1)
    dt = dt * torch.tensor([1.0, 0.2])
    alone = [net(u[:, b : b + 1], dt[:, b : b + 1], h0[b : b + 1]) for b in range(2)]
    together = net(u, dt, h0)
    assert torch.allclose(together[:, :1], alone[0], atol=1e-12)  # the row that needs most substeps
    assert torch.allclose(together[:, 1:], alone[1], atol=1e-3)


def test_the_adaptive_solver_trains_at_a_usable_speed():
    batch = torch.randn(32, 100, 40, generator=torch.Generator().manual_seed(0)), torch.arange(32) % 10

    def seconds(solver):
        trainer, taken = LNNTrainer({"hidden_dim": 64, "output_dim": 10, "ode_solver": solver}), []
        for _ in range(3):
            began = time.process_time()
            trainer.train_step(batch)
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds("adaptive_heun") < 20 * seconds("fused")


def test_constant_potential_settles_between_zero_and_it():
    net = ConstLTCCell(INPUTS, UNITS, solver="exact").double()
    u, dt, h0 = constant(1, 100.0)
    share = net(u, dt, h0)[-1] / net.reversal
    assert share.min() > 0 and share.max() < 1
