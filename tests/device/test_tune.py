# SPDX-License-Identifier: MIT
"""tune.py at the prompt, as a person types: one line that changes, and a field that is changed while it runs."""

import re
import time

import numpy as np
import pytest
import serial
from liquid_audio_nets.audio import write_wav
from virtual_board import ROOT

LOAD = "import liquid_audio, tune; net = liquid_audio.LNN.load('models/keywords.lnn'); mic = liquid_audio.Mic({!r})\r"
LINE = re.compile(r"([\d.]+) s  [#.]{12} +-?\d+ dB  gate (open|closed) +timestep +(\d+) ms  (\S+) ([\d.]+) of ([\d.]+)")


@pytest.fixture
def prompt(m4f):
    m4f.mpremote("cp", ROOT / "device/tune.py", ":tune.py")
    m4f.release()
    with serial.Serial(m4f.port, timeout=60) as port:
        port.write(b"\r\x03\x02")
        time.sleep(0.5)
        port.reset_input_buffer()
        yield port


def said(port: serial.Serial, text: str, until: str = "\r\n>>> ") -> str:
    """What the board says until then after this was typed."""
    port.write(text.encode())
    return port.read_until(until.encode()).decode()


def test_the_line_shows_what_is_heard(prompt, speech):
    said(prompt, LOAD.format(str(speech[0])))
    text = said(prompt, "tune.live(net, mic)\r")
    lines = LINE.findall(text)
    assert len(lines) >= len(speech[1]) / 1600 - 2 and "\n" not in text[text.index("dB") : text.index("dB") + 80]
    assert "open" in {gate for _, gate, *_ in lines} and len({timestep for _, _, timestep, *_ in lines}) > 1
    assert re.search(r"\r\x1b\[K *[\d.]+ s  (yes|no|stop|go) [\d.]+\r\n", text)


def test_a_field_changed_while_it_runs_shows_at_once(prompt, tmp_path):
    """A word in a threshold, a mistake, an expression; then Ctrl-C."""
    write_wav(tmp_path / "long.wav", (np.random.default_rng(1).normal(size=16000 * 600) * 20).astype(np.int16))
    said(prompt, LOAD.format(str(tmp_path / "long.wav")))
    said(prompt, "tune.live(net, mic)\r", "timestep")
    changed = said(prompt, "net.energy_threshold = 0.5; net.hold = 0\r", "gate closed")
    assert ">>> net.energy_threshold = 0.5; net.hold = 0\r\n" in changed
    assert "ValueError: POLICY: " in said(prompt, "net.hold = -1\r", "\n\r")
    assert said(prompt, "net.energy_thx\x7freshold\r", "\r\n0.5\r\n").endswith("\r\n0.5\r\n")
    assert said(prompt, "\x03").endswith("\r\n>>> ")
    assert "0.5" in said(prompt, "net.energy_threshold\r")
