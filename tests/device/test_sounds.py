# SPDX-License-Identifier: MIT
"""device/sounds.py with the shipped model, run as users run it."""

import re

import pytest
from liquid_audio_nets.board.machine import set_audio
from liquid_audio_nets.lnn import load
from liquid_audio_nets.lnn.integer import INTEGER_FRONTENDS
from virtual_board import ROOT

MODEL, SCRIPT = ROOT / "device/models/sounds.lnn", ROOT / "device/sounds.py"


@pytest.fixture
def hearing(m4f, speech):
    m4f.send(MODEL.read_bytes(), "/models/sounds.lnn")
    m4f.release()
    set_audio(m4f.board, speech[0])
    return m4f


def test_classes_are_named_with_their_confidence(hearing):
    """Speech is none of its classes, so it takes a low threshold to name one."""
    out = hearing.mpremote(
        "run",
        SCRIPT,
        "exec",
        "print('again')\nfor name in net.labels: net.thresholds[name] = 0.2\nlisten()",
    )
    heard = re.findall(r"^ *[\d.]+ s  (\S+) +([\d.]+)  energy", out.split("again")[1], re.M)
    labels = load(MODEL).label_names
    assert heard and all(name in labels and 0.2 <= float(confidence) <= 1 for name, confidence in heard)
    assert out.rstrip().endswith("0 overruns")


def test_the_model_is_what_its_card_says(hearing):
    model = load(MODEL)
    assert model.task == "sounds" and model.frontend.kind in INTEGER_FRONTENDS and model.cells[0].weight == "int8"
    assert (
        float(hearing.exec("import liquid_audio\nprint(liquid_audio.LNN.load('/models/sounds.lnn').selftest())")) == 0
    )
