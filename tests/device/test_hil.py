# SPDX-License-Identifier: MIT
"""Hardware in the loop on a virtual board: real clips if the project's data lie beside, spoken and noisy ones always."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from liquid_audio_nets import board as boards
from liquid_audio_nets import devices
from liquid_audio_nets.audio import say, write_wav
from liquid_audio_nets.board import machine
from liquid_audio_nets.link import Link
from liquid_audio_nets.testing import HILTester, hil
from virtual_board import MODEL, ROOT

RECORDED = ROOT.parent / "shared/data/speech_commands"
NAMES = ("0132a06d_nohash_{}.wav", "09bcdc9d_nohash_{}.wav")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> pathlib.Path:
    """Two clips of each of a few words, and noise."""
    root = tmp_path_factory.mktemp("clips")
    for word in ("yes", "no", "stop"):
        (root / word).mkdir()
        found = sorted((RECORDED / word).glob("*.flac"))[:2]
        for k, path in enumerate(found):
            soundfile.write(root / word / NAMES[k].format(0), soundfile.read(path)[0], 16000)
        spoken = np.zeros(16000, np.int16)
        voice = say(word)[:16000]
        spoken[: len(voice)] = voice
        write_wav(root / word / NAMES[0].format(1), spoken)
    (root / "_background_noise_").mkdir()
    noise = np.random.default_rng(0).normal(size=32000) * 300
    write_wav(root / "_background_noise_/hiss.wav", noise.astype(np.int16))
    return root


@pytest.fixture
def own_board(monkeypatch, tmp_path, start_machine):
    """qemu_m4f by its name, in a place of its own; built before."""
    start_machine("qemu_m4f")
    board = dataclasses.replace(boards.find_board("qemu_m4f"), running_in=tmp_path / "running")
    monkeypatch.setattr(boards, "find_board", lambda name: board if name == "qemu_m4f" else boards.find_board(name))
    yield board
    boards.stop(board)


def test_a_virtual_board_by_its_name(own_board, data):
    results = HILTester("qemu_m4f", MODEL).run_tests(data, measure_latency=True, clips=60, split="all")
    assert (
        len(results.clips) == len(list(data.glob("[a-z]*/*.wav"))) + 2
        and results.bit_equal
        and results.accuracy == results.host_accuracy
    )
    assert results.unit == "instructions" and results.machine.startswith("mps2-an386")
    assert {"gate", "frontend", "cell", "readout"} <= set(results.cycles)
    assert 15_000 < results.cycles["frontend"] < 20_000 and results.avg_power_mw is None
    assert 5 < results.latency_ms < results.latency_p99_ms < 200


def test_it_goes_on_after_the_board_was_switched_off(own_board, data, monkeypatch):
    class Cut:
        """The board's link, until the board dies in the middle of the second clip."""

        def __init__(self, link: Link):
            self.link, self.port, self.runs = link, link.port, 0

        def exec(self, code: str) -> str:
            if code.startswith("_audio[3072"):
                self.runs += 1
            if self.runs == 2:
                os.kill(machine.state(own_board)["pid"], signal.SIGKILL)
                self.runs = 3
            return self.link.exec(code)

        def close(self) -> None:
            self.link.close()

    opened, connect = [], devices.connect

    def cut_once(device, transport):
        link = connect(device, transport)
        opened.append(link if opened else Cut(link))
        return opened[-1]

    monkeypatch.setattr(hil, "connect", cut_once)
    results = HILTester("qemu_m4f", MODEL).run_tests(data, clips=4, split="all")
    assert results.reconnects >= 1 and len(opened) == 2 and len(results.clips) == 4 and results.bit_equal


def test_through_ampy(m4f, data):
    m4f.release()
    results = HILTester(m4f.port, MODEL, transport="ampy").run_tests(data, clips=2, split="all")
    assert results.bit_equal


def test_pytest_plugin(m4f, data, tmp_path):
    m4f.release()
    (tmp_path / "test_mine.py").write_text(
        f"def test_mine(hil_tester):\n"
        f"    results = hil_tester({str(MODEL)!r}).run_tests({str(data)!r}, clips=2, split='all')\n"
        f"    assert results.bit_equal\n"
    )

    def run(*more):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more, "test_mine.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert "1 skipped" in run().stdout
    done = run("--liquid-device", m4f.port)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
