# SPDX-License-Identifier: MIT
"""Learning from a teacher's answers."""

import pytest
import torch
from liquid_audio_nets.training import LNNTrainer, TrainerConfig, TrainingError
from liquid_audio_nets.training.loop.distillation import distillation_loss
from liquid_audio_nets.training.loop.trained import trained_network
from liquid_audio_nets.training.settings import recipe

LABELS = ("a", "b", "c")


def clips(seed: int, count: int = 48):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    log_mel = torch.randn(count, 8, 40, generator=generator)
    log_mel[torch.arange(count), :, labels * 10] += 2
    return log_mel, labels


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    trainer = LNNTrainer(
        {"hidden_dim": (24,), "labels": ("c", "extra", "a", "b"), "learning_rate": 1e-2, "warmup_steps": 2}
    )
    for step in range(80):
        log_mel, labels = clips(step)
        trainer.train_step((log_mel, torch.tensor([2, 3, 0])[labels]))
    path = tmp_path_factory.mktemp("teacher") / "t.safetensors"
    trainer.save(path)
    return path


def accuracy(trainer):
    log_mel, labels = clips(999, 300)
    evidence = trainer.average(log_mel.transpose(0, 1), torch.full((8, 300), 0.02), torch.zeros(8, 300))[0][-1]
    return (evidence.argmax(1) == labels).float().mean()


@pytest.mark.long
def test_a_student_learns_from_the_teacher_alone(teacher):
    """The labels are wrong and count nothing: what the student knows, it has from the teacher, whose labels are in
    another order."""
    student = LNNTrainer(
        {
            "hidden_dim": (8,),
            "labels": LABELS,
            "distill_from": str(teacher),
            "distill_weight": 1.0,
            "learning_rate": 1e-2,
            "warmup_steps": 2,
        }
    )
    for step in range(150):
        student.train_step((clips(step)[0], torch.zeros(48, dtype=torch.long)))
    assert accuracy(student) > 0.9


def test_a_model_file_teaches_like_the_checkpoint_that_it_was_made_from(teacher, tmp_path):
    LNNTrainer.load(teacher).export_embedded(tmp_path / "t.lnn")
    sound, dt = torch.randn(9, 4, 40), torch.full((9, 4), 0.02)
    first, second = (
        trained_network(path)(sound, dt, torch.zeros_like(dt))[0] for path in (teacher, tmp_path / "t.lnn")
    )
    assert torch.allclose(first, second, atol=1e-4)


def test_equal_answers_cost_nothing():
    evidence, weight = torch.randn(5, 4, 3), torch.rand(5, 4)
    assert distillation_loss(evidence, evidence.clone(), weight, 2.0).abs() < 1e-6
    assert distillation_loss(evidence, evidence.flip(-1), weight, 2.0) > 0.01


def test_teachers_that_cannot_teach_are_one_sentence(teacher, tmp_path):
    for settings, words in (
        ({"labels": ("a", "z")}, "does not know the label 'z'"),
        ({"labels": LABELS, "distill_from": str(tmp_path / "none")}, "no such checkpoint"),
    ):
        student = LNNTrainer({"hidden_dim": 4, "distill_from": str(teacher)} | settings)
        with pytest.raises(TrainingError, match=words):
            student.train_step((torch.randn(2, 4, 40), torch.tensor([0, 1])))


def test_the_setting_survives_a_checkpoint(teacher, tmp_path):
    student = LNNTrainer({"hidden_dim": 4, "labels": LABELS, "distill_from": str(teacher)})
    student.train_step(clips(1))
    student.save(tmp_path / "s.safetensors")
    again = LNNTrainer.load(tmp_path / "s.safetensors")
    again.train_step(clips(2))
    assert again.config.distill_from == str(teacher) and again.step == 2


def test_the_micro_recipe_is_small_and_names_its_teacher(teacher):
    settings = recipe.load("keywords-micro", [("train.distill_from", str(teacher)), ("train.prune_share", "0.25")])
    config = TrainerConfig.of_recipe(settings, labels=LABELS + tuple(f"w{i}" for i in range(9)))
    assert config.distill_from == str(teacher) and config.distill_weight == 0.6 and config.prune_share == 0.25
    assert LNNTrainer(config).net.parameter_count() <= 12_000
