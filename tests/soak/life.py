# SPDX-License-Identifier: MIT
"""A virtual board and its copy on the host: they hear the same, and whatever differs is a fault."""

from __future__ import annotations

import ast
import contextlib
import pathlib
import random
import time
from collections.abc import Callable

import scenes
from actions import ACTIONS
from addresses import ROOT, model_offsets, wraps_address
from figures import Broken, Figures
from liquid_audio_nets.errors import LiquidError
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.lnn import read, write
from twin import COUNTED, PRESET, Twin
from virtual_board import Machine

MODELS = ("keywords", "computer", "keywords_micro", "vad", "sounds", "anomaly")
BLOCKS = {320: 1, 512: 1, 1600: 2, 4000: 4, 16000: 12}
"""Samples of a block -> how often it is chosen."""
MOST_BLOCKS = 1000
"""Of a piece: short blocks cost most of the time."""
DRIFT_LIMIT_US = 1000
LOOKS = 5
TIMER_WRAPS_BEFORE_MS_WRAP = 24_999
"""The milliseconds since the start pass 2**32 with the 25,000th wrap of the 25 MHz timer."""


def near(a: float, b: float) -> bool:
    """The board prints seven digits."""
    return abs(a - b) <= 1e-6 * max(abs(b), 1e-6)


def same_event(told: tuple, expected: tuple) -> bool:
    """listen() does not tell the sample."""
    return (
        told[0] == expected[0]
        and near(told[1], expected[1])
        and near(told[2], expected[2])
        and told[3] in (-1, expected[3])
    )


