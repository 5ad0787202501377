# SPDX-License-Identifier: MIT
"""Recipes: the packaged ones, a user's own, and mistakes in them."""

import itertools
import re
import tomllib

import pytest
from liquid_audio_nets.training.data.augment import Augment
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.settings.recipe import RecipeError
from liquid_audio_nets.training.tasks.registry import TASKS, make_task


def own(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    return tmp_path / "mine.toml"


@pytest.mark.parametrize("name", recipes.names())
def test_packaged_recipes_are_whole_and_say_what_they_are_for(name):
    recipe = recipes.load(name)
    assert recipe["task"] in TASKS and recipes.names()[name]
    assert {"epochs", "epoch_steps", "batch", "learning_rate", "seed", "threads", "precision"} <= set(recipe["train"])


@pytest.mark.parametrize("name", TASKS)
def test_every_setting_is_explained(name):
    """Beside it, on the line above, or for a whole table beside its name."""
    lines, table = ["", *recipes.text(name).splitlines()], ""
    for above, line in itertools.pairwise(lines):
        table = line if line.startswith("[") else table
        if re.match(r"\w+ *=", line) and not line.startswith("task"):
            assert "# " in line + table or above.startswith("#"), f"{name}: {line}"


@pytest.mark.parametrize("name", recipes.names())
def test_what_a_run_folder_keeps_is_a_recipe(name, tmp_path):
    recipe = recipes.load(name, [("train.seed", 7)])
    assert recipes.load(own(tmp_path, recipes.to_toml(recipe))) == recipe


def test_a_recipe_of_ones_own_holds_what_differs(tmp_path):
    path = own(tmp_path, 'task = "keywords"\n[train]\nepochs = 3\nlearning_rate = 1\n[augment]\nsnr_db = [0, 10]')
    recipe, packaged = recipes.load(path), recipes.load("keywords")
    assert recipe["train"]["epochs"] == 3 and recipe["train"]["learning_rate"] == 1.0
    assert recipes.build(Augment, recipe["augment"]).snr_db == (0.0, 10.0)
    assert recipe["model"] == packaged["model"] and recipe["train"] != packaged["train"]


def test_changes_are_written_as_one_types_them():
    typed = [
        ("train.epochs", "3"),
        ("data.labels", "lights, music,_silence_"),
        ("model.hidden_dim", "8,6"),
        ("model.cell_kind", "cfc"),
        ("augment.snr_db", "[0, 10]"),
        ("data.say", "on"),
        ("train.learning_rate", "1e-2"),
    ]
    recipe = recipes.load("keywords", typed)
    assert recipe["train"]["epochs"] == 3 and recipe["data"]["labels"] == ["lights", "music", "_silence_"]
    assert recipe["model"]["hidden_dim"] == [8, 6] and recipe["model"]["cell_kind"] == "cfc"
    assert recipe["augment"]["snr_db"] == [0.0, 10.0] and recipe["data"]["say"] == ["on"]
    assert recipe["train"]["learning_rate"] == 0.01


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[train]\nepochs = 3", "task = None is unknown"),
        ('task = "keyword"', "did you mean 'keywords'"),
        ('task = "keywords"\n[train]\nepoch = 3', "unknown setting 'train.epoch'; did you mean 'epochs'"),
        ('task = "keywords"\n[trian]\nepochs = 3', "unknown setting 'trian'; did you mean 'train'"),
        ('task = "keywords"\n[train]\nepochs = "many"', "give a whole number, such as 44"),
        ('task = "keywords"\n[train]\nepochs = 2.5', "give a whole number"),
        ('task = "keywords"\n[train]\nepochs = 0', "at least 1"),
        ('task = "keywords"\n[model]\nhidden_dim = [8, "a"]', "model.hidden_dim"),
        ('task = "keywords"\ntrain = 3', "give a table"),
        ("task = ", "not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, sentence):
    with pytest.raises(RecipeError, match=re.escape(sentence)) as error:
        recipes.load(own(tmp_path, text))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "source, changes, sentence",
    [
        ("keyword", (), "did you mean 'keywords'"),
        ("nowhere.toml", (), "No such file"),
        ("keywords", [("train.epoch", "3")], "did you mean 'train.epochs'"),
        ("keywords", [("epochs", "3")], "no setting 'epochs'"),
        ("keywords", [("train.epochs", "many")], "give a whole number"),
        ("keywords", [("train.epochs.x", "1")], "no setting"),
    ],
)
def test_wrong_names_and_changes_are_named(source, changes, sentence):
    with pytest.raises(RecipeError, match=re.escape(sentence)):
        recipes.load(source, changes)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ("train.learning_rate=nan", "finite"),
        ("train.learning_rate=inf", "finite"),
        ("train.label_smoothing=2", "at most 1"),
        ("train.ema_decay=1.5", "at most 1"),
        ("train.complexity_penalty=-1", "at least 0"),
        ("train.prune_share=1.5", "at most 1"),
        ("train.warmup_steps=-5", "at least 0"),
        ("model.hidden_dim=100000000", "at most 512"),
        ("model.hidden_dim=8,8,8,8,8", "0 to 4"),
        ("model.hidden_dim=8,7", "even numbers"),
        ("model.smoothing_s=nan", "finite"),
        ("augment.speed=1,0.5", "the lower number first"),
        ("augment.speed=1", "a range"),
        ("augment.speed=[]", "a range"),
        ("data.say=a/b", "a word"),
        ("train.seed=99999999999", "at most"),
        ("augment.speed=0,1", "at least 0.25"),
        ("augment.snr_db=30,2", "the lower number first"),
        ("augment.gain_db=-inf,3", "finite"),
        ("augment.noise_share=7", "at most 1"),
        ("augment.mask_channels=100", "at most 40"),
        ("timing.tick_blocks=[]", "1 to 1000"),
        ("timing.tick_blocks=0", "at least 1"),
        ("timing.clip_s=0", "at least 0.1"),
        ("timing.clip_s=100", "at most 10"),
        ("mixture.keyword=-1", "at least 0"),
        ("mixture.unknown_kinds.digits=-1", "at least 0"),
        ("policy.min_timestep_us=0", "min_timestep is 0 s; it must be from 0.001 s"),
        ("policy.min_timestep_us=200000", "min_timestep is 0.2 s"),
        ("policy.release_growth=0", "at least 1"),
        ("policy.gate_close_ratio=3", "gate_close_ratio is 3; it must be from 0 to 1"),
        ("data.labels=yes,yes", "every word once"),
        ("data.labels=" + "ü" * 12, "24 bytes, 23 fit"),
        ('data.labels=["a b", ""]', "a word"),
        ("data.labels=" + ",".join(f"w{i}" for i in range(65)), "0 to 64"),
        ("data.synthetic=-1", "at least 0"),
    ],
)
def test_what_cannot_be_is_refused_before_data_are_read(change, sentence):
    key, _, value = change.partition("=")
    with pytest.raises(RecipeError, match=re.escape(sentence)) as error:
        recipes.load("keywords", [(key, value)])
    assert "\n" not in str(error.value) and key.split(".")[0] in str(error.value)


def test_a_mixture_of_nothing_is_refused():
    with pytest.raises(RecipeError, match="all 0"):
        recipes.load("keywords", [(f"mixture.{name}", "0") for name in ("keyword", "unknown", "silence")])


@pytest.mark.parametrize("name", recipes.names())
def test_what_the_packaged_recipes_say_is_possible(name):
    recipes.load(name)


def test_the_text_to_copy_is_toml():
    assert tomllib.loads(recipes.text("keywords"))["task"] == "keywords"


def test_frames_are_kept_for_what_they_were_made_from(tmp_path):
    def folder(**data):
        recipe = recipes.load("keywords", [(f"data.{k}", v) for k, v in data.items()])
        return make_task(recipe, tmp_path, tmp_path / "cache", lambda text: None).cache

    (tmp_path / "yes").mkdir()
    (tmp_path / "yes/a.wav").write_bytes(b"1")
    first = folder()
    assert folder() == first and folder(synthetic=7) != first and folder(labels="yes,no") != first
    (tmp_path / "yes/b.wav").write_bytes(b"1")
    assert folder() != first
