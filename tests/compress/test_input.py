# SPDX-License-Identifier: MIT
"""What liquid-compress --input takes: an .lnn file, the folder of a run, and checkpoints."""

import numpy as np
import pytest
from liquid_audio_nets.cli.compress import read_input
from liquid_audio_nets.compress import CompressError, Request, Sounds, compress
from liquid_audio_nets.errors import LiquidError
from liquid_audio_nets.lnn import LnnError, save, write
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.loop.export import to_model
from liquid_audio_nets.training.settings import recipe
from small_model import babble, small_model

LABELS = ("yes", "no", "_silence_")


def trainer_of(task: str = "", *changes: tuple[str, int]) -> LNNTrainer:
    """With a recipe if a task is named."""
    trainer = LNNTrainer({"hidden_dim": (8, 6), "labels": LABELS, "seed": 3})
    if task:
        trainer.recipe = recipe.load(task, changes)
    return trainer


@pytest.fixture
def integer_model():
    clips = [babble(16000, n) for n in range(4)]
    return compress(small_model(), Sounds("babble", clips, clips), Request(golden_samples=0)).model


@pytest.mark.parametrize("name", ["best.safetensors", "model.pt"])
def test_a_checkpoint_gives_what_the_exporter_writes(tmp_path, name):
    trainer = trainer_of()
    trainer.save(tmp_path / name)
    assert write(read_input(tmp_path / name)) == write(to_model(trainer.average))


def test_task_and_policy_come_from_the_recipe_in_the_checkpoint(tmp_path):
    trainer_of("wake-word", ("policy.min_timestep_us", 40_000)).save(tmp_path / "last.safetensors")
    (tmp_path / "recipe.toml").write_text("this is not read")
    model = read_input(tmp_path / "last.safetensors")
    assert (model.task, model.policy.min_timestep_us) == ("wake_word", 40_000)


@pytest.mark.parametrize("task", ["anomaly", "series"])
def test_checkpoints_that_are_not_whole_models_are_refused(tmp_path, task):
    trainer_of(task).save(tmp_path / "last.safetensors")
    with pytest.raises(LiquidError, match=f"the task {task} is not a whole model; give the .lnn"):
        read_input(tmp_path / "last.safetensors")


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4" + bytes(100), b"\x80\x04." * 9, (50).to_bytes(8, "little") + b'{"a":' * 9]
)
@pytest.mark.parametrize("name", ["x.safetensors", "x.pt"])
def test_other_files_are_refused_in_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LiquidError, match=name) as caught:
        read_input(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_the_folder_of_a_run_gives_its_float_model(tmp_path, integer_model):
    save(small_model(), tmp_path / "keywords.lnn")
    save(integer_model, tmp_path / "small.lnn")
    (tmp_path / "damaged.lnn").write_bytes(b"LNN")
    trainer_of().save(tmp_path / "best.safetensors")
    assert write(read_input(tmp_path)) == (tmp_path / "keywords.lnn").read_bytes()
    save(small_model(1), tmp_path / "other.lnn")
    with pytest.raises(CompressError, match=r"several float models; give one of keywords\.lnn, other\.lnn"):
        read_input(tmp_path)


def test_a_run_that_is_not_finished_and_other_folders_say_what_to_give(tmp_path):
    with pytest.raises(CompressError, match="no float model: give the folder of a run"):
        read_input(tmp_path)
    trainer_of().save(tmp_path / "best.safetensors")
    with pytest.raises(CompressError, match=r"finish the training .*best\.safetensors"):
        read_input(tmp_path)


def test_models_that_cannot_be_compressed_are_refused_by_file(tmp_path, integer_model):
    save(integer_model, tmp_path / "small.lnn")
    with pytest.raises(CompressError, match=r"small\.lnn: this is an integer model already"):
        read_input(tmp_path / "small.lnn")
    (tmp_path / "bad.lnn").write_bytes(np.random.default_rng(0).bytes(300))
    with pytest.raises(LnnError) as caught:
        read_input(tmp_path / "bad.lnn")
    assert caught.value.path == str(tmp_path / "bad.lnn")
    with pytest.raises(FileNotFoundError):
        read_input(tmp_path / "none.lnn")
