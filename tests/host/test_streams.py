# SPDX-License-Identifier: MIT
"""liquid-test --stream and liquid-tune: words and other sounds as hours without a reset."""

import dataclasses
import json
import sys
from pathlib import PurePath

import numpy as np
import pytest
import tiny_recordings
from liquid_audio_nets.audio import AudioError, say
from liquid_audio_nets.audio.mixing import rms
from liquid_audio_nets.evaluation import MicroWakeWord, curve, micro_wake_word_test, stream_test, tune
from liquid_audio_nets.evaluation.playback import CONDITIONS, word_end_s
from liquid_audio_nets.evaluation.tuning import THRESHOLDS, Curves
from liquid_audio_nets.lnn import load, save, write
from liquid_audio_nets.native import LNN
from small_model import small_model
from test_commands import command

LABELS = ("computer", "_unknown_", "_silence_")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return tiny_recordings.make(tmp_path_factory.mktemp("streams") / "data", count=3)


@pytest.fixture(scope="module")
def model():
    """Random weights that say `computer` now and then."""
    model = small_model(seed=23, labels=LABELS)
    model.task = "wake_word"
    model.labels[0] = dataclasses.replace(model.labels[0], threshold=0.4, refractory_us=200_000)
    return model


@pytest.fixture(scope="module")
def played(model, recordings):
    return stream_test(write(model), recordings, "all")