class Soak:
    """A board, its twin on the host, and what happens to them."""

    def __init__(self, machine: Machine, folder: pathlib.Path, seed: int, scene_s: float):
        self.machine, self.folder, self.random = machine, folder, random.Random(seed)
        self.scenes = [scenes.make(folder, 10 * seed + k, scene_s) for k in range(4)]
        self.figures, self.twin, self.is_open = Figures(), None, False
        self.addresses = model_offsets(folder)
        (folder / "broken.wav").write_bytes(b"RIFF....WAVEnothing")

    def warm_up(self) -> None:
        """Does everything once in a fixed order, so that the heap holds all names that it will ever hold."""
        self.machine.release()  # the next line opens the link again, with a soft reset
        self.machine.exec((ROOT / "tests/soak/on_board.py").read_text())
        self.machine.exec(
            f"preset_clock({wraps_address(self.machine.board)}, {TIMER_WRAPS_BEFORE_MS_WRAP}, 100_000_000)"
        )
        for name in MODELS:
            self.swap(name)
            for label in range(len(self.twin.net.labels)):
                self.machine.exec(f"net.thresholds[net.labels[{label}]], net.refractory[{label}]")
            for action in ACTIONS:
                self.open(0, 1600)
                action(self)
            self.open(1, 1600)
            self.play(5, 1600, True)
            self.play(5, 1600, False)
        self.rest()

    def run(self, seconds: float, say: Callable[[str], None]) -> Figures:
        """Goes on until so much time has been simulated.  Raises Broken."""
        self.warm_up()
        self.figures = Figures(heap_bytes=self.figures.heap_bytes)
        started, said = time.monotonic(), 0.0
        while self.figures.heard < seconds * scenes.RATE_HZ:
            chance = self.random.random()
            if chance < 0.01:
                self.soft_reset()
            elif chance < 0.10:
                self.swap(self.random.choice(MODELS))
            else:
                self.load()
            step = self.random.choices(list(BLOCKS), BLOCKS.values())[0]
            if self.random.random() < 0.15:
                self.broken_recording()
            self.open(self.random.randrange(len(self.scenes)), step)
            while self.is_open and self.random.random() < 0.9:
                if self.random.random() < 0.03:
                    self.swap(self.random.choice(MODELS))
                self.random.choice(ACTIONS)(self)
                blocks = int(5 * 80 ** self.random.random() * scenes.RATE_HZ) // step
                self.play(min(blocks, MOST_BLOCKS), step, self.random.random() < 0.5)
            self.rest()
            if time.monotonic() - said > 60:
                said = time.monotonic()
                say(f"{self.figures.heard / scenes.RATE_HZ / 3600:.1f} h simulated in {(said - started) / 60:.0f} min")
        return self.figures

    # what the board does

    def lines(self, code: str) -> list[tuple]:
        return [ast.literal_eval(line) for line in self.machine.exec(code).splitlines()]

    def open(self, scene: int, step: int) -> None:
        self.machine.exec(f"open_mic({str(self.scenes[scene].path)!r}, {step})")
        self.twin.open(self.scenes[scene])
        self.is_open, self.open_us = True, 0

    def play(self, blocks: int, step: int, listens: bool) -> None:
        """Plays a piece and compares all that the board told of it."""
        before = self.counted
        *lines, (_, self.is_open, elapsed_us, steps, energy, timestep, scores, counted) = self.lines(
            f"play({blocks}, {step}, {listens})"
        )
        gaps = [line[1:] for line in lines if line[0] == "gap"]
        told = [line[1:] for line in lines if line[0] == "event"]
        samples, at = counted["samples"] - before["samples"], self.twin.at
        self.counted = counted | {"steps_since_reset": steps}
        self.figures.wraps += sum(
            self.counted[name] >> 32 != before[name] >> 32 or self.counted[name] < before[name] for name in before
        )
        expected = self.twin.hear(samples, step, gaps)
        self.figures.heard += samples
        self.figures.lost += sum(lost for _, lost in gaps)
        self.figures.sound += int(self.twin.scene.sound[at : self.twin.at].sum())
        self.figures.expected += len(expected)
        self.figures.events += len(told)
        if len(told) != len(expected) or not all(map(same_event, told, expected)):
            raise Broken(f"the board told the events {told}, the host {expected}")
        ours = self.twin.state()
        if (steps, scores, {name: counted[name] for name in ours[4]}) != (ours[0], *ours[3:]):
            raise Broken(f"the board is at {steps, scores, counted}, the host at {ours}")
        if not (near(energy, ours[1]) and near(timestep, ours[2])):
            raise Broken(f"the board has {energy, timestep}, the host {ours[1:3]}")
        if self.is_open:
            self.open_us += elapsed_us
            drift_us = self.open_us - self.twin.at * 1_000_000 // scenes.RATE_HZ
            self.figures.drift_us = max(self.figures.drift_us, abs(drift_us))
            if abs(drift_us) > DRIFT_LIMIT_US:
                raise Broken(f"the microphone and the board's clock are {drift_us} us apart")
        if counted["lost_events"]:
            raise Broken(f"{counted['lost_events']} events made room for newer ones")

    def preset(self) -> None:
        """After a reset: puts the counters of the C core before their ends."""
        ends = [(1 << 32) - self.random.randrange(1, most) for most in PRESET.values()]
        (counted,) = self.lines(f"preset({self.addresses}, {ends})")
        self.twin.preset(*ends[:2], counted)
        self.counted = {name: counted[name] for name in COUNTED} | {"steps_since_reset": ends[0]}

    def rest(self) -> None:
        """Compares the heap without a model and a microphone with the first time.

        The collector takes a stale word on the stack for a pointer, so that a few bytes of garbage may outlive a call: the
        least of several different calls counts."""
        self.is_open = False
        found, least = self.figures.heap_bytes, 1 << 32
        for k in range(LOOKS):
            least = min(least, int(self.machine.exec("gc.collect()\n" * k + "rest()")))
            if found and least <= found[0]:
                break
        found.append(least)
        if self.figures.growth_bytes > 0:
            raise Broken(f"the heap has grown by {self.figures.growth_bytes} to {least} bytes in use")

    def both(self, statement: str) -> None:
        """The same line on the board and on the host: both take it or both refuse it."""
        answers = []
        for does in (self.machine.exec, lambda code: exec(code, {"net": self.twin.net})):
            try:
                does(statement)
                answers.append("taken")
            except (RemoteError, LiquidError, ValueError, KeyError, TypeError):
                answers.append("refused")
        if answers[0] != answers[1]:
            raise Broken(f"{statement}: {answers[0]} by the board, {answers[1]} by the host")
        self.figures.did[f"settings {answers[0]}"] += 1

    # what happens

    def swap(self, name: str) -> None:
        """Another model, sent as liquid-upload does, in the place of the old one."""
        model = read((ROOT / f"device/models/{name}.lnn").read_bytes())
        model.golden = None  # it would be most of the upload
        model.metadata = {"soak": f"{self.random.randrange(1 << 32):08x}"}
        data = write(model)
        self.machine.send(data, "/models/soak.lnn")
        self.model = data
        self.load()
        self.figures.did["model swaps"] += 1

    def load(self) -> None:
        self.machine.exec("load('/models/soak.lnn')")
        scene, at = (self.twin.scene, self.twin.at) if self.twin else (None, 0)
        self.twin = Twin(self.model)
        self.twin.scene, self.twin.at = scene, at
        self.preset()

    def soft_reset(self) -> None:
        """Ctrl-D with the microphone running. Everything is loaded again, and takes what it took the first time."""
        self.load()
        self.open(0, 1600)
        self.play(3, 1600, False)
        self.warm_up()
        self.load()
        self.figures.did["soft resets"] += 1

    def broken_recording(self) -> None:
        for path in (self.folder / "missing.wav", self.folder / "broken.wav"):
            with contextlib.suppress(RemoteError):
                self.machine.exec(f"open_mic({str(path)!r}, 320)")
                raise Broken(f"the microphone plays {path}")
        self.figures.did["microphone faults"] += 1
