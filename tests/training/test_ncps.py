# SPDX-License-Identifier: MIT
"""Cells against those of the ncps package on copied weights."""

import ncps.torch as theirs
import numpy as np
import pytest
import torch
from liquid_audio_nets.training import Batch, LNNTrainer, UnsupportedCell, from_ncps
from liquid_audio_nets.training.nets.wirings import auto_ncp, ncp
from ncps import wirings

INPUTS, STEPS, BATCH = 4, 5, 3


def run_theirs(cell, u, dt, h):
    outputs, states = [], []
    for u_t, dt_t in zip(u, dt, strict=True):
        out, h = cell(u_t, h, dt_t.unsqueeze(1))
        outputs.append(out)
        states.append(h)
    return torch.stack(outputs), torch.stack(states)


def compare(cell, units, seed=0):
    """Outputs, states and the gradients of u of both cells, over steps of irregular length."""
    torch.manual_seed(seed)
    u = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64, requires_grad=True)
    dt = torch.rand(STEPS, BATCH, dtype=torch.float64) + 0.05
    h0 = torch.randn(BATCH, units, dtype=torch.float64) * 0.3
    ours = from_ncps(cell)
    states = ours(u, dt, h0)
    wanted = run_theirs(getattr(cell, "rnn_cell", cell), u, dt, h0)
    for mine, yours in zip((ours.outputs(states), states), wanted, strict=True):
        assert torch.allclose(mine, yours, atol=1e-6)
    grads = [torch.autograd.grad(x.square().sum(), u, retain_graph=True)[0] for x in (ours.outputs(states), wanted[0])]
    assert torch.allclose(*grads, atol=1e-6)
    return ours


def shaken(cell, seed=3):
    """All weights moved away from where they start, within what the equation allows."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for p in cell.parameters():
            if p.requires_grad:
                p.add_(torch.rand_like(p) * 0.3)
    return cell.double()


@pytest.mark.parametrize("implicit", [False, True])
def test_synaptic_cells_with_all_wirings(implicit):
    for wiring in (
        wirings.FullyConnected(6),
        wirings.AutoNCP(12, 3),
        wirings.NCP(5, 4, 2, 3, 2, 3, 2),
        wirings.Random(7, sparsity_level=0.5),
    ):
        cell = theirs.LTCCell(wiring, INPUTS, implicit_param_constraints=implicit, ode_unfolds=4)
        ours = compare(shaken(cell), wiring.units)
        assert ours.output_dim == wiring.output_dim and ours.unfolds == 4


@pytest.mark.parametrize("mapping", ["affine", "linear", None])
def test_mappings(mapping):
    cell = theirs.LTCCell(wirings.AutoNCP(8, 2), INPUTS, input_mapping=mapping, output_mapping=mapping)
    compare(shaken(cell), 8)


@pytest.mark.parametrize("mode", ["default", "pure", "no_gate"])
@pytest.mark.parametrize("layers, activation", [(0, "tanh"), (1, "lecun_tanh"), (2, "silu"), (1, "relu"), (1, "gelu")])
def test_closed_form_cells(mode, layers, activation):
    cell = theirs.CfCCell(INPUTS, 6, mode, activation, backbone_units=5, backbone_layers=layers)
    compare(shaken(cell), 6)


def test_the_models_around_the_cells():
    compare(shaken(theirs.LTC(INPUTS, wirings.AutoNCP(8, 2))), 8)
    compare(shaken(theirs.CfC(INPUTS, 6, backbone_dropout=0.1, backbone_layers=2)).eval(), 6)


def test_an_imported_cell_goes_on_training():
    trainer = LNNTrainer(
        {
            "input_dim": INPUTS,
            "hidden_dim": (8,),
            "output_dim": 2,
            "cell_kind": "ltc_synaptic",
            "wiring": {"kind": "auto_ncp", "outputs": 2},
            "learning_rate": 0.1,
            "warmup_steps": 1,
            "smoothing_s": 0.02,
        }
    )
    cell = from_ncps(theirs.LTCCell(wirings.AutoNCP(8, 2), INPUTS))
    for net in (trainer.net, trainer.average):
        net.cells[0].load_state_dict(cell.state_dict())
    labels = torch.arange(8) % 2
    signal = torch.randn(8, 10, INPUTS) * 0.3 + (2.0 * labels - 1)[:, None, None]
    batch = Batch.of_clips(signal, labels, 2, dt_s=0.5)  # the time scale that ncps starts with
    losses = [trainer.train_step(batch) for _ in range(25)]
    assert losses[-1] < 0.9 * losses[0]


def test_policies_of_equal_seeds_are_equal():
    for inputs, units, outputs, sparsity, seed in ((40, 32, 10, 0.5, 22222), (7, 20, 4, 0.8, 5), (2, 9, 2, 0.1, 1)):
        other = wirings.AutoNCP(units, outputs, sparsity, seed)
        other.build(inputs)
        ours = auto_ncp(inputs, units, outputs, sparsity, seed)
        assert np.array_equal(ours.recurrent, other.adjacency_matrix)
        assert np.array_equal(ours.sensory, other.sensory_adjacency_matrix) and ours.outputs == other.output_dim
    other = wirings.NCP(6, 5, 3, 2, 2, 4, 2, seed=8)
    other.build(3)
    assert np.array_equal(ncp(3, 14, 6, 5, 3, 2, 2, 4, 2, seed=8).recurrent, other.adjacency_matrix)


def test_what_cannot_be_imported_is_named():
    cell = theirs.LTCCell(wirings.FullyConnected(3), INPUTS)
    with torch.no_grad():
        cell.w[0, 0] = -1
    for other, message in (
        (cell, "apply_weight_constraints"),
        (torch.nn.GRUCell(2, 3), "'GRUCell'"),
        (theirs.CfC(INPUTS, wirings.AutoNCP(8, 2)), "WiredCfCCell"),
        (theirs.CfC(INPUTS, 6, mixed_memory=True), "mixed_memory"),
        (theirs.CfC(INPUTS, 6, proj_size=2), "proj_size"),
        (theirs.CfCCell(INPUTS, 6, sparsity_mask=np.ones((128, 6))), "wiring"),
    ):
        with pytest.raises(UnsupportedCell, match=message):
            from_ncps(other)
