# SPDX-License-Identifier: MIT
"""Seven days of a virtual board: `make soak`.

The board plays recordings through its microphone at the pace of its own clock; QEMU skips the time that the board sleeps, so
that a simulated day takes minutes. Every sample is computed, silence too. Meanwhile models are swapped, settings change at
the REPL, the microphone fails, and 32-bit counters wrap. A copy of the network on the host hears the same. It must find the
same events, bit for bit, and the heap must not grow.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import dataclasses
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable

import scenes
from liquid_audio_nets import board as boards
from liquid_audio_nets.errors import Exit, LiquidError
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.lnn import read, write
from twin import COUNTED, PRESET, Twin
from virtual_board import Machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ("keywords", "computer", "keywords_micro", "vad", "sounds", "anomaly")
BLOCKS = {320: 1, 512: 1, 1600: 2, 4000: 4, 16000: 12}
"""Samples of a block -> how often it is chosen."""
DRIFT_LIMIT_US = 1000
LOOKS = 5
TIMER_WRAPS_BEFORE_MS_WRAP = 24_999
"""The milliseconds since the start pass 2**32 with the 25,000th wrap of the 25 MHz timer."""


def wraps_address(board: boards.Board) -> int:
    """Where the board counts the wraps of its timer."""
    found = subprocess.run(["arm-none-eabi-nm", board.firmware], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in found.splitlines() if line.endswith(" clock_wraps"))


def model_offsets(folder: pathlib.Path) -> list[int]:
    """Where the counters of PRESET lie in a loaded model of the board."""
    includes = [f"-I{ROOT}/cmodule/{name}" for name in ("core", "include")]
    compiler = [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfloat-abi=hard",
        "-mfpu=fpv4-sp-d16",
        "--specs=picolibc.specs",
    ]
    source, code, found = ROOT / "tests/soak/counters.c", folder / "counters.o", folder / "counters.bin"
    subprocess.run([*compiler, "-c", *includes, source, "-o", code], check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".rodata", code, found], check=True)
    return list(struct.unpack(f"<{len(PRESET)}I", found.read_bytes()))


class Broken(Exception):
    """A limit is broken."""


@dataclasses.dataclass
class Figures:
    """What is reported."""

    heard: int = 0
    sound: int = 0
    lost: int = 0
    expected: int = 0
    events: int = 0
    drift_us: int = 0
    wraps: int = 0
    heap_bytes: list[int] = dataclasses.field(default_factory=list)
    did: Counter = dataclasses.field(default_factory=Counter)

    @property
    def growth_bytes(self) -> int:
        """From the first time without a model to the largest since."""
        return max(self.heap_bytes) - self.heap_bytes[0]


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
                self.play(
                    int(5 * 80 ** self.random.random() * scenes.RATE_HZ) // step, step, self.random.random() < 0.5
                )
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


def nothing(soak: Soak) -> None:
    soak.machine.exec("gc.collect()")


def threshold(soak: Soak) -> None:
    label = soak.random.randrange(len(soak.twin.net.labels))
    soak.both(f"net.thresholds[{label}] = {soak.random.randrange(20, 62)} / 64")


def refractory(soak: Soak) -> None:
    label = soak.random.randrange(len(soak.twin.net.labels))
    soak.both(f"net.refractory[{label}] = {soak.random.randrange(0, 24)} / 8")


def policy(soak: Soak) -> None:
    low_ms, pick = soak.random.choice((16, 32, 32, 32, 64)), soak.random.randrange
    soak.both(
        f"net.set_adaptive_config(min_timestep={low_ms} / 1000, max_timestep={low_ms * pick(1, 8)} / 1000, hold={pick(1, 5)} / 16,"
        f" energy_threshold={pick(4, 40)} / 1024, release_growth={pick(8, 20)} / 8, floor_ratio={2 * pick(0, 2)},"
        f" complexity={soak.random.choice(('energy', 'spectral_flux', 'zero_crossings'))!r})"
    )


def impossible(soak: Soak) -> None:
    soak.both(
        soak.random.choice(
            (
                "net.min_timestep = 2",
                "net.max_timestep = 0",
                "net.energy_threshold = 1.5",
                "net.thresholds[0] = -1",
                "net.refractory[0] = 5000",
                "net.thresholds['none'] = 0.5",
                "net.complexity = 'none'",
                "net.set_adaptive_config(hold=11)",
            )
        )
    )


def reset(soak: Soak) -> None:
    soak.both("net.reset()")
    soak.preset()


def late(soak: Soak) -> None:
    """The reader looks away, for longer or shorter than the microphone's buffers last."""
    soak.machine.exec(f"time.sleep_ms({soak.random.randrange(100, 20_000)})")
    soak.figures.did["late readers"] += 1


def closed(soak: Soak) -> None:
    """The microphone is closed while it captures, and opened again."""
    soak.machine.exec("mic.deinit()")
    with contextlib.suppress(RemoteError):
        soak.machine.exec("hear(320)")
        raise Broken("a closed microphone hears")
    soak.open(soak.random.randrange(len(soak.scenes)), 1600)
    soak.figures.did["microphone faults"] += 1


def liar(soak: Soak) -> None:
    """A driver that says it gave more than there is room for."""
    with contextlib.suppress(RemoteError):
        soak.machine.exec("next(net.listen(Liar()))")
        raise Broken("more samples than fit are taken")
    soak.figures.did["microphone faults"] += 1


ACTIONS = (nothing, threshold, refractory, policy, impossible, reset, late, closed, liar)


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


def report(figures: Figures) -> str:
    hours = figures.heard / scenes.RATE_HZ / 3600
    return "\n".join(
        (
            f"{hours:.1f} h simulated, every sample computed; {100 * figures.sound / figures.heard:.1f} % of them sound",
            f"{figures.expected} events expected, {figures.events} heard",
            f"{figures.lost / scenes.RATE_HZ:.1f} s lost by late readers, all of it told to the network",
            f"heap in use at rest: {figures.heap_bytes[0]:,} bytes before, {figures.heap_bytes[-1]:,} after, growth {figures.growth_bytes}, "
            f"looked at {len(figures.heap_bytes)} times",
            f"drift of the sample clock: at most {figures.drift_us} us",
            f"32-bit counters wrapped {figures.wraps} times",
            ", ".join(f"{count} {what}" for what, count in sorted(figures.did.items())),
        )
    )


def soak(folder: pathlib.Path, hours: float, seed: int, scene_s: float, say: Callable[[str], None]) -> Figures:
    """Raises Broken."""
    board = dataclasses.replace(boards.find_board("qemu_m4f"), running_in=folder)
    boards.build(board, say)
    machine = Machine(board).start()
    try:
        return Soak(machine, folder, seed, scene_s).run(hours * 3600, say)
    finally:
        machine.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=7.0, help="how long to simulate")
    parser.add_argument("--seed", type=int, default=1, help="of recordings and of what happens")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        try:
            figures = soak(
                pathlib.Path(folder), 24 * options.days, options.seed, 600, lambda text: print(text, flush=True)
            )
        except Broken as broken:
            print(f"broken: {broken}")
            return Exit.GATE
    print(report(figures))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
