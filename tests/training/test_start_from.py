# SPDX-License-Identifier: MIT
"""Training that begins with the weights of a model file or of a checkpoint."""

import numpy as np
import pytest
import torch
from liquid_audio_nets import lnn
from liquid_audio_nets.training import LNNTrainer, TrainerConfig
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.loop.start_from import start_from
from liquid_audio_nets.training.loop.trained import trained_network
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.settings.errors import TrainingError

LABELS = ("yes", "no", "_silence_")
SMALL = {"labels": LABELS, "hidden_dim": (6, 4)}


@pytest.mark.parametrize("liquid", [False, True])
@pytest.mark.parametrize("name", ["model.lnn", "model.safetensors"])
def test_the_weights_are_those_of_the_file(tmp_path, liquid, name):
    settings = SMALL | {"traces": liquid, "liquid_readout": liquid}
    first = LNNTrainer(settings | {"seed": 1})
    first.normalise(torch.randn(5, 4, 40))
    path = tmp_path / name
    if path.suffix == ".lnn":
        lnn.save(to_model(first.average), path)
    else:
        first.save(path)
    second = LNNTrainer(settings | {"seed": 2})
    start_from(second, path)
    for net in (second.net, second.average):
        for key, value in first.average.state_dict().items():
            assert torch.allclose(net.state_dict()[key], value, atol=1e-6), key


def test_stages_that_the_other_network_lacks_begin_with_no_effect(tmp_path):
    first = LNNTrainer(SMALL)
    first.save(tmp_path / "a.pt")
    second = LNNTrainer(SMALL | {"traces": True, "liquid_readout": True})
    start_from(second, tmp_path / "a.pt")
    sound, dt = torch.randn(30, 4, 40), torch.full((30, 4), 0.03)
    with torch.no_grad():
        before, after = (t.average(sound, dt, torch.zeros_like(dt))[0] for t in (first, second))
    assert before.abs().max() > 0.1
    assert (after - before).abs().max() < 0.1 * before.abs().max()  # only the slow leak of the liquid evidence


def test_of_more_units_those_are_taken_that_others_hear(tmp_path):
    larger = LNNTrainer({"labels": LABELS, "hidden_dim": (8, 6), "liquid_readout": True})
    smaller = LNNTrainer({"labels": LABELS, "hidden_dim": (6, 4), "liquid_readout": True})
    with torch.no_grad():  # nobody hears units 1 and 5 of the first cell, 0 and 3 of the second one
        first, second = larger.average.cells
        first.weight[:, [41, 45]] = second.weight[:, [1, 5]] = second.weight[:, [8, 11]] = 0
        larger.average.readout.weight[:, [0, 3]] = larger.average.listening.weight[:, [0, 3]] = 0
    larger.save(tmp_path / "a.pt")
    start_from(smaller, tmp_path / "a.pt")
    sound, dt = torch.randn(9, 4, 40), torch.full((9, 4), 0.03)
    with torch.no_grad():
        before, after = (t.average(sound, dt, torch.zeros_like(dt))[0] for t in (larger, smaller))
    assert torch.allclose(before, after, atol=1e-5)


def test_a_network_with_stages_does_not_begin_one_without(tmp_path):
    LNNTrainer(SMALL | {"traces": True}).save(tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=r"cells\.0\.weight is 12 x 86, 12 x 46 is wanted"):
        start_from(LNNTrainer(SMALL), tmp_path / "a.pt")


def test_labels_that_both_have_keep_their_rows_and_others_begin_anew(tmp_path):
    stages = {"liquid_readout": True, "hidden_dim": (6, 4)}
    first, second = (LNNTrainer(stages | {"labels": labels}) for labels in (LABELS, ("_silence_", "go", "yes")))
    first.save(tmp_path / "a.pt")
    fresh = {name: x.clone() for name, x in second.net.state_dict().items()}
    start_from(second, tmp_path / "a.pt")
    theirs, ours = first.average.state_dict(), second.net.state_dict()
    for name in ("readout.weight", "readout.bias", "listening.weight", "listening.bias", "listening.log_tau"):
        assert torch.equal(ours[name], torch.stack([theirs[name][2], fresh[name][1], theirs[name][0]])), name
    assert torch.equal(ours["cells.0.weight"], theirs["cells.0.weight"])


def test_an_integer_model_begins_with_what_its_integers_stand_for(tmp_path):
    first = LNNTrainer(SMALL | {"traces": True, "liquid_readout": True})
    first.normalise(3 * torch.randn(50, 4, 40) - 6)
    first.export_embedded(tmp_path / "a.lnn", "int8")
    second = LNNTrainer(SMALL | {"traces": True, "liquid_readout": True, "seed": 2})
    start_from(second, tmp_path / "a.lnn")
    sound, dt = 3 * torch.randn(30, 4, 40) - 6, torch.full((30, 4), 0.03)
    with torch.no_grad():
        before, after = (t.average(sound, dt, torch.zeros_like(dt))[0] for t in (first, second))
    assert (after - before).abs().max() < 0.1 * before.abs().max()


def test_the_recipe_for_a_said_word_begins_with_the_shipped_model(tmp_path, monkeypatch):
    """By its name, from any folder; what the recipe says of the cells fits it."""
    monkeypatch.chdir(tmp_path)
    recipe = recipes.load("said-word")
    trainer = LNNTrainer(TrainerConfig.of_recipe(recipe, labels=("alexa", "_unknown_", "_silence_")))
    fresh = trainer.net.readout.weight.detach().clone()
    start_from(trainer, recipe["train"]["start_from"])
    shipped = trained_network("computer.lnn")
    assert shipped.config.labels == ("computer", "_unknown_", "_silence_")
    assert torch.equal(trainer.net.readout.weight[1:], shipped.readout.weight[1:])
    assert torch.equal(trainer.net.readout.weight[0], fresh[0])


def test_a_model_that_is_neither_here_nor_shipped_is_one_sentence():
    with pytest.raises(TrainingError, match=r"nobody\.lnn: No such file"):
        trained_network("nobody.lnn")


def test_another_network_is_refused_by_what_differs(tmp_path):
    LNNTrainer(SMALL).save(tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=r"cells.1.bias is 8, 14 is wanted"):
        start_from(LNNTrainer(SMALL | {"hidden_dim": (6, 7)}), tmp_path / "a.pt")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "a.lnn").write_bytes(np.zeros(100, np.uint8).tobytes())
    with pytest.raises(TrainingError, match=r"a\.lnn: "):
        start_from(LNNTrainer(SMALL), tmp_path / "a.lnn")
    with pytest.raises(TrainingError, match="No such file"):
        start_from(LNNTrainer(SMALL), tmp_path / "b.lnn")
