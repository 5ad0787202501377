# SPDX-License-Identifier: MIT
"""LNNTrainer and the keyword recipe on a tiny data set."""

import json

import numpy as np
import pytest
import torch
from liquid_audio_nets.audio import AudioError, read_audio
from liquid_audio_nets.audio.dataset import scan
from liquid_audio_nets.lnn import load
from liquid_audio_nets.training import ExportError, LNNTrainer, TrainingError, UnsupportedCell
from liquid_audio_nets.training.data.frame_store import FrameStore
from liquid_audio_nets.training.loop.loader import batches
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings.recipe import load as load_recipe
from liquid_audio_nets.training.tasks.registry import make_task

LABELS = ("yes", "no", "_unknown_", "_silence_")


class KeywordRun:
    """The keyword recipe on some data, with settings as in the recipe."""

    def __init__(self, data, out, cache=None, progress=lambda progress: None, labels=LABELS, **settings):
        self.data, self.out = data, out
        settings = {"train.threads": 1, "data.labels": list(labels), "data.synthetic": 0} | {
            k.replace("__", "."): v for k, v in settings.items()
        }
        recipe = load_recipe("keywords", settings.items())
        self.task = make_task(recipe, data, cache or out / "cache", lambda text: None)
        self.run = Run(out, recipe, ahead=False, progress=progress)

    def store(self):
        return FrameStore(self.task.cache)

    def train(self):
        return train(self.task, self.run)


@pytest.fixture(scope="module")
def run(words, tmp_path_factory):
    """A finished run of six short epochs."""
    settings = KeywordRun(
        words,
        tmp_path_factory.mktemp("run"),
        model__hidden_dim=[16, 12],
        train__epochs=6,
        train__epoch_steps=25,
        train__batch=32,
        train__learning_rate=2e-2,
    )
    settings.train()
    return settings


def test_the_api_of_the_readme():
    trainer = LNNTrainer({"input_dim": 40, "hidden_dim": 8, "output_dim": 3, "complexity_penalty": 0.01})
    log_mel, labels = torch.randn(6, 10, 40), torch.tensor([0, 1, 2, 0, 1, 2])
    losses = [trainer.train_step((log_mel, labels), lambda_power=0.1, lambda_sparse=0.05) for _ in range(150)]
    assert losses[-1] < 0.6 * losses[0]


def test_settings_and_cells_that_do_not_exist_are_named():
    with pytest.raises(TrainingError, match="did you mean 'hidden_dim'"):
        LNNTrainer({"hiden_dim": 8})
    with pytest.raises(UnsupportedCell, match="adaptive_heun"):
        LNNTrainer({"ode_solver": "heun"})
    with pytest.raises(TrainingError, match="at least 1"):
        LNNTrainer({"hidden_dim": 0})


def test_a_small_net_learns_tones(run):
    trainer = LNNTrainer.load(run.out / "best.safetensors")
    assert trainer.evaluate(run.store())["accuracy"] > 0.85


def test_run_folder_is_complete(run):
    assert {
        "config.json",
        "recipe.toml",
        "log.csv",
        "tensorboard",
        "curves.png",
        "confusion.png",
        "det.png",
        "det.csv",
        "best.safetensors",
        "last.safetensors",
        "keywords.lnn",
        "card.md",
        "confusion.json",
    } <= {p.name for p in run.out.iterdir()}
    assert len((run.out / "log.csv").read_text().splitlines()) == 7
    model = load(run.out / "keywords.lnn")
    assert model.label_names == list(LABELS) and model.golden is not None
    assert [label.threshold > 0 for label in model.labels] == [True, True, False, False]
    assert model.readout.idle_label == 3


def test_core_answers_as_the_trainer_does(run):
    core = pytest.importorskip("liquid_audio_nets.native")
    result = json.loads((run.out / "confusion.json").read_text())
    answers = np.zeros((4, 4), int)
    with core.LNN.load(run.out / "keywords.lnn") as net:
        for clip, samples in scan(run.data, LABELS[:3], "validation").read():
            answers[LABELS.index(clip.label), core.run_clip(net, samples).label] += 1
    assert np.array_equal(answers[:3], np.array(result["confusion"])[:3])


def test_training_features_are_the_cores(run):
    core = pytest.importorskip("liquid_audio_nets.native")
    store, trainer = run.store(), LNNTrainer.load(run.out / "best.safetensors")
    files = scan(run.data, LABELS[:3], "validation")
    clips = store.where(source="commands", split="validation")
    with core.LNN.load(run.out / "keywords.lnn") as net:
        for clip, (_, samples) in zip(clips, files.read(), strict=True):
            rows = store.mel[store.offset[clip] :][:100]
            ours = trainer.net.features(torch.log(torch.from_numpy(rows) + 1e-6)).numpy()
            theirs = core.clip_features(net, samples, np.arange(1, 101) * 160)
            assert np.abs(ours - theirs).max() < 8e-4  # 1e-4 of full scale


