# SPDX-License-Identifier: MIT
"""What liquid-test measures of wake words and of voice activity, against what can be computed by hand."""

import json

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio.held_out import Recordings, part_of
from liquid_audio_nets.audio.mixing import active_rms, rms
from liquid_audio_nets.audio.speech_in_noise import block_power, is_clean, scene, speech_blocks
from liquid_audio_nets.evaluation import Options, measure
from liquid_audio_nets.evaluation.traces import (
    accepts,
    area_under_roc,
    detections,
    leading,
    refractory_ticks,
    trace,
    trace_with_steps,
)
from liquid_audio_nets.evaluation.wake_word import WakeSounds, rate_interval, share_interval
from liquid_audio_nets.lnn import save, write
from liquid_audio_nets.native import LNN, run_clip
from small_model import babble, small_model
from test_commands import command
from tiny_recordings import make


def test_names_tell_what_is_held_out():
    assert part_of("0a7c2a8d_nohash_2.wav") == part_of("0a7c2a8d_nohash_9.opus")
    assert part_of("4-1234-A.opus") == "validation" and part_of("1-1234-A.opus") == "training"
    for speaker in ("george", "lucas"):
        assert len({part_of(f"{speaker}_{n}.wav") for n in range(20)}) == 1
    shares = [part_of(f"clip{n}x.wav") for n in range(3000)]
    assert 0.17 < shares.count("validation") / 3000 < 0.23 and "testing" not in shares


def test_splits_share_nothing(tmp_path):
    data = make(tmp_path)
    parts = {
        split: list(Recordings(data, (split,)).read(".", "_background_noise_")) for split in ("training", "validation")
    }
    files = {split: {r.path for r in found if not r.is_noise} for split, found in parts.items()}
    assert len(files["training"]) == len(files["validation"]) == 12 and not files["training"] & files["validation"]
    noise = [r.samples for split in ("training", "validation") for r in parts[split] if r.is_noise]
    whole, _ = soundfile.read(data / "_background_noise_/hiss.wav", dtype="int16")
    assert np.array_equal(np.concatenate(noise), whole)


def test_speech_is_where_the_clean_signal_is_loud():
    power = np.full(100, 1e-9)
    power[20:30] = power[36:50] = 0.01
    power[70:80] = 0.01
    active = speech_blocks(power)
    assert active[20:50].all() and not active[:19].any() and not active[52:68].any() and active[70:80].all()
    assert is_clean(power) and not any(map(is_clean, (np.full(50, 0.01), np.zeros(0), np.zeros(50))))


def test_a_scene_has_the_ratio_asked_for_and_knows_its_speech():
    rng = np.random.default_rng(0)
    word = np.concatenate([np.zeros(8000), 9000 * np.sin(np.arange(8000) * 0.3), np.zeros(8000)]).astype(np.int16)
    noise = (rng.standard_normal(160000) * 500).astype(np.int16)
    made = scene([word, word], noise, 5.0, (0.5, 0.5), rng)
    quiet, loud = made.samples[~made.speech], made.samples[made.speech]
    ratio = 10 * np.log10((rms(loud) ** 2 - rms(quiet) ** 2) / rms(quiet) ** 2)
    assert abs(ratio - 5.0) < 0.3 and abs(made.speech.sum() - 16000) < 1000
    plain, held = made.ticks(512), made.ticks(512, hangover_s=0.05)
    assert len(plain) == len(made.samples) // 512 and (held | ~plain).all() and 2 <= held.sum() - plain.sum() <= 4
    far = made.far_from_changes(512, 0.05)
    assert 8 <= (~far).sum() <= 16 and (plain == held)[far].all()
    assert active_rms(word) > 0.15 and abs(block_power(word).max() - rms(word[8000:16000]) ** 2) < 1e-3


@pytest.mark.parametrize("threshold", (0.55, 0.7, 0.9))
def test_events_of_a_threshold_are_the_cores_own(threshold):
    model = small_model(2)
    audio = babble(16000 * 20, 5)
    with LNN(write(model)) as lnn:
        for i in range(2):
            lnn.thresholds[i] = 0.0
        lnn.thresholds["yes"] = threshold
        wanted = [round(d.time_s / (lnn.tick_samples / 16000)) - 1 for d in run_clip(lnn, audio).detections]
        found = accepts(leading(trace(lnn, audio), 0), threshold, round(0.1 * 16000 / lnn.tick_samples))
    assert len(wanted) > 3 and found.tolist() == wanted


@pytest.mark.parametrize("threshold", (0.5, 0.7, 0.9))
def test_events_of_several_labels_are_the_cores_own(threshold):
    model, audio = small_model(6), babble(16000 * 20, 5)
    for k, label in enumerate(model.labels):
        label.refractory_us = 100_000 * (k + 1)
    with LNN(write(model)) as lnn:
        for i in range(len(lnn.labels)):
            lnn.thresholds[i] = threshold
        wanted = [(d.time_s, d.label) for d in run_clip(lnn, audio).detections]
        ticks = refractory_ticks(model, lnn.tick_samples / lnn.sample_rate)
        found = detections(*trace_with_steps(lnn, audio), np.full(3, threshold), ticks)
        found = [((tick + 1) * lnn.tick_samples / 16000, lnn.labels[label]) for tick, label in found]
    assert len(wanted) > 3 and len({label for _, label in wanted}) > 1 and found == wanted


