# SPDX-License-Identifier: MIT
"""device/anomaly.py with the shipped model: what the board says is what the host's C core says."""

import re

import numpy as np
import pytest
from liquid_audio_nets.audio import write_wav
from liquid_audio_nets.board.machine import set_audio
from liquid_audio_nets.lnn import load
from liquid_audio_nets.native import LNN, clip_features
from scipy.signal import firwin2, lfilter
from virtual_board import ROOT

MODEL = ROOT / "device/models/anomaly.lnn"
BLOCK = 640
LINE = re.compile(r"([\d.]+) s  not usual: ([\d.]+) times the limit, most at (\d+ Hz) \((\d+) % of it\)")


def usual_noise(seconds: float) -> np.ndarray:
    """Noise with the spectrum that the model learned to be usual, int16 (n,)."""
    model, rng = load(MODEL), np.random.default_rng(1)
    white, level_db, samples = rng.standard_normal(int(seconds * 16000)), np.zeros(len(model.labels)), None
    middles = np.array([float(name.split()[0]) for name in model.label_names])
    octaves = model.frontend.scale / 2.0**22  # a feature an octave of power
    with LNN(MODEL.read_bytes()) as net:
        for _ in range(8):
            gain = 10 ** (level_db / 20)
            shape = firwin2(513, [0, *(middles / 8000), 1], [gain[0], *gain, gain[-1]])
            samples = np.clip(3000 * lfilter(shape, 1, white), -32768, 32767).astype(np.int16)
            level_db -= 3 * clip_features(net, samples, np.arange(8000, len(samples), 1600)).mean(0) / octaves
    return samples


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Three seconds as usual, three with a whistle at 2500 Hz."""
    samples = usual_noise(6.0).astype(np.float64)
    whistle = 12 * samples.std() * np.sin(2 * np.pi * 2500 * np.arange(len(samples)) / 16000)
    return np.clip(samples + np.where(np.arange(len(samples)) < 48_000, 0, whistle), -32768, 32767).astype(np.int16)


@pytest.fixture
def board(m4f, sound, tmp_path):
    m4f.send(MODEL.read_bytes(), "/models/anomaly.lnn")
    m4f.release()
    write_wav(tmp_path / "sound.wav", sound)
    set_audio(m4f.board, tmp_path / "sound.wav")
    return m4f


def on_host(sound: np.ndarray) -> list[tuple[str, str, str, str]]:
    """What device/anomaly.py has to print."""
    lines = []
    with LNN(MODEL.read_bytes()) as net:
        for at in range(0, len(sound), BLOCK):
            r = net.process(sound[at : at + BLOCK])
            if r.keyword_detected:
                lines.append(
                    (
                        f"{(at + BLOCK) / 16000:.2f}",
                        f"{r.confidence / (1.0001 - r.confidence):.1f}",
                        r.keyword,
                        f"{100 * r.scores[r.label]:.0f}",
                    )
                )
    return lines


def test_a_whistle_is_reported_as_on_the_host(board, sound):
    out = board.mpremote("run", ROOT / "device/anomaly.py")
    said = LINE.findall(out)
    assert said and said == on_host(sound), out
    assert 3.0 < float(said[0][0]) < 4.5 and 2200 < float(said[0][2].split()[0]) < 2800
    ending = re.search(r"([\d.]+) s of audio, highest score ([\d.]+), ([\d.]+) M \w+ per second, (\d+) overruns", out)
    assert float(ending[1]) == 6.0 and float(ending[2]) > 0.5 and float(ending[3]) < 3 and ending[4] == "0"


def test_thresholds_change_at_the_repl(board):
    out = board.mpremote(
        "run",
        ROOT / "device/anomaly.py",
        "exec",
        "report_from(0, 2000, 3000)\nnet.reset()\nprint('again')\nlisten()",
    )
    before, after = out.split("again")
    assert LINE.search(before) and "s of audio" in after
    assert not any(2000 <= float(band.split()[0]) <= 3000 for _, _, band, _ in LINE.findall(after))


def test_without_a_model_it_says_so(board):
    board.mpremote("exec", "import os; os.remove('/models/anomaly.lnn')")
    said = board.mpremote("run", ROOT / "device/anomaly.py")
    assert "ENOENT: models/anomaly.lnn" in said and "liquid-upload device/models/anomaly.lnn" in said


def test_a_model_of_another_task_is_refused(board):
    board.mpremote("cp", ROOT / "device/models/vad.lnn", ":/models/anomaly.lnn")
    assert "was not made by liquid-train anomaly" in board.mpremote("run", ROOT / "device/anomaly.py")
