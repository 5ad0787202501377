# SPDX-License-Identifier: MIT
"""LNNTrainer as users call it: names, what is refused and how, files by their suffix, exports."""

import pickle
import re

import numpy as np
import pytest
import torch
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training import (
    LNNTrainer,
    ModelConfig,
    TrainerConfig,
    TrainingError,
    UnsupportedCell,
    from_ncps,
)
from liquid_audio_nets.training.loop.checkpoints import recipe_of
from liquid_audio_nets.training.loop.export import export_lnn
from liquid_audio_nets.training.loop.report import Det, plot_confusion, plot_curves, plot_det
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.settings.recipe import RecipeError

SMALL = {"hidden_dim": (6,), "output_dim": 3}


def weights(trainer):
    return torch.cat([p.flatten() for p in trainer.average.parameters()])


def test_settings_have_the_recipes_names_and_defaults():
    recipe, config = recipes.load("keywords"), TrainerConfig()
    given = recipe["model"] | recipe["train"]
    shared = [name for name in given if hasattr(config, name)]
    for name in shared:
        wanted = given[name]
        assert getattr(config, name) == (tuple(wanted) if isinstance(wanted, list) else wanted), name
    run_only = {"epochs", "epoch_steps", "batch", "threads", "precision", "start_from", "seeds", "learning_rates"}
    assert set(given) == set(shared) | run_only
    assert config.total_steps == recipe["train"]["epochs"] * recipe["train"]["epoch_steps"]
    assert ModelConfig(("a",)).hidden_dims == config.hidden_dim == TrainerConfig.of_recipe(recipe).hidden_dim


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[model]\nhidden = [8, 8]", "'model.hidden'; it is now called 'hidden_dim': rename it"),
        ('[model]\narch = "gru"', "'model.arch'; it is now called 'cell_kind'"),
        ('[model]\nsolver = "exact"', "'model.solver'; it is now called 'ode_solver'"),
        ("[train]\nlambda_power = 0.1", "'train.lambda_power'; it is now called 'complexity_penalty'"),
        ("[train]\nlambda_sparse = 0.1", "'train.lambda_sparse'; it is now called 'sparsity_penalty'"),
    ],
)
def test_old_names_in_a_recipe_are_told_their_new_ones(tmp_path, text, sentence):
    (tmp_path / "old.toml").write_text(f'task = "keywords"\n{text}\n')
    with pytest.raises(RecipeError) as caught:
        recipes.load(tmp_path / "old.toml")
    assert sentence in str(caught.value)


def test_an_old_name_on_the_command_line_is_told_its_new_one():
    with pytest.raises(RecipeError, match=r"'model.hidden'; it is now called 'hidden_dim'"):
        recipes.load("keywords", [("model.hidden", "8")])


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"output_dim": 0}, "output_dim = 0: at least 1 is needed"),
        ({"input_dim": 0}, "input_dim = 0"),
        ({"hidden_dim": (8, 0)}, "at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate = nan: give a finite number"),
        ({"ema_decay": 1.5}, "at most 1"),
        ({"optimizer": "adam"}, "adamw or muon"),
    ],
)
def test_impossible_settings_are_refused(settings, sentence):
    with pytest.raises(TrainingError, match=re.escape(sentence)):
        LNNTrainer(settings)


@pytest.mark.parametrize(
    "batch, sentence",
    [
        (torch.zeros(4, 5, 40), r"train_step takes a Batch, or .log_mel .B, T, C., labels .B,.., but got a Tensor"),
        (None, "but got a NoneType"),
        ((torch.zeros(4, 5, 13), torch.zeros(4, dtype=int)), r"give \(B, T, 40\) and \(B,\)"),
        ((torch.zeros(4, 5, 40), torch.zeros(3, dtype=int)), r"give \(B, T, 40\) and \(B,\)"),
        ((torch.zeros(4, 5, 40), torch.tensor([0, 1, 2, 3])), "whole numbers from 0 to 2"),
        ((torch.zeros(4, 5, 40), torch.zeros(4)), "whole numbers from 0 to 2"),
    ],
)
def test_what_is_no_batch_is_refused_in_one_sentence(batch, sentence):
    with pytest.raises(TrainingError, match=sentence):
        LNNTrainer(SMALL).train_step(batch)


