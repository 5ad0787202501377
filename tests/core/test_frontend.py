# SPDX-License-Identifier: MIT
"""The C front-end against the NumPy reference."""

import numpy as np
import pytest
from liquid_audio_nets.audio.dataset import scan
from liquid_audio_nets.lnn import load, write
from liquid_audio_nets.native import LNN, clip_features
from liquid_audio_nets.reference.frontend import FEATURE_LIMIT, FrontEnd
from small_model import babble, noise, small_model


def reference_of(model) -> FrontEnd:
    fe = FrontEnd(
        window_samples=model.frontend.fft_points,
        channels=model.frontend.n_mels,
        low_hz=0.0,
        mean=model.frontend.mean,
        inv_std=model.frontend.inv_std,
    )
    fe.mel = model.frontend.mel_dense()
    return fe


@pytest.mark.parametrize("points", [16, 64, 128, 256, 512, 1024])
def test_features_are_those_of_the_reference(points):
    model = small_model(window_samples=points, channels=min(40, points // 4), low_hz=0.0)
    audio = np.concatenate([noise(5000), babble(30000), np.full(2000, 32767, np.int16), np.zeros(2000, np.int16)])
    ends = np.random.default_rng(0).integers(-10, len(audio) + 100, 300)
    with LNN(write(model)) as lnn:
        features = clip_features(lnn, audio, np.maximum(ends, 0))
    expected = reference_of(model).features(audio, np.maximum(ends, 0))
    difference = np.abs(features - expected)
    assert np.quantile(difference, 0.998) < 1e-4
    assert difference.max() < 1e-3, "in single precision a step of full scale leaks into channels 100 dB below"


def test_one_window_is_the_same_as_many(model_bytes):
    audio = noise(4096)
    with LNN(model_bytes) as lnn:
        many = clip_features(lnn, audio, [512, 1000])
        assert np.array_equal(many[0], lnn.features(audio[:512]))
        assert np.array_equal(many[1], lnn.features(audio[488:1000]))


@pytest.mark.parametrize("level", [0, 1, -1, 32767, -32768])
def test_constant_audio_gives_finite_features(model_bytes, level):
    with LNN(model_bytes) as lnn:
        assert np.isfinite(lnn.features(np.full(512, level, np.int16))).all()


def recordings(root):
    """Every clip of the validation speakers, where the project's data lies beside; else made-up speech."""
    folder = root.parent / "shared/data/speech_commands"
    if folder.is_dir():
        labels = ["yes", "no", "up", "down", "left", "right", "stop", "go", "_unknown_"]
        return [samples for _, samples in scan(folder, labels, "validation").read()]
    return [babble(16000, seed=seed) for seed in range(50)]


def test_what_training_hears_is_what_the_core_hears(root):
    """Training reads the reference's frames: within 1e-4 of full scale of the core's on the validation set."""
    path = root / "device/models/keywords_f32.lnn"
    reference, worst = reference_of(load(path)), []
    with LNN.load(path) as lnn:
        for samples in recordings(root):
            ends = np.arange(320, len(samples) + 1, 320)
            worst.append(np.abs(clip_features(lnn, samples, ends) - reference.features(samples, ends)).max())
    assert max(worst) < 1e-4 * FEATURE_LIMIT
    assert np.quantile(worst, 0.98) < 1e-4