def test_area_under_roc():
    score, truth = np.array([0.9, 0.8, 0.4, 0.4, 0.1]), np.array([True, False, True, False, False])
    assert area_under_roc(score, truth) == pytest.approx((3 + 1.5) / 6)


def test_intervals_are_the_published_ones():
    low, high = rate_interval(0, 2.0)
    assert low == 0 and high == pytest.approx(3.689 / 2, abs=1e-3)
    assert rate_interval(3, 1.0) == pytest.approx((0.6187, 8.7673), abs=1e-3)
    assert share_interval(2, 67) == pytest.approx((0.0082, 0.1025), abs=2e-3)


@pytest.fixture
def models(tmp_path):
    """Untrained: what is counted must add up all the same."""
    paths = {}
    for task, labels in (("wake_word", ("computer", "_unknown_", "_silence_")), ("vad", ("speech", "_silence_"))):
        model = small_model(1, labels=labels)
        model.task = task
        paths[task] = tmp_path / f"{task}.lnn"
        save(model, paths[task])
    return paths


def test_wake_word_command(models, tmp_path):
    data = make(tmp_path / "data")
    result = json.loads(command("test", "--model", models["wake_word"], "--data", data, "--snr", 10, "--json").stdout)
    assert (
        result["task"] == "wake_word"
        and result["clips"] == 4
        and set(result["conditions"]) == {"as recorded", "noise at 10 dB"}
    )
    assert result["distinct_hours"] == pytest.approx((8 * 1.2 + 1.6) / 3600, rel=0.05)
    heard = result["conditions"]["as recorded"]["false_accepts"]
    assert set(heard) == {"talk", "digits", "_background_noise_"}
    assert result["false_accepts"] == sum(sum(c["false_accepts"].values()) for c in result["conditions"].values())
    rejects = [p["false_rejects"] for p in result["det"]]
    assert rejects == sorted(rejects)
    text = command("test", "--model", models["wake_word"], "--data", data).stdout
    assert "false rejects" in text and "per hour (95 % interval" in text
    assert (
        "is below"
        in command("test", "--model", models["wake_word"], "--data", data, "--min-accuracy", 1, expect=6).stderr
        or result["false_reject_rate"] == 0
    )
    every = json.loads(
        command("test", "--model", models["wake_word"], "--data", data, "--split", "all", "--json").stdout
    )
    assert every["clips"] == 8


def test_a_folder_named_noise_is_heard_beside_the_background_noise(tmp_path):
    data = make(tmp_path)
    (data / "talk").rename(data / "noise")
    (data / "_background_noise_/street").mkdir()
    (data / "_background_noise_/hiss.wav").rename(data / "_background_noise_/street/hiss.wav")
    for split, count in (("validation", 4), ("all", 8)):
        others = WakeSounds.read(data, "computer", split).others
        assert {name: len(found) for name, found in others.items()} == {
            "noise": count,
            "digits": count,
            "_background_noise_": count // 4,
        }


def test_vad_command(models, tmp_path):
    data = make(tmp_path / "data")
    arguments = ("--model", models["vad"], "--data", data, "--snr", 20, "--snr", 5)
    result = json.loads(command("test", *arguments, "--json").stdout)
    assert (
        [row["snr_db"] for row in result["by_snr"]] == [20, 5] and result["utterances"] == 12 and result["noises"] == 1
    )
    assert result["auc"] == result["by_snr"][1]["area"] and 0 <= result["auc"] <= 1
    assert "area under ROC" in command("test", *arguments).stdout
    assert "is below" in command("test", *arguments, "--min-accuracy", 1, expect=6).stderr


def test_noise_in_a_folder_of_any_name_is_told_to_vad(models, tmp_path):
    data = make(tmp_path / "data")
    (data / "street").mkdir()
    soundfile.write(data / "street/tram_1.wav", 0.02 * np.random.default_rng(1).standard_normal(32000), 16000)
    arguments = ("test", "--model", models["vad"], "--data", data, "--split", "all", "--snr", 5)
    plain = json.loads(command(*arguments, "--json").stdout)
    assert plain["speech_folders"] == ["computer", "digits", "street", "talk"]  # and says so
    told = json.loads(command(*arguments, "--noise", "street", "--json").stdout)
    assert told["speech_folders"] == ["computer", "digits", "talk"]
    assert told["noise_folders"] == ["_background_noise_", "street"] and told["noises"] == plain["noises"] + 1
    assert "as noise: _background_noise_, street" in " ".join(command(*arguments, "--noise", "street").stdout.split())
    assert "no folder 'tram'" in command(*arguments, "--noise", "tram", expect=2).stderr
    arguments = ("test", "--model", models["wake_word"], "--data", data, "--noise", "street")
    assert "--noise is for models of the task vad" in " ".join(command(*arguments, expect=2).stderr.split())


@pytest.mark.parametrize(
    "task, folder, sentence",
    [("wake_word", "computer", "folder named 'computer'"), ("vad", "_background_noise_", "noise in a folder")],
)
def test_missing_recordings_are_named(models, tmp_path, task, folder, sentence):
    import shutil

    data = make(tmp_path / "data")
    shutil.rmtree(data / folder)
    assert sentence in command("test", "--model", models[task], "--data", data, expect=2).stderr
    assert "no such folder" in command("test", "--model", models[task], "--data", tmp_path / "none", expect=2).stderr


def test_other_tasks_are_left_to_the_accuracy_of_clips(tmp_path):
    assert measure(write(small_model()), tmp_path, Options()) is None
