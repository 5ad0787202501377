# SPDX-License-Identifier: MIT
"""Virtual boards for the tests: firmware built once into build/, each board in a place of its own."""

import dataclasses
import pathlib

import numpy as np
import pytest
from liquid_audio_nets import board as boards
from liquid_audio_nets.audio import write_wav
from virtual_board import MODEL, Machine


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
