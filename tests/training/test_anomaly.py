# SPDX-License-Identifier: MIT
"""Recipe anomaly: what it reads, what it expects, a tiny run from a folder of normal sound to reports of another sound."""

import numpy as np
import pytest
import soundfile
import torch
from liquid_audio_nets.audio import AudioError
from liquid_audio_nets.compress import Request, compress, from_folder
from liquid_audio_nets.evaluation import Options, measure
from liquid_audio_nets.evaluation.anomaly import unlikeness
from liquid_audio_nets.lnn import load, write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training.data.expected_batches import Expected
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks.anomaly import in_units_of
from liquid_audio_nets.training.tasks.registry import make_task
from small_model import small_model

SMALL = {"train.epochs": 1, "train.epoch_steps": 60, "train.batch": 16, "model.hidden_dim": [8]}


def machine(seed: int, seconds: float = 3.0, whistle_hz: float = 0.0) -> np.ndarray:
    """A hum that swells, in noise, float (n,); perhaps with a whistle."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * 16000)) / 16000
    hum = sum(np.sin(2 * np.pi * 100 * k * t + rng.uniform(0, 6)) / k for k in range(1, 9)) * (1 + 0.3 * np.sin(5 * t))
    return 0.05 * hum + 0.02 * rng.standard_normal(len(t)) + 0.05 * np.sin(2 * np.pi * whistle_hz * t)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders `machine` (folds 1 and 4 by ESC's names) and `whistle`."""
    root = tmp_path_factory.mktemp("recordings")
    for folder, hz in (("machine", 0.0), ("whistle", 2500.0)):
        (root / folder).mkdir()
        for i in range(6):
            soundfile.write(root / folder / f"{1 if i < 4 else 4}-{i}-A.wav", machine(10 * i + int(hz), 3.0, hz), 16000)
    return root


@pytest.fixture
def task(tmp_path):
    """task(folder) -> the task, not prepared."""
    return lambda folder, **more: make_task(
        recipes.load("anomaly", (SMALL | more).items()), folder, tmp_path / "cache", lambda _: None
    )


