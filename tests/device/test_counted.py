# SPDX-License-Identifier: MIT
"""liquid-profile on a board that is there: its own counters, which agree with the host's counts and known costs."""

import json

import numpy as np
import pytest
from liquid_audio_nets.audio import write_wav
from liquid_audio_nets.lnn import read
from liquid_audio_nets.lnn.costs import estimate
from liquid_audio_nets.native import LNN
from test_commands import command
from virtual_board import MODEL


@pytest.fixture
def wav(speech, tmp_path):
    path = tmp_path / "short.wav"
    write_wav(path, np.concatenate([np.zeros(16000, np.int16), speech[1][8000:24000]]))
    return path


def test_counters_come_from_the_board(m4f, wav, tmp_path):
    m4f.release()
    found = json.loads(command("profile", "--device", m4f.port, "--model", MODEL, "--audio", wav, "--json").stdout)
    with LNN(MODEL.read_bytes()) as lnn:
        import soundfile

        sound = soundfile.read(wav, dtype="int16")[0]
        lnn.process(sound[: len(sound) // lnn.tick_samples * lnn.tick_samples])
        here = lnn.counters()
    assert found["figures_are"] == "counted on the board" and found["unit"] == "instructions"
    assert (found["steps"], found["detections"]) == (here["steps"], here["detections"]) and found["steps"] > 5
    assert found["gate_open"] == pytest.approx(1 - here["gated_ticks"] / here["ticks"])
    step = estimate(read(MODEL.read_bytes()), "cortex_m4")
    for stage, known in (("cells", step["cells"]), ("readout", step["readout"]), ("front-end", step["frontend"])):
        assert found["work"][stage] / found["steps"] == pytest.approx(known, rel=0.1), stage
    assert 0 < found["work"]["call"] / (found["seconds"] * 1000 / 32) < 4000
    assert found["latency_p50_s"] < found["latency_p99_s"] < 0.3 and 0 < found["busy"] < 0.2
    assert not [name for name in found if "mw" in name]


def test_a_virtual_board_by_port_as_text(m4f, wav):
    m4f.release()
    words = ["--device", m4f.port, "--model", MODEL, "--compare", MODEL, "--audio", wav]
    said = command("profile", *words).stdout
    assert "counted on mps2-an386 with Cortex-M4F" in said and "front-end" in said and "mW" not in said


def test_what_belongs_to_an_estimate_is_refused(m4f):
    said = command("profile", "--device", m4f.port, "--model", MODEL, "--clock-mhz", 16, expect=2).stderr
    assert "belong to an estimate: name a chip or a board such as stm32f407" in said
