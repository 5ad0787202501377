# SPDX-License-Identifier: MIT
"""Recordings of one's own beside a word of --say: what is held out, what is learned, and what is refused."""

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio import AudioError
from liquid_audio_nets.audio.speech import engines
from liquid_audio_nets.training.data import own as own_module
from liquid_audio_nets.training.data.own import own_recordings
from liquid_audio_nets.training.data.placement import Chooser, Mixture
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks import wake_word
from liquid_audio_nets.training.tasks.registry import make_task
from tiny_recordings import make


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for k in range(7):
        word = 0.3 * np.sin(np.arange(9600) * (0.2 + 0.01 * k))
        soundfile.write(folder / f"me_{k}.wav", word, 16000)
    return folder


def found(folder, words=("marvin",), data="/nowhere"):
    return own_recordings(folder, words, own_module.Path(data), lambda line: None)


@pytest.mark.parametrize("count", [7, 4, 2])
def test_some_are_held_out_and_always_the_same(mine, count):
    for file in sorted(mine.iterdir())[count:]:
        file.unlink()
    splits, again = ([r.split for _, r in found(mine)] for _ in range(2))
    assert splits == again and len(splits) == count and set(splits) == {"training", "validation"}


def test_names_of_speakers_hold_out_as_in_any_data(mine):
    for k in range(4):
        (mine / f"me_{k}.wav").rename(mine / f"{'abcd'[k]}you_{k}.wav")
    splits = {}
    for _, r in found(mine):
        splits.setdefault(r.path.stem.split("_")[0], set()).add(r.split)
    assert all(len(split) == 1 for split in splits.values())


def test_words_have_folders_and_may_lack_recordings(mine):
    (mine / "marvin").mkdir()
    for file in mine.glob("*.wav"):
        file.rename(mine / "marvin" / file.name)
    assert {word for word, _ in found(mine, ("sheila", "marvin"))} == {"marvin"}


@pytest.mark.parametrize(
    "words, keep, sentence",
    [
        ((), 7, "name the word with --say"),
        (("marvin",), 1, r"1 recording of 'marvin'; at least 2"),
        (("marvin", "sheila"), 7, r"0 recordings of 'marvin'"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(mine, words, keep, sentence):
    for file in sorted(mine.iterdir())[keep:]:
        file.unlink()
    with pytest.raises(AudioError, match=sentence):
        found(mine, words)


def test_recordings_below_the_data_are_refused_because_they_measure(mine):
    with pytest.raises(AudioError, match="only measure"):
        found(mine, data=mine.parent)
    with pytest.raises(AudioError, match="no such folder"):
        found(mine / "nothing")


@pytest.mark.skipif("espeak-ng" not in engines(), reason="espeak-ng is not installed")
@pytest.mark.parametrize("name", ["wake-word", "keywords"])
def test_a_said_word_learns_from_them_too(name, mine, words, tmp_path, monkeypatch):
    monkeypatch.setattr(wake_word, "SAID", 4)
    settings = {
        "data.say": "marvin",
        "data.recordings": str(mine),
        "data.synthetic_unknown": 0,
        "data.clipped_share": 0.0,
        "data.codec_share": 0.0,
    }
    if name == "wake-word":
        data = make(tmp_path / "data")
        settings |= {"data.synthetic": 30, "data.synthetic_confusable": 0, "data.synthetic_sentence": 0}
        settings |= {"data.negatives": ["talk"], "data.digits": ["digits"], "data.noise": ["_background_noise_"]}
    else:
        data = words
        settings |= {"data.labels": "yes,no,_unknown_,_silence_", "data.synthetic": 0, "data.synthetic_said": 30}
    made = make_task(recipes.load(name, settings.items()), data, tmp_path / "cache", lambda text: None)
    made.prepare()
    store, own = made.store, made.store.where(source="own")
    held_out = made.store.where(source="own", split="validation")
    assert set(store.label[own]) == {"marvin"} and len(own) == 5 * (7 - len(held_out)) + len(held_out)
    mixture = Mixture(1.0, 0.0, 0.0, 0.35, 0.3, made.recipe["mixture"]["unknown_kinds"])
    chooser, rng = Chooser(store, ("marvin", "_unknown_"), mixture), np.random.default_rng(0)
    drawn = np.array([chooser.keyword(rng)[1] for _ in range(600)])
    assert 0.24 < np.isin(drawn, own).mean() < 0.36 and not np.isin(drawn, held_out).any()
    if name == "wake-word":
        assert len(made.choosing.positives) + len(made.reported.positives) == 4 + len(held_out)
        assert f" and {7 - len(held_out)} recordings of its user's own" in made.own_note()