@pytest.fixture(scope="module")
def run_folder(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    recipe = recipes.load("anomaly", SMALL.items())
    train(make_task(recipe, data / "machine", out / "cache", lambda _: None), Run(out, recipe, ahead=False))
    return out


def test_from_a_folder_of_normal_sound_to_reports_of_another(run_folder, data):
    path = run_folder / "anomaly.lnn"
    model = load(path)
    assert (
        model.task == "anomaly" and model.metadata["normal"] == "machine" and len(model.labels) == model.frontend.n_mels
    )
    found = measure(path.read_bytes(), data, Options())
    assert found.figure == 1.0 and len(found.normal) == 2 and len(found.other) == 6
    assert [h.band for h in found.normal] == [None, None]
    hz = [float(h.band.split()[0]) for h in found.other]
    assert len(hz) == 6 and all(2200 < f < 2900 for f in hz), "at the whistle's frequency"
    assert "0 reports" in (run_folder / "card.md").read_text()
    with LNN(path.read_bytes()) as net:
        assert net.selftest() <= 2e-3


def test_in_int8_it_reports_the_same(run_folder, data, tmp_path):
    model = load(run_folder / "anomaly.lnn")
    done = compress(model, from_folder(data / "machine", model), Request("int8"))
    assert done.drop_points == 0 and done.model.task == "anomaly" and done.model.frontend.kind == "logmel_s16"
    found = measure(write(done.model), data, Options())
    assert found.figure == 1.0 and [h.band for h in found.normal] == [None, None] and all(h.band for h in found.other)


def test_half_of_the_sound_that_was_learned_from_is_near_the_usual(run_folder, data):
    with LNN((run_folder / "anomaly.lnn").read_bytes()) as net:
        score = np.concatenate(
            [unlikeness(net, soundfile.read(p, dtype="int16")[0])[0] for p in sorted((data / "machine").glob("1-*"))]
        )
    assert np.quantile(score, 0.99) < 0.5 < 5 * np.median(score)


def test_the_loss_is_what_was_not_expected_at_the_next_step():
    rng = np.random.default_rng(0)
    log_mel, outputs = (torch.from_numpy(rng.normal(size=(5, 2, 3))) for _ in range(2))
    dt = torch.tensor([[0.02, 0.02], [0, 0.02], [0.04, 0], [0, 0.04], [0.04, 0]])

    class Net:
        features = staticmethod(lambda x: x)

    batch = Expected(log_mel, dt, torch.zeros_like(dt), torch.zeros(2, dtype=torch.bool), 0.02)
    total, steps = 0.0, 0
    for b in range(2):
        expected = np.zeros(3)
        for t in range(5):
            if dt[t, b] > 0:
                total, steps = total + np.mean((log_mel[t, b].numpy() - expected) ** 2), steps + 1
            expected = outputs[t, b].numpy()
    assert float(batch.loss(outputs, Net)) == pytest.approx(total / steps)


def test_other_units_shrink_errors_alone():
    model = small_model(1, labels=tuple(f"{i} Hz" for i in range(40)))
    model.task = "anomaly"
    audio, unit = machine(3), np.full(40, 2.0)
    samples = (audio * 32768).astype(np.int16)

    def s(m):
        with LNN(write(m)) as net:
            score = unlikeness(net, samples)[0]
        return score / (1 - score)

    assert np.allclose(s(in_units_of(model, unit)), s(model) / 4, rtol=0.02)


def test_one_long_recording_is_cut(task, tmp_path):
    (tmp_path / "one").mkdir()
    soundfile.write(tmp_path / "one/all of it.wav", machine(1, 20.0), 16000)
    made = task(tmp_path / "one")
    made.prepare()
    blocks = {
        split: int(made.store.blocks[made.store.where(split=split)].sum()) for split in ("training", "validation")
    }
    assert blocks == {"training": 1600, "validation": 400}
    batch = made.batch(4, 7)
    assert torch.equal(batch.log_mel, made.batch(4, 7).log_mel) and not torch.equal(
        batch.log_mel, made.batch(4, 8).log_mel
    )


@pytest.mark.parametrize("seconds, level, words", [(4.0, 1.0, "3.2 s of normal sound"), (20.0, 1e-4, "energy gate")])
def test_too_little_sound_is_refused(task, tmp_path, seconds, level, words):
    (tmp_path / "few").mkdir()
    soundfile.write(tmp_path / "few/a.wav", machine(1, seconds) * level, 16000)
    made = task(tmp_path / "few")
    with pytest.raises(AudioError, match=words):
        made.prepare()
        made.trainer()


def test_no_folder_is_refused(task, tmp_path):
    for folder in (None, tmp_path / "none"):
        with pytest.raises(AudioError, match="--data DIR"):
            task(folder)


def test_liquid_test_needs_the_normal_folder_and_another(run_folder, data):
    with pytest.raises(AudioError, match="'machine'"):
        measure((run_folder / "anomaly.lnn").read_bytes(), data / "machine", Options())


def test_what_training_cut_in_time_is_measured_as_it_was_cut(data, tmp_path):
    """One normal recording, by its name neither held out nor the only one that is."""
    for name in ("1-0-A", "4-4-A"):  # all learned from, or all held out, by the fold in the name
        root = tmp_path / name
        (root / "machine").mkdir(parents=True)
        soundfile.write(root / f"machine/{name}.wav", machine(1, 20.0), 16000)
        (root / "whistle").symlink_to(data / "whistle")
        recipe = recipes.load("anomaly", (SMALL | {"train.epoch_steps": 2}).items())
        path = train(
            make_task(recipe, root / "machine", root / "cache", lambda _: None),
            Run(root / "run", recipe, ahead=False),
        )
        seconds = {
            split: [h.seconds for h in measure(path.read_bytes(), root, Options(split)).normal]
            for split in ("training", "validation", "all")
        }
        assert seconds == {"training": [16.0], "validation": [4.0], "all": [20.0]}
        assert sum(map(len, from_folder(root / "machine", load(path)).check)) == 4 * 16000
