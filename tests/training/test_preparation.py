# SPDX-License-Identifier: MIT
"""From a user's folder to a frame store and a model that is not lost: what is refused, kept, shown and chosen."""

import shutil

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio import AudioError, Voice
from liquid_audio_nets.audio.speech import engines
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training.data import sources as sources_module
from liquid_audio_nets.training.data.frame_store import FrameStore
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks.registry import TASKS, make_task
from tiny_recordings import make

SMALL = {"model.hidden_dim": [4], "train.epochs": 1, "train.epoch_steps": 2, "train.batch": 4, "train.warmup_steps": 1}
WORDS = SMALL | {
    "data.labels": ["yes", "no", "_unknown_", "_silence_"],
    "data.synthetic": 0,
    "data.clipped_share": 0.0,
    "data.codec_share": 0.0,
}


def prepared(name, settings, data, out, **more):
    """The task and its recipe."""
    recipe = recipes.load(name, settings.items())
    return make_task(recipe, data, out / "cache", more.pop("report", lambda text: None), **more), recipe


def finished(name, settings, data, out):
    """The path of a trained model and what was reported."""
    said = []
    task, recipe = prepared(name, settings, data, out, report=said.append)
    return train(task, Run(out / "run", recipe, report=said.append, ahead=False)), said


def quiet(path, seconds=2.0):
    """A clip whose first part is silent."""
    sound = 0.3 * np.sin(np.arange(8000) * 0.3)
    soundfile.write(path, np.concatenate([np.zeros(int(16000 * seconds)), sound]), 16000)


@pytest.mark.parametrize("labels", [["yes", "no", "_unknown_"], ["yes", "no"], ["yes", "no", "_silence_"]])
def test_labels_without_silence_make_a_model(words, tmp_path, labels):
    path, _ = finished("keywords", WORDS | {"data.labels": labels}, words, tmp_path)
    assert load(path).label_names == labels


def test_golden_vectors_come_from_a_clip_that_opens_the_gate(words, tmp_path):
    """The first clip begins with two seconds of silence, the second one is silent throughout."""
    root = shutil.copytree(words, tmp_path / "data")
    quiet(root / "no/0_first.wav")
    soundfile.write(root / "no/1_silent.wav", np.zeros(16000), 16000)
    path, _ = finished("keywords", WORDS, root, tmp_path)
    with LNN.load(path) as net:
        assert net.selftest() < 2e-3 and len(load(path).golden.audio) == 8000


@pytest.mark.parametrize(
    "name, settings",
    [
        (
            "wake-word",
            {"data.positives": "computer", "data.negatives": ["talk"], "data.wake_words": [], "data.commands": []},
        ),
        ("vad", {"data.speech": ["talk", "digits"]}),
        ("sounds", {"data.labels": ["talk", "digits"]}),
    ],
)
def test_a_silent_first_clip_is_passed_over_in_every_task(tmp_path, name, settings):
    data = make(tmp_path / "data")
    for folder in ("computer", "talk"):
        soundfile.write(data / folder / "0000.wav", np.zeros(16000), 16000)
    noise = {"data.noise": ["_background_noise_"]} if name != "sounds" else {}
    settings = (
        SMALL | settings | noise | ({"data.synthetic": 0, "data.digits": ["digits"]} if name == "wake-word" else {})
    )
    path, _ = finished(name, settings, data, tmp_path)
    with LNN.load(path) as net:
        assert net.selftest() < 2e-3


def test_a_training_is_not_lost_if_no_clip_opens_the_gate(words, tmp_path):
    path, said = finished("keywords", WORDS | {"policy.energy_threshold": 0.9}, words, tmp_path)
    assert load(path).golden is None and any("no golden vectors" in line for line in said)


def test_some_sounds_are_learned_through_a_codec_as_well(words, tmp_path):
    counts = []
    for share in (0.0, 1.0):
        task, _ = prepared("keywords", WORDS | {"data.codec_share": share}, words, tmp_path / str(share))
        task.prepare()
        speech = task.store.where(label=("yes", "no", "_unknown_"), split="training")
        counts.append(len(speech))
    assert counts[1] == 2 * counts[0]
    first, copy = speech[:2]  # a sound and its copy
    assert task.store.word[first] == task.store.word[copy] and task.store.blocks[first] == task.store.blocks[copy]