def test_numpy_batches_and_lists_of_a_data_loader_will_do():
    trainer = LNNTrainer(SMALL)
    assert np.isfinite(trainer.train_step([np.zeros((4, 5, 40), np.float32), np.array([0, 1, 2, 0])]))


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
def test_a_trainer_comes_back_from_either_kind_of_file(tmp_path, name):
    trainer = LNNTrainer(SMALL)
    trainer.train_step((torch.randn(4, 5, 40), torch.tensor([0, 1, 2, 0])))
    trainer.recipe = {"task": "keywords"}
    trainer.save(tmp_path / name)
    again = LNNTrainer.load(tmp_path / name)
    assert torch.equal(weights(trainer), weights(again)) and again.step == 1
    assert again.config == trainer.config and recipe_of(tmp_path / name) == {"task": "keywords"}


@pytest.mark.parametrize("name, hint", [("z.lnn", "export_embedded"), ("z", "safetensors or .pt"), ("z.pth", ".pt")])
def test_a_checkpoint_has_the_name_of_one(tmp_path, name, hint):
    with pytest.raises(TrainingError, match=hint):
        LNNTrainer(SMALL).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_pickled_code_in_a_pt_file_does_not_run(tmp_path):
    class Bad:
        def __reduce__(self):
            return print, ("run",)

    (tmp_path / "bad.pt").write_bytes(pickle.dumps(Bad()))
    torch.save({"tensors": {}, "metadata": Bad()}, tmp_path / "worse.pt")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pt")
    for name, words in (("bad", "not a readable"), ("worse", "not a readable"), ("other", "not a checkpoint of")):
        with pytest.raises(TrainingError, match=words):
            LNNTrainer.load(tmp_path / f"{name}.pt")


@pytest.mark.parametrize(
    "quantization, weight", [("float32", "float32"), ("int8", "int8"), ("dynamic-int8", "int8"), ("int16", "int16")]
)
def test_every_quantization_of_liquid_compress_is_one_of_the_exporter(tmp_path, quantization, weight):
    trainer = LNNTrainer({"hidden_dim": (8,), "labels": ("yes", "_silence_")})
    path = trainer.export_embedded(tmp_path / "m.lnn", quantization=quantization, metadata={"data": "none"})
    model = load(path)
    assert model.cells[0].weight == weight
    made = {"data": "none", "seed": 1, "steps": 0, "parameters": trainer.net.parameter_count()}
    assert made.items() <= model.metadata.items()
    with LNN.load(path) as net:
        assert net.labels == ("yes", "_silence_")


def test_an_imported_cell_is_no_network_to_export(tmp_path):
    ncps, wirings = pytest.importorskip("ncps.torch"), pytest.importorskip("ncps.wirings")
    cell = from_ncps(ncps.LTCCell(wirings.AutoNCP(8, 2), 4))
    with pytest.raises(UnsupportedCell, match="'SynapticLTCCell' cannot be exported"):
        export_lnn(cell, tmp_path / "m.lnn")


def test_plots_have_titles_whole_steps_and_something_to_see(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    seen = {}

    def keep(figure, path):
        figure.draw_without_rendering()
        title = " ".join([figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]).strip()
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        seen[path.name] = title, figure.axes[-1].get_xticks(), texts

    monkeypatch.setattr(Figure, "savefig", keep)
    rows = [{"step": str(k), "loss": "0.5", "accuracy": "0.5"} for k in (1, 2, 3)]
    plot_curves(rows, "accuracy", tmp_path / "curves.png")
    plot_confusion(np.eye(2, dtype=int), ["a", "b"], tmp_path / "confusion.png")
    plot_det(Det.of_scores([0.0, 0.0], [0.0], hours=1.0), tmp_path / "det.png")
    plot_det(Det.of_scores([0.9, 0.0], [0.4], hours=1.0), tmp_path / "some.png")
    assert all(title for title, _, _ in seen.values())
    assert all(float(tick).is_integer() for tick in seen["curves.png"][1])
    assert seen["det.png"][2] == ["no true event was detected at any threshold"] and not seen["some.png"][2]
