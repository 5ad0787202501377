# SPDX-License-Identifier: MIT
"""One policy on one stream, through the C core: what it hears, how late, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..lnn import Model, Policy, Timetable
from ..lnn.arrays import Array
from ..lnn.costs import BLOCK_OF_PYTHON
from ..native import LNN, run_clip
from ..power import Draw
from ..power.work import costs
from .stream import Stream

LOUD_DB = 22.0  # a tick of a word counts as loud if it is within this range of the loudest one
WITHIN_TICK = (np.arange(8) + 0.5) / 8  # where in a tick a sound falls: anywhere


@dataclass(frozen=True)
class Choice:
    """How timesteps are chosen: a policy, with a timetable or without one."""

    policy: Policy
    timetable: Timetable | None = None


@dataclass(frozen=True)
class Trial:
    """instructions: per second of audio, estimated.  compute_mw: of these on the board; total_mw: with sleep, capture,
    microphone and regulator.  All powers are estimated."""

    recall: float
    false_accepts: int
    words: int
    steps: int
    instructions: float
    compute_mw: float
    total_mw: float

    @property
    def errors(self) -> float:
        """Words that were missed, and false accepts."""
        return self.words * (1 - self.recall) + self.false_accepts


class Bench:
    """Tries policies of a model on a stream.  target: of the board's core, as in lnn.costs."""

    def __init__(self, model: Model, content: bytes, stream: Stream, draw: Draw, target: str):
        self.stream, self.draw, self.lnn = stream, draw, LNN(content)
        idle, added = costs(model, target, self.lnn.tick_samples)
        self.per_sample = float(idle.sum() - BLOCK_OF_PYTHON) / self.lnn.tick_samples
        self.per_step, self.per_block = float(added.sum()), float(BLOCK_OF_PYTHON)

    def use(self, choice: Choice) -> None:
        """Sets the policy of the model."""
        self.lnn.set_adaptive_config(
            **{name.removesuffix("_us"): _seconds(name, value) for name, value in vars(choice.policy).items()}
        )
        self.lnn.timetable = choice.timetable

    def instructions(self, seconds: float, steps: int) -> float:
        """Per second of audio."""
        samples = seconds * self.lnn.sample_rate
        blocks = samples / self.lnn.tick_samples
        return (samples * self.per_sample + blocks * self.per_block + steps * self.per_step) / seconds

    def power(self, instructions: float) -> tuple[float, float]:
        """(compute, total) in mW at so many instructions per second."""
        duty = self.draw.seconds(instructions)
        compute = self.draw.running_mw * duty
        return compute, compute + self.draw.asleep_mw * max(1 - duty, 0.0) + self.draw.always_mw

    def run(self, choice: Choice) -> Trial:
        """Plays the whole stream."""
        self.use(choice)
        found = run_clip(self.lnn, self.stream.samples)
        heard, false = self.stream.judge([(d.label, round(d.time_s * self.lnn.sample_rate)) for d in found.detections])
        instructions = self.instructions(self.stream.seconds, found.steps)
        words = len(self.stream.words)
        return Trial(heard / max(words, 1), false, words, found.steps, instructions, *self.power(instructions))

    def latency_s(self, choice: Choice) -> float:
        """Median time from a loud sound of a word until the step that hears it has ended; NaN if no step hears one.

        Loud: within LOUD_DB of the loudest tick of the word."""
        self.use(choice)
        lnn, tick = self.lnn, self.lnn.tick_samples
        busy_s = self.draw.wake_s + self.draw.seconds(self.per_step + self.per_block + tick * self.per_sample)
        found: list[Array] = []
        lnn.reset()
        for _, begin, end in self.stream.words:
            sound = self.stream.samples[begin : begin + (end - begin) // tick * tick].reshape(-1, tick)
            steps = np.array([lnn.process(part).steps for part in sound])
            stepped = np.flatnonzero(np.diff(steps, prepend=steps[0] - 1) > 0)
            power = np.square(sound.astype(float)).mean(1)
            loud = np.flatnonzero(power >= power.max() * 10 ** (-LOUD_DB / 10))
            later = np.searchsorted(stepped, loud)
            heard = later < len(stepped)
            waited = stepped[later[heard]] - loud[heard]
            found.append((waited[:, None] + WITHIN_TICK).ravel() * tick / lnn.sample_rate + busy_s)
        waits = np.concatenate(found) if found else np.zeros(0)
        return float(np.median(waits)) if len(waits) else float("nan")


def _seconds(name: str, value: float | str) -> float | str:
    return float(value) / 1e6 if name.endswith("_us") else value
