# SPDX-License-Identifier: MIT
"""The core in a Zephyr application without MicroPython: what it hears is what the host's C core hears."""

import re

import numpy as np
import pytest
from keyword_sample import board_hears, host_hears
from liquid_audio_nets import board as boards
from liquid_audio_nets.audio import say, write_wav


@pytest.mark.parametrize(
    "name", ["mps2_an385", "mps2_an386", "mps2_an500", "mps2_an521", "mps3_an547", "qemu_cortex_m0", "qemu_riscv32"]
)
def test_integer_model_is_bit_identical(build_app, qemu_run, integer_model_path, babble_wav, name):
    path, samples = babble_wav
    board = boards.find_board(name)
    elf = build_app(board, "samples/keyword", integer_model_path)
    heard, counted = board_hears(qemu_run(board, elf, "report:", audio=path))
    host_heard, host_counters = host_hears(integer_model_path, samples)
    assert (counted["overruns"], counted["restarts"], counted["lost"]) == (0, 0, 0)
    assert heard == host_heard
    assert {name: counted[name] for name in ("steps", "ticks", "gated_ticks")} == {
        name: host_counters[name] for name in ("steps", "ticks", "gated_ticks")
    }


def test_confident_keywords_toggle_the_led(build_app, qemu_run, root, tmp_path):
    pause = (np.random.default_rng(4).normal(size=12000) * 6).astype(np.int16)
    samples = np.concatenate([pause, *(part for word in ("yes", "no", "stop") for part in (say(word), pause))])
    write_wav(tmp_path / "speech.wav", samples)
    board, trace = boards.find_board("mps2_an386"), tmp_path / "led.txt"
    text = qemu_run(
        board,
        build_app(board, "samples/keyword"),
        "report:",
        audio=tmp_path / "speech.wav",
        options=["-trace", "led_change_intensity", "-D", str(trace)],
    )
    heard, _ = board_hears(text)
    assert [word for word, _ in heard] == [
        word for word, _ in host_hears(root / "device/models/keywords.lnn", samples)[0]
    ]
    confident = sum(basis_points > 8000 for _, basis_points in heard)
    changes = re.findall(r"'USERLED0'.* (\d+)% -> (\d+)%", trace.read_text())
    assert changes[:2] == [("0", "100"), ("100", "0")]  # the machine's reset, the sample's start
    assert len(changes) - 2 == confident > 1


def test_ztest_suites(build_app, qemu_run):
    """Golden vectors, a looking-away reader, an unplugged microphone, power states: cmodule/zephyr/tests/listening."""
    board = boards.find_board("mps2_an386")
    text = qemu_run(board, build_app(board, "tests/listening"), "PROJECT EXECUTION")
    assert "PROJECT EXECUTION SUCCESSFUL" in text, text
