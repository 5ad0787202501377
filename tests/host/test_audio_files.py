# SPDX-License-Identifier: MIT
"""Sound files: channels that cancel each other out."""

import warnings

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio.files import read_audio
from liquid_audio_nets.errors import LiquidWarning
from small_model import babble
from test_commands import command

SPEECH = babble(16000, 1)


def written(path, *channels):
    soundfile.write(path, np.stack(channels, 1), 16000)
    return path


def test_antiphase_stereo_is_heard_with_a_warning(tmp_path):
    path = written(tmp_path / "anti [x].wav", SPEECH // 2, -SPEECH)
    with pytest.warns(LiquidWarning, match=r"anti \[x\]\.wav: the channels cancel each other out"):
        samples, converted = read_audio(path)
    assert converted and np.array_equal(samples, -SPEECH)


@pytest.mark.parametrize(
    "other", [SPEECH, 0 * SPEECH, babble(16000, 2), SPEECH // 3], ids=["same", "silent", "unrelated", "quieter"]
)
def test_other_stereo_is_averaged_without_one(tmp_path, other):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples, _ = read_audio(written(tmp_path / "stereo.wav", SPEECH, other))
    assert np.abs(samples - (SPEECH.astype(float) + other) / 2).max() <= 1


def test_silence_in_many_channels_is_silence(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not read_audio(written(tmp_path / "quad.wav", *[0 * SPEECH] * 4))[0].any()


def test_the_command_says_it_in_one_line(tmp_path, model_path):
    (tmp_path / "data/yes").mkdir(parents=True)
    written(tmp_path / "data/yes/a.wav", SPEECH, -SPEECH)
    done = command("test", "--model", model_path, "--data", tmp_path / "data")
    assert "warning: " in done.stderr and done.stderr.count("\n") == 1 and "cancel" in done.stderr
