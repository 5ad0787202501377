# SPDX-License-Identifier: MIT
"""The cell over sequences: gradients, dt = 0, and agreement with the step as it is written down."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.lnn import read, write
from liquid_audio_nets.reference.cell import Network
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.nets.cells import LTCCell, fused_sequence, own_dt
from liquid_audio_nets.training.nets.leaky import LiquidReadout, Traces, smooth
from liquid_audio_nets.training.nets.model import LiquidNet, ModelConfig

LABELS = ("yes", "no", "_unknown_", "_silence_")


def inputs(steps=5, batch=3, n_inputs=2, units=4, seed=0):
    """u, weight, bias, rate, dt, h0 in float64; one step of one sequence does not run."""
    torch.manual_seed(seed)
    new = {"dtype": torch.float64}
    u = torch.randn(steps, batch, n_inputs, **new, requires_grad=True)
    weight = torch.randn(2 * units, n_inputs + units, **new, requires_grad=True)
    bias = torch.randn(2 * units, **new, requires_grad=True)
    rate = torch.rand(units, **new).add(0.5).requires_grad_()
    dt = torch.rand(steps, batch, **new) * 0.1
    dt[2, 1] = 0
    h0 = (torch.randn(batch, units, **new) * 0.3).requires_grad_()
    return u, weight, bias, rate, dt, h0


def test_gradient_matches_finite_differences():
    assert torch.autograd.gradcheck(fused_sequence, inputs())


def test_gradient_matches_autograd_where_the_gate_is_clamped():
    u, weight, bias, rate, dt, h0 = inputs(steps=6)
    with torch.no_grad():
        weight[0, 0], weight[2, 1] = 60.0, -60.0
    n = h0.shape[1]

    def plain():
        h, out = h0, []
        for t in range(len(u)):
            z = torch.cat([u[t], h], 1) @ weight.t() + bias
            g = dt[t, :, None] * z[:, :n].clamp(-15, 15).exp()
            h = (h + g * z[:, n:].tanh()) / (1 + dt[t, :, None] * rate + g)
            out.append(h)
        return torch.stack(out)

    ours, wanted = fused_sequence(u, weight, bias, rate, dt, h0), plain()
    assert torch.allclose(ours, wanted, atol=1e-12)
    grads = [torch.autograd.grad((x * x.detach().cos()).sum(), (u, weight, bias, rate, h0)) for x in (ours, wanted)]
    assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-5) for a, b in zip(*grads, strict=True))


def test_gradient_of_the_smoothing():
    torch.manual_seed(3)
    logits = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    start = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    dt = torch.rand(5, 2, dtype=torch.float64) * 0.1
    assert torch.autograd.gradcheck(lambda z, e: smooth(z, dt, 0.1 * dt, e, 0.2), (logits, start))


def timed(steps=6, batch=3, channels=4, seed=5):
    """x (T, B, C), dt (T, B) s with pauses, in float64."""
    torch.manual_seed(seed)
    x = torch.randn(steps, batch, channels, dtype=torch.float64, requires_grad=True)
    dt = torch.rand(steps, batch, dtype=torch.float64) * 0.1
    dt[0, 1] = dt[3, 0] = dt[:, 2] = 0
    return x, dt


def test_traces_as_they_are_written_down():
    x, dt = timed()
    traces = Traces(4).double()
    heard, mean = traces(x, dt, torch.full((3, 4), torch.nan, dtype=torch.float64))
    for b in range(3):
        m = None
        for t in range(len(x)):
            if dt[t, b] > 0:
                m = x[t, b] if m is None else m + dt[t, b] / (dt[t, b] + traces.tau) * (x[t, b] - m)
                assert torch.allclose(heard[t, b], torch.cat([x[t, b], x[t, b] - m]))
        assert mean[b].isnan().all() if m is None else torch.allclose(mean[b], m)
    again, end = traces(x[3:], dt[3:], traces(x[:3], dt[:3], torch.full((3, 4), torch.nan, dtype=torch.float64))[1])
    ran = dt[3:] > 0
    assert torch.allclose(again[ran], heard[3:][ran])
    assert torch.allclose(end[:2], mean[:2])


def test_gradient_of_the_traces():
    x, dt = timed()
    traces, fresh = Traces(4).double(), torch.full((3, 4), torch.nan, dtype=torch.float64)
    known = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    ran = dt > 0  # what a step that does not run would hear is of no use to anybody

    def heard(x, log_tau, mean):
        return torch.func.functional_call(traces, {"log_tau": log_tau}, (x, dt, mean))[0][ran]

    assert torch.autograd.gradcheck(lambda x, log_tau: heard(x, log_tau, fresh), (x, traces.log_tau))
    assert torch.autograd.gradcheck(heard, (x, traces.log_tau, known))


def test_liquid_readout_as_it_is_written_down():
    torch.manual_seed(6)
    readout, (h, dt) = LiquidReadout(4, 3).double(), timed()
    values, e = torch.randn(6, 3, 3, dtype=torch.float64), torch.randn(3, 3, dtype=torch.float64)
    closed = torch.rand_like(dt) * (torch.rand_like(dt) < 0.5) * (dt == 0)
    evidence = readout(h, values, dt, closed, e)
    for t in range(6):
        before, now, faded = closed[t - 1] if t else 0 * dt[t], dt[t], closed[t, :, None]
        step = torch.where((before > 0) & (now > 0), torch.minimum(now, before), now)[:, None]
        g = torch.exp((h[t] @ readout.weight.t() + readout.bias).clamp(-12, 8))
        e = (e / (1 + faded / readout.tau) + step * g * values[t]) / (1 + step / readout.tau + step * g)
        assert torch.allclose(evidence[t], e)


def test_gradient_of_the_liquid_readout():
    torch.manual_seed(7)
    readout, (h, dt) = LiquidReadout(4, 3).double(), timed()
    values = torch.randn(6, 3, 3, dtype=torch.float64, requires_grad=True)
    start = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)

    def evidence(h, values, start, *parameters):
        named = dict(zip(("weight", "bias", "log_tau"), parameters, strict=True))
        return torch.func.functional_call(readout, named, (h, values, dt, 0.1 * dt, start))

    given = (h, values, start, readout.weight, readout.bias, readout.log_tau)
    assert torch.autograd.gradcheck(evidence, given)


def test_no_time_no_change():
    cell = LTCCell(3, 5)
    h0 = torch.randn(2, 5)
    assert torch.equal(cell(torch.randn(4, 2, 3), torch.zeros(4, 2), h0), h0.expand(4, 2, 5))


def test_state_stays_within_one_for_any_dt():
    cell = LTCCell(3, 8)
    h = cell(torch.randn(50, 4, 3) * 30, torch.rand(50, 4) * 10, torch.zeros(4, 8))
    assert h.abs().max() <= 1


def test_smoothing_is_the_recursion():
    torch.manual_seed(1)
    logits, start = torch.randn(9, 3, 4), torch.randn(3, 4)
    dt = torch.rand(9, 3) * 0.1
    closed = torch.rand(9, 3) * 0.05
    e, wanted = start, []
    for t in range(9):
        a = (dt[t] / (dt[t] + 0.2))[:, None]
        e = e * (1 - a) / (1 + closed[t] / 0.2)[:, None] + a * logits[t]
        wanted.append(e)
    assert torch.allclose(smooth(logits, dt, closed, start, 0.2), torch.stack(wanted), atol=1e-5)


def test_a_stream_cut_in_two_gives_the_same_evidence():
    torch.manual_seed(2)
    net = LiquidNet(ModelConfig(LABELS, hidden_dims=(6, 5)))
    log_mel, dt = torch.randn(12, 2, 40), torch.full((12, 2), 0.02)
    closed = torch.zeros_like(dt)
    whole, _ = net(log_mel, dt, closed)
    first, state = net(log_mel[:7], dt[:7], closed[:7])
    second, _ = net(log_mel[7:], dt[7:], closed[7:], state)
    assert torch.allclose(whole, torch.cat([first, second]), atol=1e-6)


def test_parameter_count_of_the_shipped_size():
    assert LiquidNet(ModelConfig(tuple("abcdefghij"))).parameter_count() == 30730
    assert np.isfinite(LiquidNet(ModelConfig(LABELS)).cells[0].tau.detach().numpy()).all()


def test_a_cell_of_every_second_step_takes_the_time_of_both():
    dt = torch.tensor([[0.5, 0.0], [0.25, 0.25], [0.0, 0.0], [0.125, 0.5], [0.75, 0.0], [0.5, 0.75]])
    wanted = torch.tensor([[0.5, 0.0], [0.0, 0.25], [0.0, 0.0], [0.375, 0.0], [0.0, 0.0], [1.0, 1.0]])
    assert torch.equal(own_dt(dt, 2), wanted) and own_dt(dt, 1) is dt


@pytest.mark.parametrize("stages", [False, True])
def test_a_network_with_a_rhythm_and_a_readout_of_all_cells_is_the_one_that_is_exported(stages):
    whole = {"traces": stages, "liquid_readout": stages, "hear_all": True, "every": (1, 2, 4)}
    net = LiquidNet(ModelConfig(LABELS, hidden_dims=(8, 6, 4), **whole))
    torch.manual_seed(4)
    log_mel, dt = torch.randn(9, 1, 40), torch.rand(9, 1) * 0.1 + 0.01
    dt[4] = 0
    ours, model = net(log_mel, dt, torch.zeros(9, 1))[0][:, 0].detach(), to_model(net)
    network, theirs = Network(read(write(model))), []
    for row, step in zip(net.features(log_mel)[:, 0].numpy(), dt[:, 0].tolist(), strict=True):
        if step:
            network.step(row, step)
        theirs.append(network.evidence.copy())
    assert np.allclose(ours.numpy(), theirs, atol=1e-4)


def test_dropout_between_cells_is_for_training_alone():
    net, x, dt = (
        LiquidNet(ModelConfig(LABELS, hidden_dims=(8, 6), dropout=0.5)),
        torch.randn(5, 4, 40),
        torch.ones(5, 4),
    )
    first, second = (net(x, dt, 0 * dt)[0] for _ in range(2))
    assert not torch.equal(first, second)
    net.eval()
    assert torch.equal(*(net(x, dt, 0 * dt)[0] for _ in range(2)))