def test_equal_seeds_give_equal_batches_with_and_without_worker(run):
    made = [list(batches(run.task.batch, 4, 3, 2, seed=5, ahead=ahead)) for ahead in (False, True)]
    for a, b in zip(*made, strict=True):
        assert torch.equal(a.log_mel, b.log_mel) and torch.equal(a.dt, b.dt) and torch.equal(a.allowed, b.allowed)


@pytest.mark.parametrize("taught", (False, True))
def test_resume_is_the_same_as_going_on(run, tmp_path, taught):
    teacher = LNNTrainer({"hidden_dim": (5,), "labels": LABELS, "seed": 9})
    teacher.save(tmp_path / "teacher.safetensors")
    taught = {"distill_from": str(tmp_path / "teacher.safetensors")} if taught else {}

    def fresh():
        return LNNTrainer(dict(hidden_dim=(6,), labels=LABELS, total_steps=8, warmup_steps=2, **taught))

    made = list(batches(run.task.batch, 8, 0, 12, seed=1, ahead=False))
    at = next(k for k in range(1, 12) if made[k].stream and made[k].carried.any() and made[k - 1].stream)
    whole, first = fresh(), fresh()
    whole.fit(made)
    first.fit(made[:at])
    first.save(tmp_path / "c.safetensors")
    second = LNNTrainer.load(tmp_path / "c.safetensors")
    second.fit(made[at:])
    assert second.step == whole.step == 12 and set(second.carried) == ({"net", "teacher"} if taught else {"net"})
    for a, b in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_finished_run_is_not_trained_again(run):
    before = (run.out / "last.safetensors").stat().st_mtime_ns
    run.train()
    assert (run.out / "last.safetensors").stat().st_mtime_ns == before


def test_interrupted_run_goes_on(run, tmp_path):
    def stop(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    again = KeywordRun(
        run.data,
        tmp_path,
        run.out / "cache",
        stop,
        model__hidden_dim=[6],
        train__epochs=2,
        train__epoch_steps=5,
        train__batch=8,
    )
    with pytest.raises(KeyboardInterrupt):
        again.train()
    assert LNNTrainer.load(tmp_path / "last.safetensors").step == 7
    again.run.progress = lambda progress: None
    again.train()
    assert LNNTrainer.load(tmp_path / "last.safetensors").step == 10


def test_loss_that_is_not_a_number_leaves_the_weights(run):
    trainer = LNNTrainer({"hidden_dim": (6,), "labels": LABELS})
    before = trainer.net.readout.weight.clone()
    batch = next(batches(run.task.batch, 4, 0, 1, seed=1, ahead=False))
    batch.log_mel[:] = float("nan")
    with pytest.raises(TrainingError, match="learning_rate"):
        trainer.train_step(batch)
    assert torch.equal(before, trainer.net.readout.weight)


def test_wrong_checkpoints_are_one_sentence(run, tmp_path):
    with pytest.raises(TrainingError, match="no such checkpoint"):
        LNNTrainer.load(tmp_path / "none.safetensors")
    whole = (run.out / "last.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match="not a readable checkpoint"):
        LNNTrainer.load(tmp_path / "cut.safetensors")


def test_export_says_what_it_cannot_do(run, tmp_path):
    trainer = LNNTrainer.load(run.out / "best.safetensors")
    with pytest.raises(ExportError, match="dynamic-int8, int8, int16, float32"):
        trainer.export_embedded(tmp_path / "m.lnn", quantization="int4")
    with pytest.raises(ExportError, match="cortex-m4"):
        trainer.export_embedded(tmp_path / "m.lnn", target="z80")
    assert trainer.export_embedded(tmp_path / "m.lnn", quantization="float32", target="cortex-m4").exists()


@pytest.mark.parametrize("recorded", (True, False))
def test_int8_comes_straight_from_the_trainer(run, tmp_path, recorded):
    core = pytest.importorskip("liquid_audio_nets.native")
    golden, _ = read_audio(next((run.data / "yes").iterdir()))
    path = LNNTrainer.load(run.out / "best.safetensors").export_embedded(
        tmp_path / "m.lnn", quantization="int8", golden_audio=golden, calibrate=run.data if recorded else None
    )
    model = load(path)
    assert model.cells[0].weight == "int8" and model.frontend.kind == "logmel_s16" and model.target == "cortex_m4"
    right = total = 0
    with core.LNN.load(path) as net:
        assert net.selftest() == 0
        for clip, samples in scan(run.data, LABELS[:3], "validation").read():
            right, total = right + (core.run_clip(net, samples).label == LABELS.index(clip.label)), total + 1
    assert right / total > 0.8


def test_data_that_cannot_be_learned_from(words, tmp_path):
    with pytest.raises(AudioError, match="'stop'"):
        KeywordRun(words, tmp_path, labels=("yes", "stop", "_unknown_")).train()


def test_a_real_clip_has_a_golden_answer(run):
    samples, converted = read_audio(next((run.data / "yes").iterdir()))
    assert not converted and len(samples) == 16000
