# SPDX-License-Identifier: MIT
"""The integer engine against the equation and the exact spectrum: the same, dequantised, numbers in float."""

import dataclasses

import numpy as np
import pytest
from liquid_audio_nets.lnn import Cell, Readout, write
from liquid_audio_nets.lnn.integer import NUMBER_LIMIT
from liquid_audio_nets.native import LNN, add_golden, clip_features, run_clip
from liquid_audio_nets.reference import cell as reference
from small_model import babble, integer_model, noise

FEATURE, STATE = 2.0**12, 2.0**15


def dequantised(model):
    """The same network in float: scale is q48 over the inputs' own fraction."""

    def cell(c, input_one):
        inputs = c.weights_inputs * (np.asarray(c.scale_inputs, float) * input_one / 2**48)[:, None]
        state = c.weights_state * (np.asarray(c.scale_state, float) * STATE / 2**48)[:, None]
        rows, bias = np.concatenate([inputs, state], 1), np.asarray(c.bias) / 2**16
        return Cell(rows[::2], rows[1::2], bias[::2], bias[1::2], c.tau_s, c.gate_clamp_q11 / 2**11)

    ones = [FEATURE] + [STATE] * (len(model.cells) - 1)
    ro = model.readout
    readout = Readout(
        ro.weights * (np.asarray(ro.scale, float) * STATE / 2**48)[:, None],
        np.asarray(ro.bias) / 2**16,
        ro.smoothing_s,
        ro.idle_label,
    )
    return dataclasses.replace(model, cells=[cell(*c) for c in zip(model.cells, ones, strict=True)], readout=readout)


@pytest.mark.parametrize("units", [(8,), (8, 6), (64, 64)])
@pytest.mark.parametrize("timesteps", [(0.001, 0.001), (0.02, 0.02), (1.0, 1.0), (0.001, 1.0)])
def test_integer_steps_follow_the_equation(units, timesteps):
    model, rng = integer_model(len(units), units=units), np.random.default_rng(1)
    network, lnn = reference.Network(dequantised(model)), LNN(write(model))
    shortest, longest = timesteps
    worst = 0.0
    for _ in range(300):
        features = np.round(rng.normal(size=40) * FEATURE).clip(-32767, 32767) / FEATURE
        dt = round(np.exp(rng.uniform(np.log(shortest), np.log(longest))), 6)
        worst = max(worst, np.abs(lnn.step(features, dt) - network.step(features, dt)).max())
    scale = np.abs(network.readout.w).sum(1).max() + np.abs(network.readout.b).max()
    assert worst < 1e-3 * scale, f"{worst:.2g} of {scale:.2g}"


def emphasised_reference(audio, ends, model):
    """Pre-emphasis, window, power, mel, log2 in float64."""
    fe = model.frontend
    x = np.asarray(audio, np.float64)
    dense = np.zeros((fe.n_mels, fe.fft_points // 2 + 1))
    at = 0
    for row, start, count in zip(dense, fe.mel_start, fe.mel_count, strict=True):
        row[start : start + count] = np.round(fe.mel_weights[at : at + count]) / 32768
        at += int(count)
    features = []
    for end in ends:
        window = x[end - len(fe.window) : end]
        before = np.concatenate([window[:1], window[:-1]])
        y = (window - before * 31 / 32) * np.round(fe.window) / 32768
        power = np.abs(np.fft.rfft(y, fe.fft_points)) ** 2
        level = np.log2(dense @ power * 256 + fe.floor)
        features.append((level - fe.mean / 2**16) * fe.scale / 2**22)
    return np.array(features)


LIMIT = NUMBER_LIMIT / 4096


@pytest.mark.parametrize("level", [0.3, 0.03, 0.003, 0.0003])
def test_integer_features_follow_the_float_ones(level):
    """White noise: after pre-emphasis its lowest channels lie near the 16-bit FFT's own noise."""
    model, audio, ends = integer_model(), noise(32_000, 3, level), np.arange(512, 32_000, 160)
    with LNN(write(model)) as lnn:
        got = clip_features(lnn, audio, ends)
    difference = np.abs(got - np.clip(emphasised_reference(audio, ends, model), -LIMIT, LIMIT))
    assert np.median(difference) < 0.02 and np.quantile(difference, 0.95) < 0.4


def test_golden_vectors_and_blocks_of_an_integer_model():
    model = add_golden(integer_model(2), babble(16_000, 1), tolerance=0.0)
    audio = babble(20_000, 9)
    with LNN(write(model)) as lnn:
        assert lnn.selftest() == 0.0, "integers are equal to the bit"
        whole = lnn.process(audio).scores
        lnn.reset()
        for at in range(0, 20_000, 333):
            pieces = lnn.process(audio[at : at + 333]).scores
        assert pieces == whole
        assert run_clip(lnn, np.zeros(16_000, np.int16)).label == 2
