# SPDX-License-Identifier: MIT
"""--teacher auto: one command trains a larger network and then one that learns from it."""

import pytest
from liquid_audio_nets.cli.train import app
from liquid_audio_nets.training import LNNTrainer, RecipeError
from liquid_audio_nets.training.settings import recipe as recipes
from tiny_recordings import make
from typer.testing import CliRunner

SMALL = {"train.epoch_steps": 2, "train.batch": 4, "data.positives": "computer", "data.negatives": "talk"}
SMALL |= {"data.noise": "_background_noise_", "data.commands": "", "data.wake_words": "", "data.synthetic": 0}
SMALL |= {"goals.recall": 0, "data.false_accepts_per_hour": 100_000, "data.clipped_share": 0, "data.codec_share": 0}


def test_one_command_trains_the_teacher_and_its_student(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "TEACHER_UNITS", 8)
    data, out = make(tmp_path / "data"), tmp_path / "run"
    settings = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
    command = ["wake-word", "--data", str(data), "--out", str(out), "--hidden", "4", "--epochs", "1", *settings]
    done = CliRunner().invoke(app, [*command, "--teacher", "auto"])
    assert done.exit_code == 0, done.output
    student, teacher = (LNNTrainer.load(out / folder / "best.safetensors") for folder in (".", "teacher"))
    assert student.config.hidden_dim == (4,) and teacher.config.hidden_dim == (8,) and not teacher.config.distill_from
    assert student.config.distill_from == str((out / "teacher/best.safetensors").resolve())
    assert (out / "computer.lnn").exists() and (out / "teacher/computer.lnn").exists()
    before = (out / "teacher/card.md").stat().st_mtime_ns
    again = CliRunner().invoke(app, [*command, "--teacher", "auto"])  # goes on where it stopped: only exports again
    assert again.exit_code == 0, again.output
    assert (out / "teacher/card.md").stat().st_mtime_ns == before


def test_a_teacher_is_larger_and_learns_by_itself():
    own = recipes.load("keywords-micro", [("train.distill_from", "x.safetensors"), ("train.prune_share", 0.5)])
    teacher = recipes.teacher_of(own)
    assert teacher["model"]["hidden_dim"] == [128, 128] and own["model"]["hidden_dim"] == [40, 32]
    assert not teacher["train"]["distill_from"] and not teacher["train"]["prune_share"]
    assert teacher["data"] == own["data"] and teacher["mixture"] == own["mixture"]
    with pytest.raises(RecipeError, match="vad has no teacher"):
        recipes.teacher_of(recipes.load("vad"))
