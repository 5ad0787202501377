# SPDX-License-Identifier: MIT
"""Every kind of cell with every solver: gradients, one tiny set learned, saved and loaded, refusals by name."""

import itertools

import numpy as np
import pytest
import torch
from liquid_audio_nets.lnn import load
from liquid_audio_nets.training import LNNTrainer, TrainingError, UnsupportedCell, WiringError
from liquid_audio_nets.training.nets.cfc import ACTIVATIONS, MODES, CfCCell
from liquid_audio_nets.training.nets.kinds import make_cell
from liquid_audio_nets.training.nets.solvers import SOLVERS
from liquid_audio_nets.training.nets.wirings import auto_ncp, full, make_wiring, ncp
from torch.nn.functional import softplus

EQUATIONS = list(itertools.product(("ltc", "ltc_const", "ltc_synaptic"), SOLVERS))
ALL = [*EQUATIONS, ("cfc", "fused")]


def differs(cell, seed=0):
    """Whether backpropagation differs from finite differences, in u, h0 and all parameters; one step does not run."""
    torch.manual_seed(seed)
    new = {"dtype": torch.float64}
    u, h0 = torch.randn(3, 2, cell.inputs, **new), torch.randn(2, cell.units, **new) * 0.3
    dt = torch.rand(3, 2, **new) * 0.05
    dt[1, 0] = 0
    names, values = zip(*cell.double().named_parameters(), strict=True)

    def run(u, h0, *values):
        return cell.outputs(torch.func.functional_call(cell, dict(zip(names, values, strict=True)), (u, dt, h0)))

    args = [x.detach().clone().requires_grad_() for x in (u, h0, *values)]
    return not torch.autograd.gradcheck(run, args)


@pytest.mark.parametrize("kind, solver", ALL)
def test_gradients_match_finite_differences(kind, solver):
    torch.manual_seed(1)
    units, wiring = (5, "auto_ncp") if kind == "ltc_synaptic" else (3, "full")
    assert not differs(make_cell(kind, solver, 2, units, wiring=wiring))


@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_the_closed_forms(mode):
    torch.manual_seed(2)
    assert not differs(CfCCell(2, 3, mode, backbone_layers=0))


@pytest.mark.parametrize("kind, solver", ALL)
def test_every_cell_learns_and_is_saved(kind, solver, tmp_path):
    trainer = LNNTrainer(
        {
            "input_dim": 6,
            "hidden_dim": (8,),
            "output_dim": 2,
            "cell_kind": kind,
            "ode_solver": solver,
            "complexity_penalty": 0.01,
            "learning_rate": 0.05,
            "warmup_steps": 1,
            "smoothing_s": 0.02,
        }
    )
    torch.manual_seed(0)
    labels = torch.arange(8) % 2
    log_mel = torch.randn(8, 4, 6) * 0.3 + (2.0 * labels - 1)[:, None, None]
    losses = [trainer.train_step((log_mel, labels), lambda_sparse=0.01) for _ in range(25)]
    assert losses[-1] < 0.6 * losses[0]
    trainer.save(tmp_path / "c.safetensors")
    again = LNNTrainer.load(tmp_path / "c.safetensors").net.state_dict()
    assert all(torch.equal(v, again[k]) for k, v in trainer.net.state_dict().items())


@pytest.mark.parametrize("quantization", ("float32", "int8"))
def test_the_interface_as_it_was_asked_for(tmp_path, quantization):
    trainer = LNNTrainer(
        {"input_dim": 40, "hidden_dim": 64, "output_dim": 10, "ode_solver": "adaptive_heun", "complexity_penalty": 0.01}
    )
    batch = torch.randn(2, 3, 40), torch.tensor([0, 9])
    assert np.isfinite(trainer.train_step(batch, lambda_power=0.1, lambda_sparse=0.05))
    path = trainer.export_embedded(tmp_path / "keyword_model.lnn", quantization=quantization, target="cortex-m4")
    model = load(path)
    assert model.target == "cortex_m4" and model.cells[0].weight == quantization and model.cells[0].solver == "fused"


