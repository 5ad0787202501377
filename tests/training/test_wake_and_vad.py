# SPDX-License-Identifier: MIT
"""Recipes wake-word and vad: what they read, what they make of it, a tiny run of each through the frame."""

import shutil

import numpy as np
import pytest
import torch
from liquid_audio_nets.audio import AudioError
from liquid_audio_nets.audio.speech import engines, say
from liquid_audio_nets.audio.speech_in_noise import SPEECH_LEVEL
from liquid_audio_nets.evaluation import Options, measure
from liquid_audio_nets.evaluation.vad import SpeechAndNoise
from liquid_audio_nets.evaluation.wake_word import AS_RECORDED, NOISE, Heard, WakeResult
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN
from liquid_audio_nets.training.data.near_words import forms, near_words
from liquid_audio_nets.training.data.sources import MADE_NOISE
from liquid_audio_nets.training.loop.log import read_log
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks import wake_word
from liquid_audio_nets.training.tasks.registry import make_task
from tiny_recordings import make, names

SMALL = {"model.hidden_dim": [6], "train.epochs": 1, "train.epoch_steps": 3, "train.batch": 8}
WAKE = SMALL | {
    "data.positives": "computer",
    "data.negatives": ["talk"],
    "data.wake_words": [],
    "data.digits": ["digits"],
    "data.commands": [],
    "data.noise": ["_background_noise_"],
    "data.synthetic": 0,
    "data.clipped_share": 0.0,
    "data.codec_share": 0.0,
}
VAD = SMALL | {"data.speech": ["talk", "digits"], "data.noise": ["_background_noise_"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("recordings"))


@pytest.fixture
def task(data, tmp_path):
    """task(name, settings) -> a prepared task."""

    def of(name, settings):
        made = make_task(recipes.load(name, settings.items()), data, tmp_path / name, lambda text: None)
        made.prepare()
        return made

    return of


def test_wake_word_sounds_by_label_and_split(task):
    store = task("wake-word", WAKE).store
    count = {
        (label, split): len(store.where(label=label, split=split))
        for label in ("computer", "_unknown_", "_silence_")
        for split in ("training", "validation")
    }
    assert count == {
        ("computer", "training"): 4,
        ("computer", "validation"): 4,
        ("_unknown_", "training"): 8,
        ("_unknown_", "validation"): 8,
        ("_silence_", "training"): 1 + MADE_NOISE,
        ("_silence_", "validation"): 1,
    }


def test_the_word_among_other_words_is_no_negative(task):
    store = task("wake-word", WAKE | {"data.commands": ["."]}).store
    assert len(store.where(word="computer")) == 8 and set(store.label[store.word == "computer"]) == {"computer"}


@pytest.mark.parametrize("name, settings", [("wake-word", WAKE), ("vad", VAD)])
def test_the_weight_of_work_reaches_the_trainer(task, name, settings):
    config = task(name, settings | {"train.complexity_penalty": 0.5, "train.sparsity_penalty": 0.25}).trainer().config
    assert (config.complexity_penalty, config.sparsity_penalty) == (0.5, 0.25)


def test_confusable_words_are_spoken_as_negatives(task):
    made = task("wake-word", WAKE)
    made.recipe["data"] |= {
        "synthetic": 6,
        "confusable": ["commuter"],
        "synthetic_confusable": 2,
        "synthetic_unknown": 1,
        "synthetic_sentence": 1,
    }
    spoken = {text: (label, count) for text, label, count in made._spoken()}
    assert spoken["computer"] == ("computer", 6) and spoken["commuter"] == ("_unknown_", 2)
    assert spoken["das Wetter soll am Wochenende besser werden"] == spoken["what time is it"]  # other languages, too
    assert spoken["happy"] == ("_unknown_", 1) and spoken["what time is it"] == ("_unknown_", 1)
    made.word = "commuter"
    assert [label for text, label, _ in made._spoken() if text == "commuter"] == ["commuter"]


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
def test_each_word_has_near_words_of_its_own(data, tmp_path):
    settings = WAKE | {
        "data.say": ["alexa"],
        "data.synthetic": 2,
        "data.synthetic_unknown": 0,
        "data.synthetic_confusable": 3,
    }
    task = make_task(recipes.load("wake-word", settings.items()), data, tmp_path / "cache", lambda text: None)
    near = [text for text, _, count in task._spoken() if count == 3]
    assert len(near) > 8 and not set(near) & set(near_words("computer")) and "commuter" in near_words("computer")
    assert all(text.startswith("[[") and len(say(text)) > 1000 for text in near)
    drawn = {text: by for text, _, by in task.sources()._voices()}
    assert all(voice.engine == "espeak-ng" for text in near for voice in drawn[text])


def test_near_forms_differ_in_one_place_and_leave_accents_alone():
    sounds = ["a#", "l", "'E", "k", "s", "@"]
    found = forms(sounds)
    assert all(form != sounds for form in found) and len({tuple(form) for form in found}) == len(found)
    whole = [form for form in found if len(form) == len(sounds)]
    assert all(sum(a != b for a, b in zip(form, sounds, strict=True)) == 1 for form in whole)
    assert not any(form[0] != "a#" or form[5] != "@" for form in whole)  # vowels without stress differ between speakers


def test_one_keyword_gives_batches_of_every_kind(task):
    made = task(
        "wake-word",
        WAKE
        | {f"mixture.unknown_kinds.{kind}": 1.0 for kind in ("spliced", "reversed")}
        | {"mixture.unknown": 1.0, "timing.stream_share": 0.5},
    )
    allowed = {seed: made.batch(16, seed).allowed for seed in range(6)}
    assert all(a.shape[2] == 3 and a.any(2).all() for a in allowed.values())


def test_vad_batches_say_for_every_tick_whether_somebody_speaks(task):
    made = task(
        "vad",
        VAD
        | {
            "speech.clean_share": 1.0,
            "speech.dt_augment": 0.0,
            "speech.silent_share": 0.0,
            "augment.mask_share": 0.0,
            "augment.band_share": 0.0,
            "speech.gain_db": [0, 0],
        },
    )
    batch = made.batch(16, 1)
    assert batch.allowed.shape[2] == 2 and (batch.allowed.sum(2) == 1).all()
    speaks, loud = batch.allowed[..., 0], batch.log_mel.exp().sum(2)
    assert 0.1 < speaks.float().mean() < 0.9
    assert loud[speaks].median() > 300 * loud[~speaks].median()
    assert torch.equal(made.batch(16, 1).log_mel, batch.log_mel) and not torch.equal(
        made.batch(16, 2).allowed, batch.allowed
    )


def test_noise_by_any_name_is_no_speech_to_measure_on(data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data/_background_noise_").rename(tmp_path / "data/street")
    for name in names("tram", 1):
        shutil.copy(tmp_path / "data/street/hiss.wav", tmp_path / "data/street" / name)
    (tmp_path / "data/street/hiss.wav").unlink()
    before = SpeechAndNoise.read(data, "all")
    sounds = SpeechAndNoise.read(tmp_path / "data", "all", noise=["street"])
    assert len(sounds.speech) == len(before.speech) and len(sounds.noises) > 0
    recipe = recipes.load("vad", (VAD | {"data.noise": ["street"]}).items())
    path = train(
        make_task(recipe, tmp_path / "data", tmp_path / "cache", lambda text: None),
        Run(tmp_path / "run", recipe, ahead=False),
    )
    assert measure(path.read_bytes(), tmp_path / "data", Options("all")).noises == len(sounds.noises)


def test_vad_noise_is_as_far_below_speech_as_asked(task):
    made = task(
        "vad",
        VAD
        | {
            "speech.snr_db": [5, 5],
            "speech.clean_share": 0.0,
            "speech.silent_share": 1.0,
            "speech.gain_db": [0, 0],
            "speech.tick_blocks": [2],
        },
    )
    maker, rng = made.training, np.random.default_rng(0)
    noise = np.stack([maker.noise(200, rng) for _ in range(4)], 1)
    gain = SPEECH_LEVEL**2 * 10**-0.5 / maker.energy[noise].mean(0)
    _, energy = maker.gather(noise, np.broadcast_to(gain, noise.shape), 2)
    assert np.allclose(10 * np.log10(SPEECH_LEVEL**2 / energy.mean(0)), 5.0, atol=0.01)
    assert not made.batch(8, 3).allowed[..., 0].any()


@pytest.mark.parametrize(
    "name, settings, file, kind", [("wake-word", WAKE, "computer", "wake_word"), ("vad", VAD, "vad", "vad")]
)
def test_a_run_from_folders_to_a_model(task, tmp_path, name, settings, file, kind):
    made, run = task(name, settings), tmp_path / "run"
    path = train(made, Run(run, made.recipe, ahead=False))
    assert path == run / f"{file}.lnn"
    model = load(path)
    assert model.task == kind and model.policy.max_timestep_us == 64_000
    with LNN.load(path) as lnn:
        assert lnn.selftest() < 1e-3
    assert len(read_log(run / "log.csv")) == 1 and len(list((run / "calibration").glob("*.wav"))) > 10
    card = (run / "card.md").read_text()
    assert "Held-out" in card and "ESC's fold 4" in card
    assert (kind == "wake_word") == ("h of sound without a word" in card)
    unit = "false_accepts_per_hour" if kind == "wake_word" else "share_of_false_events_accepted"
    assert (run / "det.csv").read_text().startswith(f"threshold,false_rejects,{unit}") and (run / "det.png").exists()


def test_a_network_that_is_not_exported_has_its_card(task, tmp_path):
    made = task("vad", VAD | {"model.cell_kind": "gru"})
    assert train(made, Run(tmp_path / "run", made.recipe, ahead=False)).name == "last.safetensors"
    assert "cell kind 'gru'" in (tmp_path / "run/card.md").read_text()


SAID = {
    "data.say": ["marvin"],
    "data.commands": ["."],
    "data.synthetic_confusable": 0,
    "data.synthetic_unknown": 0,
    "data.synthetic_sentence": 0,
}


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
@pytest.mark.parametrize("recorded", (False, True))
def test_a_wake_word_without_recordings_is_said(data, tmp_path, monkeypatch, recorded):
    monkeypatch.setattr(wake_word, "SAID", 6)
    root = shutil.copytree(data, tmp_path / "data")
    if recorded:  # then they measure it, and are no negatives
        (root / "computer").rename(root / "marvin")
    recipe = recipes.load("wake-word", (WAKE | SAID | {"data.synthetic": 40}).items())
    made = make_task(recipe, root, tmp_path / "cache", lambda text: None)
    path = train(made, Run(tmp_path / "run", recipe, ahead=False))
    assert path == tmp_path / "run/marvin.lnn" and load(path).label_names[0] == "marvin"
    word = made.store.where(label="marvin")
    assert set(made.store.source[word]) == {"synthetic"} and set(made.store.split[word]) == {"training", "validation"}
    assert "marvin" not in made.store.word[made.store.label == "_unknown_"]
    assert len(made.choosing.positives) + len(made.reported.positives) == (4 if recorded else 6)
    assert "learned from synthetic speech alone" in (tmp_path / "run/card.md").read_text()


@pytest.mark.parametrize(
    "settings, sentence",
    [({"data.say": ["a", "b"]}, "only one wake word"), ({"data.say": ["marvin"]}, "data.synthetic utterances")],
)
def test_what_cannot_be_said_is_refused(task, settings, sentence):
    with pytest.raises(AudioError, match=sentence):
        task("wake-word", WAKE | settings)


@pytest.mark.parametrize(
    "name, settings, sentence",
    [
        ("wake-word", WAKE | {"data.positives": "jarvis"}, "no sound files in jarvis"),
        ("wake-word", WAKE | {"data.negatives": [], "data.digits": []}, "'_unknown_' has 0 recordings to learn from"),
        ("vad", VAD | {"data.noise": ["nothing"]}, "no sound files in nothing"),
    ],
)
def test_missing_folders_are_named(task, name, settings, sentence):
    with pytest.raises(AudioError, match=sentence):
        task(name, settings)


def test_without_data_the_option_is_named(tmp_path):
    with pytest.raises(AudioError, match="--data"):
        make_task(recipes.load("vad"), None, tmp_path, print)


def test_one_half_of_the_held_out_sounds_chooses_and_the_other_is_reported(task):
    made = task("wake-word", WAKE)
    halves = [
        {str(r.place) for recordings in (half.positives, *half.others.values()) for r in recordings}
        for half in (made.choosing, made.reported)
    ]
    single = {str(r.place) for r in made.reported.others[NOISE]}
    assert halves[0] & halves[1] <= single and all(len(half.positives) == 2 for half in (made.choosing, made.reported))
    assert len(halves[0] | halves[1]) == 12 + len(single)


def test_the_epoch_with_the_fewest_false_accepts_at_the_required_recall_is_best():
    others = np.repeat([0.6, 0.0, 0.8, 0.0, 0.97, 0.0], 100)
    heard = Heard(np.array([0.99, 0.95, 0.9, 0.7]), {"talk": others}, 0.03, 1.0)
    result = WakeResult("computer", 0.5, {AS_RECORDED: heard}, [])
    assert result.accepts_at(0.5) * result.hours == 1 and result.accepts_at(0.75) * result.hours == 1
    assert result.accepts_at(1.0) * result.hours == 2 and result.accepts_at(0.0) == 0
    deaf = WakeResult("computer", 0.5, {AS_RECORDED: Heard(np.zeros(4), {"talk": others}, 0.03, 1.0)}, [])
    assert deaf.accepts_at(0.5) == np.inf
