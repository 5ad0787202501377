"""Virtual boards for the tests: firmware built once into build/, each board in a place of its own."""

import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from liquid_audio_nets import board as boards
from liquid_audio_nets import link
from liquid_audio_nets.audio import write_wav

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "device/models/keywords.lnn"


class Machine:
    """A running virtual board, spoken to as users do: by mpremote, or by Link.exec."""

    def __init__(self, board):
        self.board, self._link, self.port = board, None, None

    def start(self, audio=None):
        self.port = boards.start(self.board, audio)
        return self

    def stop(self):
        self.release()
        boards.stop(self.board)

    def release(self):
        if self._link:
            self._link.close()
            self._link = None

    def exec(self, code: str) -> str:
        """Python on the board -> what it printed; RemoteError where it raises."""
        self._link = self._link or link.open_link(self.port)
        return self._link.exec(code)

    def send(self, data: bytes, path: str = "/models/keywords.lnn") -> None:
        self._link = self._link or link.open_link(self.port)
        link.upload(self._link, data, path)

    def mpremote(self, *words, timeout_s=60, check=True) -> str:
        self.release()
        done = subprocess.run([sys.executable, "-m", "mpremote", "connect", self.port, *map(str, words)],
                              capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def start_machine(tmp_path_factory):
    """start_machine(name) -> Machine, built and started at its first use."""
    machines = {}

    def start(name: str) -> Machine:
        if name not in machines:
            board = dataclasses.replace(boards.find_board(name), running_in=tmp_path_factory.mktemp(name))
            boards.build(board)
            machines[name] = Machine(board).start()
        return machines[name]

    yield start
    for machine in machines.values():
        machine.stop()


@pytest.fixture(scope="session")
def m4f(start_machine) -> Machine:
    """The default board with the shipped model in /models."""
    machine = start_machine("qemu_m4f")
    machine.send(MODEL.read_bytes())
    return machine


@pytest.fixture(scope="session")
def speech(tmp_path_factory) -> tuple[pathlib.Path, np.ndarray]:
    """A wav with a few spoken words and pauses, and its samples."""
    from liquid_audio_nets.audio import say

    rng = np.random.default_rng(3)
    words = [say(word) for word in ("yes", "no", "stop", "go")]
    pause = (rng.normal(size=12000) * 6).astype(np.int16)
    samples = np.concatenate([piece for word in words for piece in (pause, word)] + [pause])
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    write_wav(path, samples)
    return path, samples
