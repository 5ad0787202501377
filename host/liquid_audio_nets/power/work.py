# SPDX-License-Identifier: MIT
"""What a model does while it hears a sound, tick by tick, counted by the C core, and what it costs in instructions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..audio.files import SAMPLE_RATE_HZ, SUFFIXES, AudioError, read_audio
from ..audio.layouts import read_layout
from ..lnn import Model
from ..lnn.arrays import Array
from ..lnn.costs import BLOCK_OF_PYTHON, estimate, listening
from ..native import LNN
from .errors import PowerError

STAGES = ("gate", "front-end", "traces", "cells", "readout", "Python")
BUSY_SHARE = 5  # one part in so many of the sound that is played if the user names none
QUIET_RMS = 1.0  # of int16: below the gate of every shipped model
STREAM_S = 20.0


@dataclass(frozen=True)
class Work:
    """One sound through the C core.  Arrays have a number per tick.

    level: RMS, full scale is 1.  open: the gate was.  stepped: the cells ran.  timestep_s: chosen for the next step.
    instructions (ticks, stages): estimated from the counters with the instructions of each stage.  idle (stages,): of a
    tick below the gate."""

    tick_s: float
    level: Array
    open: Array
    stepped: Array
    timestep_s: Array
    instructions: Array
    idle: Array
    detections: int
    sound: str

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.level) * self.tick_s


def costs(model: Model, target: str, tick_samples: int) -> tuple[Array, Array]:
    """Instructions by stage of a tick below the gate, and what a step adds; each (stages,).

    Raises PowerError if the instructions of a stage are not known for this core."""
    step = estimate(model, target)
    if not {"frontend", "cells", "readout"} <= set(step):
        raise PowerError(
            f"the instructions of this model's stages ({model.frontend.kind}, {model.cells[0].weight}) are not known for "
            f"{target}; make an int8 model with liquid-compress"
        )
    idle = np.array([listening(model, target) * tick_samples, 0, 0, 0, 0, BLOCK_OF_PYTHON])
    added = np.array([0, step["frontend"], step.get("traces", 0), step["cells"], step["readout"], 0])
    return idle, added


def run(model: Model, content: bytes, target: str, sound: Array, name: str) -> Work:
    """Plays a sound, int16 (n,), tick by tick.  content: the model's file.  Raises PowerError if it hears no audio."""
    with LNN(content) as lnn:
        if not lnn.info["window_samples"]:
            raise PowerError("this model reads rows of numbers, not audio, so it has no power to estimate")
        tick = lnn.tick_samples
        idle, added = costs(model, target, tick)
        n = len(sound) // tick
        if n == 0:
            raise PowerError(f"{name}: shorter than {1000 * tick / lnn.sample_rate:g} ms; take a longer sound")
        level, timestep, opened, stepped = np.zeros(n), np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
        before = lnn.counters()
        for i in range(n):
            result = lnn.process(sound[i * tick : (i + 1) * tick])
            now = lnn.counters()
            level[i], timestep[i] = result.energy, result.timestep
            opened[i] = now["gated_ticks"] == before["gated_ticks"]
            stepped[i] = now["steps"] > before["steps"]
            before = now
        instructions = idle + stepped[:, None] * added
        return Work(
            tick / lnn.sample_rate, level, opened, stepped, timestep, instructions, idle, before["detections"], name
        )


def load_sound(path: Path) -> Array:
    """A sound file, or all sound files below a folder one after the other; int16 (n,).  Raises AudioError."""
    if not path.is_dir():
        return read_audio(path)[0]
    files = read_layout(path)
    if not files:
        raise AudioError(f"{path}: no sound files ({', '.join(SUFFIXES)}) in this folder")
    return np.concatenate([read_audio(file.path)[0] for file in files])


def built_in(model: Model) -> tuple[Array, str]:
    """If the user has no sound: the model's own golden audio for a fifth of the time, a quiet room else; int16 (n,)."""
    n = int(STREAM_S * SAMPLE_RATE_HZ)
    quiet: Array = (np.random.default_rng(0).normal(size=n) * QUIET_RMS).round().astype(np.int16)
    if model.golden is None:
        return quiet, f"{STREAM_S:g} s of a quiet room"
    busy = np.resize(model.golden.audio, n // BUSY_SHARE)
    part = SAMPLE_RATE_HZ  # of each five seconds one
    for k in range(len(busy) // part):
        at = (k * BUSY_SHARE + 2) * part
        quiet[at : at + part] = busy[k * part : (k + 1) * part]
    return quiet, f"{STREAM_S:g} s: the model's golden audio for a fifth of the time, a quiet room else"
