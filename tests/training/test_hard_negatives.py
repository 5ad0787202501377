# SPDX-License-Identifier: MIT
"""Hard negatives by stages: what the network takes for a word after an epoch is learned from in the next one."""

import numpy as np
import pytest
import torch
from liquid_audio_nets.reference.frontend import FrontEnd
from liquid_audio_nets.training import LNNTrainer
from liquid_audio_nets.training.data.frame_store import FrameStore, Sound
from liquid_audio_nets.training.data.hard_negatives import ENOUGH, HardNegatives
from liquid_audio_nets.training.data.placement import NO_SOUND, Chooser, Mixture
from liquid_audio_nets.training.data.schedule import Policy
from liquid_audio_nets.training.loop import listening
from liquid_audio_nets.training.loop.listening import Heard, accepts_at, listen, misheard, without_words
from liquid_audio_nets.training.loop.run import Run, train
from liquid_audio_nets.training.settings import recipe as recipes
from liquid_audio_nets.training.tasks import base
from liquid_audio_nets.training.tasks.registry import make_task
from tiny_recordings import chirp, make

LABELS = ("computer", "_unknown_", "_silence_")
SOUNDS = (  # label, word, source, split, seconds
    ("computer", "computer", "commands", "training", 1.0),
    ("_unknown_", "talk", "negatives", "training", 6.0),
    ("_unknown_", "tree", "commands", "training", 1.0),
    ("_unknown_", "ask the computer", "synthetic", "training", 1.0),
    ("_unknown_", "tree", "commands", "validation", 1.0),
    ("_silence_", "rain", "environment", "training", 3.0),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    sounds = [
        Sound((chirp(400, 1600, k, seconds) * 32767).astype(np.int16), label, word, source, split)
        for k, (label, word, source, split, seconds) in enumerate(SOUNDS)
    ]
    return FrameStore.build(tmp_path_factory.mktemp("store"), sounds, FrontEnd())


def net_that_says(label):
    trainer = LNNTrainer({"labels": LABELS, "hidden_dim": (4,)})
    with torch.no_grad():
        trainer.average.readout.weight.zero_()
        trainer.average.readout.bias.copy_(torch.tensor([5.0 * (name == label) for name in LABELS]))
    return trainer.average


def test_only_training_sound_without_the_word_is_listened_to(store):
    assert without_words(store, LABELS).tolist() == [1, 2, 5]
    assert without_words(store, ("computer", "_unknown_")).tolist() == [1, 2]
    assert without_words(store, ("computer",)).tolist() == []


def test_what_the_network_takes_for_the_word_is_found_where_it_is(store):
    deaf, wakes, clips = net_that_says("_unknown_"), net_that_says("computer"), without_words(store, LABELS)
    for clip in clips:
        heard = listen(wakes, store, np.array([clip]), Policy(), 1, 0.5)
        assert set(heard.place[:, 0]) == {clip} and heard.hours == pytest.approx(store.blocks[clip] / 360_000)
        assert 0 < heard.place[0, 1] <= store.blocks[clip] + 3  # the gate is opened by the sound
        assert len(listen(deaf, store, np.array([clip]), Policy(), 1, 0.5).place) == 0
    whole = listen(wakes, store, clips, Policy(), 1, 0.5)
    assert np.array_equal(listen(wakes, store, clips, Policy(), 1, 0.5).place, whole.place)
    assert len(whole.place) and set(whole.place[:, 0]) <= set(clips)


def test_several_streams_hear_all_that_one_would(store, monkeypatch):
    monkeypatch.setattr(listening, "_LANE_TICKS", 40)
    heard = listen(net_that_says("computer"), store, without_words(store, LABELS), Policy(), 1, 0.5)
    assert set(heard.place[:, 0]) == {1, 2, 5}


def test_false_accepts_at_a_recall(store):
    net, others = net_that_says("computer"), without_words(store, LABELS, "validation")
    hours = store.blocks[others].sum() / 360_000
    for right, recall, count in (([0.2, 0.9, 0.8], 0.6, 1), ([0.9, 0.9999, 0.999], 0.5, 0), ([0.2, 0.9], 1.0, 1)):
        assert accepts_at(net, store, others, Policy(), np.array(right), recall) == pytest.approx(count / hours)
    assert accepts_at(net, store, others, Policy(), np.array([0.0, 0.9]), 1.0) == np.inf


def test_the_card_lists_what_is_still_misheard(store, monkeypatch):
    monkeypatch.setattr(listening, "_PAUSE_BLOCKS", (70, 80))  # the gate closes, and the evidence fades
    said = misheard(net_that_says("computer"), store, ["tree"], Policy(), np.full(3, 0.9))
    assert "- near word `tree`: 2 of 2 for computer\n- `rain`: 1 of 1" in said and "ask the computer" not in said
    for net, least in ((net_that_says("computer"), 0.9999), (net_that_says("_unknown_"), 0.1)):
        assert misheard(net, store, [], Policy(), np.full(3, least)).endswith("It took nothing for a word.")
    monkeypatch.setattr(listening, "_LISTED", 1)
    assert misheard(net_that_says("computer"), store, ["tree"], Policy(), np.full(3, 0.9)).endswith("- and 2 others")


def test_what_is_not_heard_again_fades_and_is_forgotten():
    hard = HardNegatives().after(np.array([[3, 120], [7, 40]]))
    assert hard.weight.tolist() == [1, 1] and hard.fill == 2 / ENOUGH
    hard = hard.after(np.array([[3, 150], [9, 10]]))
    assert dict(zip(map(tuple, hard.place), hard.weight, strict=True)) == {(3, 150): 1, (7, 40): 0.5, (9, 10): 1}
    for _ in range(4):
        hard = hard.after(np.zeros((0, 2), int))
    assert len(hard) == 0 and hard.fill == 0
    rng, hard = np.random.default_rng(0), HardNegatives(np.array([[1, 5], [2, 6]]), np.array([1.0, 0.25]))
    drawn = [hard.draw(rng) for _ in range(1000)]
    assert set(drawn) == {(1, 5), (2, 6)} and 0.75 < drawn.count((1, 5)) / 1000 < 0.85
    assert np.array_equal(HardNegatives.of_table(hard.table()).place, hard.place)


def test_a_batch_has_their_share_and_the_place_in_its_later_part(store):
    shares = dict.fromkeys(("commands", "digits", "wake_words", "negatives", "synthetic", "reversed"), 0.0)
    chooser = Chooser(store, LABELS, Mixture(0, 1, 0, 0, 0, shares | {"negatives": 0.5, "hard": 0.5}))
    assert dict(zip(chooser.kinds, chooser.kind_shares, strict=True)) == {"negatives": 1.0}
    chooser.take(HardNegatives(np.array([[1, 400], [5, 200]] * (ENOUGH // 4)), np.ones(ENOUGH // 2)))
    assert dict(zip(chooser.kinds, chooser.kind_shares, strict=True)) == pytest.approx(
        {"negatives": 2 / 3, "hard": 1 / 3}
    )
    chooser.take(HardNegatives(np.array([[1, 400], [5, 200]] * ENOUGH), np.ones(2 * ENOUGH)))
    shares["negatives"] = 0.0
    chooser = Chooser(store, LABELS, Mixture(0, 1, 0, 0, 0, shares | {"hard": 1.0}))
    chooser.take(HardNegatives(np.array([[1, 400], [5, 200]] * ENOUGH), np.ones(2 * ENOUGH)))
    placed = chooser.place(64, 60, 3, True, (0.9, 1.1), 0, np.random.default_rng(0))
    noise = placed.label == LABELS.index("_silence_")
    assert 16 < noise.sum() < 48 and (placed.label[~noise] == LABELS.index("_unknown_")).all()
    for b in range(64):
        woke = store.offset[5] + 200 if noise[b] else store.offset[1] + 400
        played = placed.frames[:, b]
        near = np.abs(np.where(played == NO_SOUND, -(10**6), played) - woke)
        assert near.min() <= 2 and 60 * 0.35 < near.argmin() <= 60


def test_each_stage_learns_from_what_the_last_one_took_for_the_word(tmp_path, monkeypatch):
    def listen(net, store, clips, policy, seed, thresholds):
        assert thresholds == 0.5
        return Heard(np.column_stack([clips[:3], [40 + seed] * 3]), np.zeros(3, int), 1.5)

    monkeypatch.setattr(base, "listen", listen)
    settings = {"model.hidden_dim": [6], "train.epochs": 3, "train.epoch_steps": 3, "train.batch": 8}
    settings |= {"data.positives": "computer", "data.negatives": ["talk"], "data.noise": ["_background_noise_"]}
    settings |= {
        "data.commands": [],
        "data.wake_words": [],
        "data.synthetic": 0,
        "data.clipped_share": 0.0,
        "data.codec_share": 0.0,
    }
    settings |= {"mixture.unknown": 1.0, "mixture.unknown_kinds.hard": 1.0}
    recipe, data = recipes.load("wake-word", settings.items()), make(tmp_path / "data")
    said = []

    def run(out, stop=0):
        def progress(p):
            if p.step == stop:
                raise KeyboardInterrupt

        task = make_task(recipe, data, tmp_path / "cache", said.append)
        train(task, Run(tmp_path / out, recipe, ahead=False, device="cpu", progress=progress, report=said.append))
        return LNNTrainer.load(tmp_path / out / "last.safetensors")

    whole = run("whole")
    lines = [line for line in said if line.startswith("listened to")]
    said_of_it = (
        "listened to 1.5 h of training sound without a word: 3 places were taken for one; the next epoch learns from 3"
    )
    assert lines == [said_of_it] * 2  # after each epoch but the last
    assert whole.kept["hard"].shape == (3, 3)
    with pytest.raises(KeyboardInterrupt):
        run("cut", stop=7)
    again = run("cut")
    assert torch.equal(again.kept["hard"], whole.kept["hard"])
    for a, b in zip(again.average.parameters(), whole.average.parameters(), strict=True):
        assert torch.equal(a, b)
    other = recipes.load("wake-word", (settings | {"mixture.unknown_kinds.hard": 0.0}).items())
    task = make_task(other, data, tmp_path / "cache", said.append)
    train(task, Run(tmp_path / "without", other, ahead=False, device="cpu"))
    assert not LNNTrainer.load(tmp_path / "without/last.safetensors").kept
