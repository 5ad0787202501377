# SPDX-License-Identifier: MIT
"""The liquid grid in training: its spread matrix, gradients, export, and what is said of its size."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.lnn import Grid, read, write
from liquid_audio_nets.reference.cell import Network, fused_step
from liquid_audio_nets.training import LNNTrainer, TrainingError
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.loop.sizes import describe
from liquid_audio_nets.training.loop.start_from import start_from
from liquid_audio_nets.training.nets.cells import fused_sequence
from liquid_audio_nets.training.nets.grid import GridCell, grid_index, spread
from liquid_audio_nets.training.nets.model import LiquidNet, ModelConfig
from liquid_audio_nets.training.nets.penalties import macs_per_step
from liquid_audio_nets.training.nets.pruning import masks
from liquid_audio_nets.training.nets.registry import macs_per_run
from liquid_audio_nets.training.settings.errors import UnsupportedCell
from liquid_audio_nets.training.settings.recipe import RecipeError, load

LABELS = ("yes", "no", "_silence_")
WHOLE = {"traces": True, "liquid_readout": True, "hear_all": True}


def test_gradients_of_the_shared_matrix_match_finite_differences():
    torch.manual_seed(1)
    new = {"dtype": torch.float64}
    index = grid_index(channels=5, planes=2, width=3, stride=2, filters=2)  # two positions, four units, ten inputs
    weight = torch.randn(4, 2 * 3 + 6, **new, requires_grad=True)
    u, dt = torch.randn(4, 2, 10, **new, requires_grad=True), torch.rand(4, 2, **new) * 0.1
    bias, rate = torch.randn(8, **new, requires_grad=True), torch.rand(4, **new).add(0.5).requires_grad_()
    h0 = (torch.randn(2, 4, **new) * 0.3).requires_grad_()
    dt[2, 1] = 0

    def grid(u, weight, bias, rate, h0):
        return fused_sequence(u, spread(weight, index), bias, rate, dt, h0)

    assert torch.autograd.gradcheck(grid, (u, weight, bias, rate, h0))


@pytest.mark.parametrize("shape", [(8, 4, 8), (40, 1, 2), (1, 1, 2), (7, 3, 10)])
@pytest.mark.parametrize("planes", [1, 2])
def test_the_spread_matrix_hears_what_the_file_says(shape, planes):
    """A step of the trained cell is one of the exported grid by the reference."""
    torch.manual_seed(0)
    cell = GridCell(40, planes, *shape)
    n, f, of_units = cell.units, cell.filters, (-1, cell.filters)
    weight, bias, tau = (x.detach().numpy() for x in (cell.weight, cell.bias, cell.tau))
    own = weight[:f], weight[f:], bias[:n].reshape(of_units), bias[n:].reshape(of_units), tau.reshape(of_units)
    grid, rng = Grid(*own, *shape[:2]), np.random.default_rng(0)
    h, u = rng.uniform(-1, 1, n), rng.normal(size=40 * planes)
    of_torch = [torch.from_numpy(x[None].astype(np.float32)) for x in (u, h)]
    got = cell(of_torch[0][None], torch.full((1, 1), 0.03), of_torch[1])[0, 0].detach().numpy()
    assert np.abs(got - fused_step(grid, h, u, 0.03)).max() < 1e-5
    assert (grid.n_units, grid.n_inputs, grid.macs) == (cell.units, cell.inputs, cell.macs)


@pytest.mark.parametrize("settings", [{}, WHOLE, WHOLE | {"every": (1, 2)}])
def test_an_exported_network_answers_as_the_trained_one(settings):
    torch.manual_seed(4)
    config = ModelConfig(LABELS, hidden_dims=(6,), grid="8x4x8", **settings)
    net, log_mel, dt = LiquidNet(config), torch.randn(12, 1, 40) * 2, torch.rand(12, 1) * 0.05 + 0.01
    with torch.no_grad():
        wanted = net(log_mel, dt, torch.zeros_like(dt))[0][-1, 0].numpy()
    model = read(write(to_model(net)))
    network = Network(model)
    for row, step in zip(net.features(log_mel)[:, 0].numpy(), dt[:, 0].numpy(), strict=True):
        network.step(row, float(step))
    assert np.abs(network.evidence - wanted).max() < 1e-3
    assert macs_per_run(config) == model.macs_per_step and net.parameter_count() == model.parameters


def test_it_trains_is_kept_and_pruned_around(tmp_path):
    """The dense cell is pruned; the grid keeps its weights.  Penalties count every position."""
    settings = {"labels": LABELS, "hidden_dim": (8,), "grid": "8x4x2", "prune_share": 0.5, "total_steps": 4, **WHOLE}
    trainer = LNNTrainer(settings | {"prune_begin": 0.0, "prune_end": 0.1, "complexity_penalty": 0.01})
    (kept,) = masks(trainer.net.cells, 0.5, groups=True)
    assert kept.shape == (16, 8 + 18) and macs_per_step(trainer.net).item() > trainer.net.cells[0].macs
    features, labels = torch.randn(16, 20, 40), torch.randint(0, 3, (16,))
    before = trainer.net.cells[0].weight.detach().clone()
    for _ in range(4):
        trainer.train_step((features, labels))
    assert not torch.equal(before, trainer.net.cells[0].weight) and (trainer.net.cells[0].weight != 0).all()
    trainer.save(tmp_path / "grid.safetensors")
    again = LNNTrainer.load(tmp_path / "grid.safetensors")
    assert again.config.grid == "8x4x2"
    assert all(torch.equal(a, b) for a, b in zip(again.net.parameters(), trainer.net.parameters(), strict=True))


def test_a_training_starts_from_a_grid_in_a_file(tmp_path):
    """Also from a wider dense cell and without traces, which begin with no effect."""
    torch.manual_seed(5)
    other = LiquidNet(ModelConfig(LABELS, hidden_dims=(8,), grid="8x4x4"))
    (tmp_path / "grid.lnn").write_bytes(write(to_model(other)))
    same = LNNTrainer({"labels": LABELS, "hidden_dim": (8,), "grid": "8x4x4", "traces": True})
    start_from(same, tmp_path / "grid.lnn")
    log_mel, dt = torch.randn(9, 2, 40), torch.full((9, 2), 0.03)
    with torch.no_grad():
        ours, theirs = (net(log_mel, dt, torch.zeros_like(dt))[0] for net in (same.net, other))
    assert torch.allclose(ours, theirs, atol=1e-4)
    narrower = LNNTrainer({"labels": LABELS, "hidden_dim": (6,), "grid": "8x4x4"})
    start_from(narrower, tmp_path / "grid.lnn")
    with pytest.raises(TrainingError, match=r"cells.0.* is"):
        start_from(LNNTrainer({"labels": LABELS, "hidden_dim": (8,), "grid": "8x4x8"}), tmp_path / "grid.lnn")


def test_what_a_network_costs_is_said():
    """As `make bench` counts: parameters and multiply-accumulates are those of the GPU study."""
    said = describe(LiquidNet(ModelConfig(tuple("abcdefghij"), hidden_dims=(64,), grid="8x4x8", traces=True)))
    assert said.startswith("a grid of 72 units (9 positions, 8 filters), 64 units: ")
    assert f"{5760 + 128 * 136 + 640:,} multiply-accumulates per step" in said and "on the Cortex-M4F" in said


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"grid": "9x4x8"}, "do not end with the 40 channels"),
        ({"grid": "1x1x64"}, "has 2560 units, at most 512 fit"),
        ({"grid": "8x4x8", "cell_kind": "cfc"}, "goes before cells 'ltc'"),
        ({"grid": "8x4x8", "ode_solver": "exact"}, "goes before cells 'ltc'"),
    ],
)
def test_grids_that_cannot_be_are_refused(settings, sentence):
    with pytest.raises(UnsupportedCell, match=sentence):
        LNNTrainer({"labels": LABELS, "hidden_dim": (8,)} | settings)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ([("model.grid", "8x4")], "width x stride x filters"),
        ([("model.grid", "4x8x8")], "a stride of 1 to the width"),
        ([("model.grid", "8x4x7")], "an even number of 2 to 64 filters"),
        ([("model.grid", "8x4x8"), ("model.hidden_dim", [8, 8, 8, 8])], "at most 4 cells"),
        ([("model.grid", "8x4x8"), ("model.every", [1, 2])], "a number for each cell"),
    ],
)
def test_recipes_with_impossible_grids_are_refused(changes, sentence):
    with pytest.raises(RecipeError, match=sentence):
        load("keywords", changes)