def test_events_are_what_the_core_reports_on_the_same_stream(model, recordings, played):
    """Every false accept of the traces is a detection of the core, and the other way round."""
    for stream in played.others.values():
        with LNN(write(model)) as lnn:
            lnn.reset()
            pause, found, at = np.zeros(16000, np.int16), [], 0
            tick = lnn.tick_samples
            sound = np.concatenate([piece for r in stream.recordings for piece in (r.samples, pause)])
            for at in range(len(sound) // tick):
                if lnn.process(sound[at * tick : (at + 1) * tick]).keyword_detected:
                    found.append(at)
        events = stream.events(played.labels, played.thresholds, played.refractory_ticks)
        ticks = [stream.begin_tick[which] + round(event.at_s / stream.tick_s) - 1 for which, event in events]
        assert ticks == found
    assert sum(map(len, played.false_accepts().values())) > 0


def test_every_condition_and_source_is_reported(played, recordings):
    told = "\n".join(played.lines())
    assert all(f"recall {c.name}: " in told for c in CONDITIONS)
    assert all(f"  {name}: " in told for name in ("talk", "digits", "_background_noise_"))
    result = played.as_json()
    assert result["false_accepts"] == sum(len(s["false_accepts"]) for s in result["sources"].values())
    assert result["hours"] == pytest.approx(sum(s["hours"] for s in result["sources"].values()))


def test_phrases_that_hold_the_word_are_left_out(model, recordings, tmp_path):
    here = tmp_path / "data"
    here.mkdir()
    for folder in recordings.iterdir():
        (here / folder.name).symlink_to(folder)
    (here / "hey_computer").symlink_to(recordings / "talk")
    assert "hey_computer" not in stream_test(write(model), here, "all").others


def test_levels_and_noise_change_what_is_played():
    tone = (8000 * np.sin(np.arange(16000) * 0.3)).astype(np.int16)
    quiet, clipped = (next(c for c in CONDITIONS if c.name.startswith(n)).play(tone, 0) for n in ("-40", "+20"))
    assert (
        abs(quiet).max() in (79, 80)
        and abs(clipped).max() >= 32767
        and (abs(clipped.astype(int)) >= 32767).mean() > 0.5
    )
    noisy = CONDITIONS[-1].play(tone, 0)
    assert np.corrcoef(noisy, tone)[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.1)
    paused = np.concatenate([tone, np.zeros(48000, np.int16)])  # pauses count: the noise is 6 dB quieter
    assert rms(CONDITIONS[-1].play(paused, 0)[20000:]) == pytest.approx(rms(tone) / 2, rel=0.05)


def test_the_end_of_a_word_is_the_end_of_its_loud_part():
    samples = np.zeros(16000, np.int16)
    samples[4000:8000] = 5000
    assert word_end_s(samples) == 0.5 and word_end_s(np.zeros(5, np.int16)) == 0.0


def test_tuning_keeps_its_promise(played):
    """At the chosen thresholds the streams have no more false accepts than asked for, and a looser limit hears no less."""
    heard = []
    for per_hour in (0.0, 200.0, 1e6):
        tuning = tune(played, per_hour)
        chosen = np.array([tuning.thresholds.get(label, 0.0) for label in played.labels], np.float32)
        count = sum(map(len, played.false_accepts(chosen).values()))
        assert count <= per_hour * played.hours or tuning.thresholds["computer"] == THRESHOLDS[-1]
        heard.append(tuning.recall)
    assert heard == sorted(heard) and heard[-1] > 0


def test_the_budget_is_spent_where_it_hears_most():
    curves = Curves(np.array([[9, 5, 1], [9, 2, 0]]), np.array([[4, 1, 0], [9, 1, 0]]), 20)
    chosen = np.array([2, 2])
    curves.spend(chosen, np.array([0, 1]), 2)
    assert chosen.tolist() == [1, 1]


def test_commands(model, recordings, tmp_path):
    path = tmp_path / "computer.lnn"
    save(model, path)
    words = ("--model", path, "--data", recordings, "--stream", "--split", "all")
    result = json.loads(command("test", *words, "--json", "--against", "micro-wake-word:alexa").stdout)
    assert result["false_accepts"] >= 0 and len(result["curve"]) == len(THRESHOLDS)
    assert result["against"]["micro-wake-word:alexa"]["hours"] == pytest.approx(result["hours"], abs=1e-4)
    assert "false accepts: " in command("test", *words).stdout
    refused = command("test", *words[:-3], "--against", "micro-wake-word:alexa", expect=2)
    assert "add --stream" in refused.stderr
    page, options = tmp_path / "report.html", ("--model", path, "--stream", recordings, "--split", "all")
    assert "no threshold is strict enough" in command("tune", *options, "--max-per-hour", 0, expect=6).stderr
    assert load(path).labels[0].threshold == pytest.approx(0.4)
    command("tune", *options, "--max-per-hour", 1e6, "--apply", "--html", page)
    assert np.isclose(THRESHOLDS, load(path).labels[0].threshold).any() and "<svg" in page.read_text()


def test_a_curve_has_a_point_for_each_threshold(played):
    points = curve(played)
    assert [p["threshold"] for p in points] == THRESHOLDS.tolist()
    assert all(points[0][name] > 0 for name in ("recall", "false_accepts_per_hour"))
    assert [p["recall"] for p in points] == sorted((p["recall"] for p in points), reverse=True)


def test_micro_wake_word_hears_the_same_other_sounds(played, recordings):
    """Its own folder holds its word, and everything else is played as ours was."""
    ours = dataclasses.replace(played, others=dict(played.others))
    calls = [
        dataclasses.replace(r, place=PurePath("wake_words/alexa", r.place.name)) for r in ours.others["talk"].recordings
    ]
    ours.others["wake_words"] = dataclasses.replace(ours.others.pop("talk"), recordings=calls)
    theirs = micro_wake_word_test("micro-wake-word:alexa", ours)
    assert theirs.others.keys() == ours.others.keys() - {"wake_words"} and theirs.labels == ("alexa",)
    for source, stream in theirs.others.items():
        assert stream.hours == pytest.approx(ours.others[source].hours, abs=1e-4)
    assert {name: heard.said for name, heard in theirs.heard().items()} == {
        c.name: {"alexa": len(calls)} for c in CONDITIONS
    }
    assert "recall: no recordings of alexa" in micro_wake_word_test("micro-wake-word:alexa", played).lines()[0]


def test_micro_wake_word_is_played_as_its_package_plays_it():
    from pymicro_wakeword import MicroWakeWord as Packaged
    from pymicro_wakeword import MicroWakeWordFeatures, Model

    samples = np.concatenate([np.zeros(16000, np.int16), say("alexa"), np.zeros(16000, np.int16)])
    packaged, features = Packaged.from_builtin(Model.ALEXA), MicroWakeWordFeatures()
    theirs = [packaged.process_streaming_prob(f) for f in features.process_streaming(samples.tobytes())]
    model = MicroWakeWord("micro-wake-word:alexa")
    for _ in range(2):  # the second time as the first
        probability, steps = model.trace(samples)
        assert steps.all() and probability.max() > 0.1
        assert probability[1:, 0] == pytest.approx(theirs[2::3][: len(probability) - 1])


def test_a_model_to_compare_with_is_named_in_one_sentence(monkeypatch):
    with pytest.raises(AudioError, match="no such model; give one of micro-wake-word:"):
        MicroWakeWord("micro-wake-word:computer")
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(AudioError, match=r"pip install 'liquid-audio-nets\[against\]'"):
        MicroWakeWord("micro-wake-word:alexa")


def test_what_cannot_be_measured_is_said(model, recordings, tmp_path):
    with pytest.raises(AudioError, match="no recordings of computer"):
        (tmp_path / "talk").symlink_to(recordings / "talk")
        stream_test(write(model), tmp_path, "all")
    other = small_model(labels=("speech", "_silence_"))
    other.task = "vad"
    with pytest.raises(AudioError, match="task is vad"):
        stream_test(write(other), recordings)
