# SPDX-License-Identifier: MIT
"""liquid-test --device: the same clips on a board."""

import json

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio.dataset import scan
from liquid_audio_nets.cli import test as command_module
from liquid_audio_nets.evaluation import compare, spread
from local_board import LocalBoard
from small_model import babble
from test_commands import command

pytestmark = pytest.mark.usefixtures("firmware")
LABELS = ("yes", "no", "_silence_")


@pytest.fixture
def data(tmp_path):
    for k, word in enumerate(("yes", "no")):
        (tmp_path / "data" / word).mkdir(parents=True)
        for i in range(6 * (k + 1)):
            soundfile.write(tmp_path / "data" / word / f"{i:08x}_nohash_0.wav", babble(12000 + 900 * i, i), 16000)
    (tmp_path / "data/_silence_").mkdir()
    soundfile.write(tmp_path / "data/_silence_/quiet.wav", np.zeros(16000, np.int16), 16000)
    return tmp_path / "data"


def test_clips_are_spread_over_the_labels(data):
    dataset = scan(data, LABELS)
    some = spread(dataset, 7)
    assert len(some) == 7 and some.clips == spread(dataset, 7).clips
    assert some.counts()["no"] <= 3 and some.counts()["yes"] >= 2
    assert len(spread(dataset, 1000)) == len(dataset)


def test_a_board_with_the_same_core_agrees(data, model_path):
    dataset = scan(data, LABELS)
    result = compare(LocalBoard(), str(model_path), model_path.read_bytes(), dataset)
    assert result.clips == result.same_label == result.same_steps == len(dataset) == 19
    assert result.right_here == result.right_there and result.largest_difference < 1e-6


def test_command(data, model_path, monkeypatch):
    monkeypatch.setattr(command_module, "connect", lambda device: LocalBoard())
    monkeypatch.setattr(command_module, "BOARD_FOLDER", str(model_path.parent))
    arguments = ("--model", model_path, "--data", data, "--device", "auto", "--clips", 5)
    result = json.loads(command("test", *arguments, "--json").stdout)
    assert result["device"]["clips"] == result["device"]["same_label"] == 5 and result["clips"] == 19
    assert "5 of 5 clips get the same label as on the host" in command("test", *arguments).stdout
