# SPDX-License-Identifier: MIT
"""Recipe `sounds`: folds, batches, a tiny run through the frame, and liquid-test on what was held out."""

import numpy as np
import pytest
import soundfile
import torch
from liquid_audio_nets.audio import AudioError
from liquid_audio_nets.audio.held_out import scan_parts
from liquid_audio_nets.evaluation import evaluate, labelled_clips, usual_split
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings.recipe import load as load_recipe
from liquid_audio_nets.training.tasks.registry import make_task
from liquid_audio_nets.training.tasks.sounds import det_of

CLASSES = {"drone": 300, "siren": 2200, "hiss": None}


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """Three classes, four folds of two clips of 1.5 s, named as ESC's."""
    root = tmp_path_factory.mktemp("folds")
    t = np.arange(24000) / 16000
    for k, (label, hz) in enumerate(CLASSES.items()):
        (root / label).mkdir()
        for n in range(8):
            rng = np.random.default_rng(100 * k + n)
            tone = np.sin(2 * np.pi * (hz or 0) * t * rng.uniform(0.9, 1.1))
            sound = 0.2 * tone + (0.002 if hz else 0.1) * rng.standard_normal(len(t))
            soundfile.write(root / label / f"{1 + n % 4}-{1000 + n}-A.wav", sound, 16000)
    return root


def make(data, out, **settings):
    settings = {
        "train.epochs": 4,
        "train.epoch_steps": 15,
        "train.batch": 16,
        "train.warmup_steps": 5,
        "train.ema_decay": 0.9,
        "train.learning_rate": 0.02,
        "model.hidden_dim": [12],
        "mixing.stretch_s": 1.2,
        "model.smoothing_s": 0.3,
    } | {k.replace("__", "."): v for k, v in settings.items()}
    recipe = load_recipe("sounds", settings.items())
    return make_task(recipe, data, out / "cache", lambda text: None), Run(out, recipe, ahead=False)


@pytest.fixture(scope="module")
def trained(folds, tmp_path_factory):
    out = tmp_path_factory.mktemp("sounds")
    task, run = make(folds, out)
    return task, train(task, run), run.out


def test_folds_are_disjoint(folds, tmp_path):
    for fold in "14":
        parts = {
            part: {c.path.name + c.label for c in scan_parts(folds, list(CLASSES), part, fold).clips}
            for part in ("training", "validation")
        }
        assert not parts["training"] & parts["validation"]
        assert len(parts["training"]) == 18 and len(parts["validation"]) == 6
        assert all(name.startswith(f"{fold}-") for name in parts["validation"])
    task, _ = make(folds, tmp_path, data__held_out_fold="2")
    task.prepare()
    drawn = np.concatenate(task.training.clips)
    assert len(drawn) == 18 and not set(drawn) & set(task.store.where(split="validation"))
    assert all(not name.startswith("2-") for name in task.store.word[drawn])


def test_batches_repeat_and_mixtures_allow_both_classes(trained):
    task = trained[0]
    one, same, other = task.batch(32, 5), task.batch(32, 5), task.batch(32, 6)
    assert torch.equal(one.log_mel, same.log_mel) and torch.equal(one.allowed, same.allowed)
    assert one.log_mel.shape[1:] == (32, 40) and (
        one.log_mel.shape != other.log_mel.shape or not torch.equal(one.log_mel, other.log_mel)
    )
    answers = torch.cat([task.batch(32, seed).allowed[0].sum(-1) for seed in range(10)])
    assert set(answers.tolist()) == {1, 2} and (answers == 1).float().mean() > 0.6
    assert torch.isfinite(one.log_mel).all() and torch.allclose(one.weight.sum(0), torch.ones(32), atol=1e-5)


def test_a_small_net_learns_and_liquid_test_measures_the_fold(trained, folds):
    _task, path, out = trained
    model = load(path)
    assert model.task == "sounds" and model.metadata["held_out_fold"] == "4" and model.golden is not None
    content = path.read_bytes()
    assert usual_split(content) == "validation"
    with LNN(content) as lnn:
        dataset = labelled_clips(content, folds, lnn.labels, None)
        assert len(labelled_clips(content, folds, lnn.labels, "all")) == 24
    result = evaluate(content, dataset)
    assert result.clips == 6 and result.accuracy >= 5 / 6
    assert abs(result.accuracy - model.metadata["held_out_accuracy"]) < 1e-3
    card = (out / "card.md").read_text()
    assert "fold 4 held out" in card and "18 clips" in card


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"data__labels": ["drone", "bell"]}, "no folder 'bell'.*drone, hiss, siren"),
        ({"data__held_out_fold": "7"}, "'drone' has 8 clips to learn from and 0 held out"),
        ({"data__labels": ["drone"]}, "at least two classes are needed"),
    ],
)
def test_data_that_cannot_be_learned_from(folds, tmp_path, settings, sentence):
    task, _ = make(folds, tmp_path, **settings)
    with pytest.raises(AudioError, match=sentence):
        task.prepare()


def test_files_that_cannot_be_read_are_said(tmp_path):
    for label in ("a", "b"):
        (tmp_path / "broken" / label).mkdir(parents=True)
        (tmp_path / "broken" / label / "1-1-A.wav").write_bytes(b"no sound")
    task, _ = make(tmp_path / "broken", tmp_path)
    said = []
    task.report = said.append
    with pytest.raises(AudioError, match="none of the sound files"):
        task.prepare()
    assert sum("skipped" in line for line in said) == 2


@pytest.mark.parametrize("data, sentence", [(None, "give --data"), ("/nowhere", "no such folder")])
def test_no_data(tmp_path, data, sentence):
    with pytest.raises(AudioError, match=sentence):
        make(data, tmp_path)[0].prepare()


def test_what_is_missed_and_what_is_taken_for_it():
    posterior = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    det = det_of(posterior, np.array([0, 1, 1]), hours=0.5)
    at = dict(
        zip(
            det.threshold.tolist(),
            zip(det.false_rejects.tolist(), det.false_accepts.tolist(), strict=False),
            strict=False,
        )
    )
    assert at[0.6] == (pytest.approx(1 / 3), 2.0) and at[0.9] == (pytest.approx(2 / 3), 0.0) and at[0.1] == (0.0, 6.0)
