# SPDX-License-Identifier: MIT
"""wake.py and vad.py as users run them, beside the C core of the host on the same recording."""

import re

import numpy as np
import pytest
from liquid_audio_nets.audio import say, write_wav
from liquid_audio_nets.audio.held_out import Recordings
from liquid_audio_nets.board.machine import set_audio
from liquid_audio_nets.native import LNN
from virtual_board import ROOT

MODELS, BLOCK = ROOT / "device/models", 320
HOLD_MS, THRESHOLD = 300, 0.5  # as in vad.py


def recorded(folder: str, word: str, count: int) -> list[np.ndarray]:
    """Held-out recordings where they are at hand, else synthetic speech."""
    found = [r.samples for r in Recordings(ROOT.parent / "shared/data", ("validation",)).read(folder, most=count)]
    return found or [say(word)] * count


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """A wav with the wake word and other words in pauses, and its samples."""
    rng = np.random.default_rng(4)
    words = recorded("wake_words/computer", "computer", 3) + recorded("speech_commands/happy", "happy", 2)
    pause = (rng.normal(size=16000) * 8).astype(np.int16)
    samples = np.concatenate([piece for word in words for piece in (pause, word)] + [pause])
    path = tmp_path_factory.mktemp("wake") / "wake.wav"
    write_wav(path, samples)
    return path, samples


@pytest.fixture
def board(m4f, audio):
    for name in ("computer.lnn", "vad.lnn"):
        m4f.send((MODELS / name).read_bytes(), f"/models/{name}")
    m4f.release()
    set_audio(m4f.board, audio[0])
    return m4f


def events(output: str) -> list[tuple[float, str]]:
    """(time, rest of the line) of each line that begins with a time."""
    return [(float(t), rest.strip()) for t, rest in re.findall(r"^ *([\d.]+) s  (\S.*?)\s*$", output, re.M)]


def test_wake_hears_what_the_host_hears(board, audio):
    heard = []
    with LNN.load(MODELS / "computer.lnn") as net:
        for at in range(0, len(audio[1]), BLOCK):
            result = net.process(audio[1][at : at + BLOCK])
            if result.keyword_detected:
                heard.append((round(net.counters()["samples"] / 16000, 2), f"{result.keyword} {result.confidence:.3f}"))
    output = board.mpremote("run", ROOT / "device/wake.py")
    assert events(output) == heard and 1 <= len(heard) <= 3
    assert "s of audio" in output and "0 overruns" in output


def test_wake_can_be_tuned_at_the_repl(board):
    output = board.mpremote(
        "run",
        ROOT / "device/wake.py",
        "exec",
        "net.thresholds['computer'] = 0\nprint('again')\nlisten()",
    )
    assert (
        events(output.split("again")[0])
        and not events(output.split("again")[1])
        and "s of audio" in output.split("again")[1]
    )


def test_vad_says_what_the_host_says(board, audio):
    said, left_ms = [], 0
    with LNN.load(MODELS / "vad.lnn") as net:
        for at in range(0, len(audio[1]), BLOCK):
            result, before = net.detect_activity(audio[1][at : at + BLOCK]), left_ms > 0
            speaks = result.is_speech and result.confidence >= THRESHOLD
            left_ms = HOLD_MS if speaks else max(left_ms - 20, 0)
            if before != (left_ms > 0):
                said.append((round(net.counters()["samples"] / 16000, 2), "speech" if left_ms else "quiet"))
    output = board.mpremote("run", ROOT / "device/vad.py")
    assert events(output) == said and len(said) >= 8 and "0 overruns" in output


def test_vad_can_be_tuned_at_the_repl(board):
    output = board.mpremote("run", ROOT / "device/vad.py", "exec", "hold_ms = 5000\nprint('again')\nlisten()")
    first, again = map(events, output.split("again"))
    assert len(again) < len(first) and again[0][1] == "speech"


@pytest.mark.parametrize("script, model", [("wake.py", "computer.lnn"), ("vad.py", "vad.lnn")])
def test_without_a_model_they_say_so(board, script, model):
    board.mpremote("exec", f"import os; os.remove('/models/{model}')")
    said = board.mpremote("run", ROOT / "device" / script)
    assert f"ENOENT: models/{model}" in said and f"liquid-upload device/models/{model}" in said