def test_some_sounds_are_learned_clipped_as_well(words, tmp_path):
    counts, peaks = [], []
    for share in (0.0, 1.0):
        task, _ = prepared("keywords", WORDS | {"data.clipped_share": share}, words, tmp_path / str(share))
        speech = ("yes", "no", "_unknown_")
        task.prepare()
        counts.append([len(task.store.where(label=speech, split=split)) for split in ("training", "validation")])
        peaks.append(task.store.energy.max())
    assert counts[1] == [2 * counts[0][0], counts[0][1]]  # nothing is measured on clipped copies
    assert peaks[1] > 3 * peaks[0]


def test_a_misspelt_label_is_refused_before_anything_is_prepared(words, tmp_path, monkeypatch):
    monkeypatch.setattr(sources_module, "say", lambda *_: pytest.fail("something was spoken"))
    task, _ = prepared("keywords", WORDS | {"data.labels": ["yess", "no"], "data.synthetic": 9}, words, tmp_path)
    with pytest.raises(AudioError, match=r"no recordings of 'yess'; did you mean yes\?"):
        task.prepare()
    assert not FrameStore.exists(task.cache)


SPOKEN = WORDS | {"data.synthetic": 3, "data.synthetic_unknown": 0}


@pytest.fixture
def speech(monkeypatch):
    """Speech without programs; fails: the texts at which Ctrl-C comes; the list of what was spoken."""
    spoken, fails = [], set()

    def say(text, voice):
        if text in fails:
            raise KeyboardInterrupt
        spoken.append(text)
        return (5000 * np.sin(np.arange(4000) * 0.3)).astype(np.int16)

    monkeypatch.setattr(sources_module, "say", say)
    both = [Voice("espeak-ng", "en+m1"), Voice("flite", "slt")]
    monkeypatch.setattr(sources_module, "voices", lambda by, language: both)
    monkeypatch.setattr("liquid_audio_nets.training.tasks.keywords.engines", lambda by: ["flite"])
    return spoken, fails


def test_an_interrupted_preparation_goes_on(words, tmp_path, speech):
    spoken, fails = speech
    fails.add("no")
    task, _ = prepared("keywords", SPOKEN, words, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        task.prepare()
    assert "yes" in spoken and not FrameStore.exists(task.cache)
    spoken.clear()
    fails.clear()
    task.prepare()
    assert set(spoken) == {"no"} and len(task.store.where(label="yes", source="synthetic")) == 3
    assert not task.cache.with_name(f"{task.cache.name}-speech").exists()


def test_preparation_shows_how_far_it_is(words, tmp_path, speech):
    shown = []
    task, _ = prepared("keywords", SPOKEN, words, tmp_path, progress=lambda done, total: shown.append((done, total)))
    task.prepare()
    done, total = zip(*shown, strict=True)
    assert done == tuple(range(len(shown))) and total[0] >= len(shown) - 2
    assert len(task.store) == done[-1]


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
def test_words_spoken_at_once_are_those_spoken_one_by_one(words, tmp_path, monkeypatch):
    made = []
    for order in (sources_module.in_order, map):
        monkeypatch.setattr(sources_module, "in_order", order)
        task, _ = prepared("keywords", SPOKEN, words, tmp_path / str(len(made)))
        made.append([s.samples.tobytes() for s in task.sources() if s.source == "synthetic"])
    assert made[0] == made[1] and len(made[0]) == 6


def test_other_layouts_train(words, tmp_path):
    """Hugging Face's folders: the split is the folders'."""
    for k, word in enumerate(("yes", "no", "tree")):
        for i, file in enumerate(sorted((words / word).iterdir())[:12]):
            split = ("train", "train", "validation", "test")[i % 4]
            (tmp_path / "data" / split / word).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, tmp_path / "data" / split / word / f"{k}{i}.wav")
    task, _ = prepared("keywords", WORDS, tmp_path / "data", tmp_path)
    task.prepare()
    counts = {split: len(task.store.where(label="yes", split=split)) for split in ("training", "validation", "testing")}
    assert counts == {"training": 6, "validation": 3, "testing": 0}


def test_every_recipe_has_its_task():
    assert set(TASKS) == {recipes.load(name)["task"] for name in recipes.names()}
