# SPDX-License-Identifier: MIT
"""near_misses.py as users run it: what it keeps is the sound that its microphone heard."""

import re

import numpy as np
import pytest
import soundfile
from liquid_audio_nets.audio import say, write_wav
from liquid_audio_nets.board.machine import set_audio
from liquid_audio_nets.evaluation import fetch
from liquid_audio_nets.lnn import load, write
from virtual_board import ROOT

SCRIPT = ROOT / "device/near_misses.py"
FILE_SAMPLES = 24000  # 1.5 s


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A wav in which the wake word is said five times, and its samples."""
    rng = np.random.default_rng(5)
    pause = (rng.normal(size=24000) * 8).astype(np.int16)
    samples = np.concatenate([piece for _ in range(5) for piece in (pause, say("computer"))] + [pause])
    path = tmp_path_factory.mktemp("near") / "near.wav"
    write_wav(path, samples)
    return path, samples


def listen(machine, audio, threshold: float) -> list[tuple[float, str]]:
    """(time in s, path on the board) of each near-miss with this threshold."""
    model = load(ROOT / "device/models/computer.lnn")
    model.labels[0].threshold = threshold
    machine.send(write(model), "/models/computer.lnn")
    machine.release()
    set_audio(machine.board, audio[0])
    output = machine.mpremote("run", SCRIPT)
    assert "near-misses kept in /near_misses" in output, output
    return [(float(t), path) for t, path in re.findall(r"^ *([\d.]+) s  computer [\d.]+  (\S+)\s*$", output, re.M)]


def test_what_is_detected_is_no_near_miss(m4f, audio):
    assert listen(m4f, audio, 0.5) == []


def test_near_misses_are_kept_in_a_ring_and_fetched(m4f, audio, tmp_path):
    kept = listen(m4f, audio, 0.999999)
    assert len(kept) >= 3
    fetched = [soundfile.read(path, dtype="int16")[0] for path in fetch(m4f.link(), tmp_path)]
    assert len(fetched) == len(kept)
    for time_s, _ in kept:
        end = round(time_s * 16000)
        heard = audio[1][max(end - FILE_SAMPLES, 0) : end]
        assert any(len(f) == FILE_SAMPLES and np.array_equal(f[-len(heard) :], heard) for f in fetched)
    before = set(map(str, tmp_path.rglob("*.wav")))
    short = SCRIPT.read_text().replace("FILES = 8", "FILES = 2")
    (tmp_path / "short.py").write_text(short)
    m4f.mpremote("exec", "import os\nfor name in os.listdir('near_misses'): os.remove('near_misses/' + name)")
    m4f.mpremote("run", tmp_path / "short.py")
    assert len(eval(m4f.exec("import os\nprint(os.listdir('near_misses'))"))) == 2
    assert fetch(m4f.link(), tmp_path) == [] and set(map(str, tmp_path.rglob("*.wav"))) == before
