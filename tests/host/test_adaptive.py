# SPDX-License-Identifier: MIT
"""learn_timestep_controller: streams, budgets, plots, and the policy in a file. What it saves: docs/pages/power.md."""

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid_audio_nets.adaptive import BudgetError, learn_timestep_controller, mixed
from liquid_audio_nets.adaptive.search import LONGEST_MS, N, decode
from liquid_audio_nets.adaptive.stream import as_int16, read_clips
from liquid_audio_nets.audio.files import AudioError
from liquid_audio_nets.lnn import Policy, Timetable, load, read, write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.power import PowerError
from small_model import babble, tiny_numbers_model
from tiny_recordings import chirp

QUICK = {"trials": 20, "words": 4, "judged_words": 4, "latency_budget": 200.0}


@pytest.fixture(scope="module")
def keywords(root):
    return load(root / "device/models/keywords.lnn")


@pytest.fixture(scope="module")
def clips(keywords):
    """The model's own golden audio for a word, a chirp for another sound, float and int16."""
    word = keywords.golden.audio[:16000]
    sounds = [("_unknown_", chirp(300, 2000, k, seconds=1.0)) for k in range(4)]
    return [("yes", word), ("yes", word / 32768), ("yes", word), ("yes", word), *sounds]


@pytest.fixture(scope="module")
def controller(keywords, clips):
    return learn_timestep_controller(keywords, clips, **QUICK)


def test_a_stream_is_a_fifth_speech_and_half_noise(clips):
    data = read_clips(clips, ["yes"], "", 10)
    stream = mixed(data, ["yes"], words=6, seed=1)
    assert len(stream.words) == 6 and stream.seconds % 5 == 0
    assert np.array_equal(stream.samples, mixed(data, ["yes"], words=6, seed=1).samples)
    level = np.sqrt(np.mean(stream.samples.reshape(-1, 8000).astype(float) ** 2, axis=1))
    assert 0.2 < np.mean(level < 3) < 0.4, "quiet for three tenths"
    label, begin, end = stream.words[0]
    assert (label, end - begin) == ("yes", 16000)
    assert stream.judge([("yes", begin + 9000), ("yes", begin + 10000), ("no", begin + 9000)]) == (1, 1)
    assert stream.judge([("yes", end + 9000)]) == (0, 1), "too late"


def test_float_audio_is_taken_as_int16_is():
    samples = babble(1000, 0)
    assert np.array_equal(as_int16(samples / 32768), samples) and np.array_equal(as_int16(samples), samples)
    assert as_int16(np.array([2.0, -2.0])).tolist() == [32767, -32768]
    with pytest.raises(AudioError, match="int16 or float"):
        as_int16(np.array(["a"]))


@given(st.lists(st.floats(-0.5, 1.5), min_size=N, max_size=N))
def test_every_place_of_the_search_is_a_policy(x):
    choice = decode(np.array(x), Policy(32_000, 100_000))
    assert min(choice.timetable.timestep_ms) >= 32 and max(choice.timetable.timestep_ms) <= LONGEST_MS + 32
    assert choice.policy.max_timestep_us == 1000 * max(choice.timetable.timestep_ms)
    choice.timetable.fields()


def test_the_controller_says_what_it_learned(controller):
    text = str(controller)
    assert len(text.splitlines()) == 4 and "mW with microphone and sleep" in text and "estimated" in text
    assert controller.learned.trial.compute_mw <= 1.0 and len(controller.tried) >= 20
    for trial in (controller.fixed.trial, controller.hand_set.trial, controller.learned.trial):
        assert 0 < trial.compute_mw < trial.total_mw and trial.words == 4


def test_the_policy_gets_into_the_file(controller, keywords, tmp_path, root):
    table = controller.learned.choice.timetable
    changed = controller.apply(keywords)
    assert changed.timetable == table == controller.apply().timetable and keywords.timetable is None
    assert changed.policy.energy_threshold == keywords.policy.energy_threshold
    controller.save(tmp_path / "learned.lnn")
    assert read((tmp_path / "learned.lnn").read_bytes()).timetable == table
    with LNN(tmp_path / "learned.lnn") as lnn:
        assert lnn.selftest() <= 2e-3 and lnn.timetable["timestep_ms"] == list(table.timestep_ms)
    controller.save(tmp_path / "learned.json")
    said = json.loads((tmp_path / "learned.json").read_text())
    assert Timetable(*map(tuple, said["timetable"].values())) == table
    assert controller.apply(root / "device/models/keywords_micro.lnn").timetable == table


def test_plots(controller, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    for name in ("plot_policy", "plot_pareto"):
        figure = getattr(controller, name)(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000 and figure.axes
        assert getattr(controller, name)() is not None


@pytest.mark.parametrize("budget", ["power_budget", "latency_budget"])
def test_an_infeasible_budget_names_the_nearest(keywords, clips, budget):
    with pytest.raises(BudgetError, match=rf"{budget}=0.001 .* nearest feasible budget is") as caught:
        learn_timestep_controller(keywords, clips, **QUICK | {budget: 0.001})
    assert f"{caught.value.nearest:g} m" in str(caught.value)
    if budget == "power_budget":
        learn_timestep_controller(keywords, clips, **QUICK | {budget: caught.value.nearest * 2, "trials": 10})


def test_wrong_requests(keywords, clips, tmp_path):
    with pytest.raises(AudioError, match="for models that detect words"):
        learn_timestep_controller(tiny_numbers_model(), clips)
    with pytest.raises(AudioError, match="no clips of yes"):
        learn_timestep_controller(keywords, [("cat", babble(16000, 1))])
    with pytest.raises(AudioError):
        learn_timestep_controller(keywords, tmp_path)
    with pytest.raises(PowerError, match="toaster"):
        learn_timestep_controller(keywords, clips, device="toaster")
    silent = dataclasses.replace(keywords, labels=[dataclasses.replace(x, threshold=0.0) for x in keywords.labels])
    with pytest.raises(AudioError):
        learn_timestep_controller(read(write(silent)), clips)


def test_figures_are_sentences(controller):
    assert re.search(r"learned: \d\.\d{3} M instructions per second, recall", str(controller))