@pytest.mark.parametrize("kind", ("ltc_const", "ltc_synaptic", "cfc"))
def test_only_what_the_core_runs_is_exported(tmp_path, kind):
    trainer = LNNTrainer({"hidden_dim": 4, "cell_kind": kind})
    with pytest.raises(UnsupportedCell, match=f"'{kind}' cannot be exported; train with cell_kind 'ltc'"):
        trainer.export_embedded(tmp_path / "m.lnn")
    assert not (tmp_path / "m.lnn").exists()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"cell_kind": "lstm"}, "available: ltc, ltc_const, ltc_synaptic, cfc"),
        ({"ode_solver": "rk99"}, "available: fused, exact, euler, adaptive_heun"),
        ({"cell_kind": "cfc", "ode_solver": "exact"}, "leave ode_solver out"),
        ({"wiring": "auto_ncp"}, "use cell_kind 'ltc_synaptic'"),
    ],
)
def test_cells_that_do_not_exist(settings, message):
    with pytest.raises(UnsupportedCell, match=message):
        LNNTrainer(settings)


POLICY = {
    "kind": "ncp",
    "inter": 4,
    "command": 4,
    "motor": 2,
    "sensory_fanout": 2,
    "inter_fanout": 2,
    "recurrent": 2,
    "motor_fanin": 2,
}


@pytest.mark.parametrize(
    "wiring, message",
    [
        ("small_world", "known: full, ncp, auto_ncp"),
        ({"kind": "auto_ncp", "outputs": 9}, "1 to 7"),
        ({"kind": "auto_ncp", "sparsity": 1.5}, "0.1 to 0.9"),
        ({"kind": "auto_ncp", "sparse": 1}, "unexpected.*'sparse'"),
        ({"kind": "ncp", "inter": 4}, "missing"),
        ({"sparsity": 0.5}, "known"),
        (POLICY | {"motor": 4}, "12 .*10 units"),
        (POLICY | {"sensory_fanout": 5}, "sensory_fanout.*1 to 4"),
    ],
)
def test_wirings_that_cannot_be_made(wiring, message):
    with pytest.raises(WiringError, match=message):
        make_wiring(wiring, 3, 10)


def test_every_neuron_of_a_policy_is_reached():
    for wiring in (auto_ncp(40, 32, sparsity=0.8), ncp(3, 12, 6, 4, 2, 2, 2, 3, 2)):
        motor = wiring.outputs
        heard = np.abs(wiring.recurrent).sum(0) + np.abs(wiring.sensory).sum(0)
        assert heard.min() > 0 and not wiring.recurrent[:motor].any() and not wiring.sensory[:, :motor].any()
    assert np.abs(full(3, 4).recurrent).min() == 1


def test_only_motor_neurons_are_heard():
    cell = make_cell("ltc_synaptic", "fused", 4, 10, wiring={"kind": "auto_ncp", "outputs": 3})
    assert cell.output_dim == 3 and cell.outputs(torch.zeros(2, 1, 10)).shape == (2, 1, 3)
    assert set(ACTIVATIONS) == {"lecun_tanh", "tanh", "relu", "silu", "gelu"}


@pytest.mark.parametrize("wiring", ["full", "auto_ncp"])
def test_time_constants_of_synaptic_cells_start_in_the_range_asked_for(wiring):
    cell = make_cell("ltc_synaptic", "fused", 40, 32, (0.02, 0.2), wiring)
    tau = softplus(cell.cm) / (softplus(cell.gleak) + 0.5 * cell.weight.sum(0))
    assert tau.min() >= 0.0199 and tau.max() <= 0.201


@pytest.mark.parametrize(
    "labels, words", [(("temperature of the living room",), "30 bytes, 23 fit"), (("a", "a"), "every word once")]
)
def test_labels_that_no_file_holds_are_refused_before_the_training(labels, words):
    with pytest.raises(TrainingError, match=words):
        LNNTrainer({"input_dim": 4, "hidden_dim": 4, "labels": labels})
