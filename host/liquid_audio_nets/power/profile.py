# SPDX-License-Identifier: MIT
"""The power profile of a model on a device: averages, split, latency.  Everything here is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..lnn.arrays import Array
from .battery import Life, lives
from .constants import Device
from .energy import Draw
from .errors import PowerError
from .work import STAGES, Work

WITHIN_DT = (np.arange(32) + 0.5) / 32  # where in a timestep a sound falls: anywhere


@dataclass(frozen=True)
class Profile:
    """Estimated powers in mW, and times in s."""

    device: Device
    draw: Draw
    work: Work
    split_mw: dict[str, float]
    idle_mw: float
    duty: float
    latency_p50_s: float | None
    latency_p99_s: float | None
    harvest_uw: float

    @property
    def average_mw(self) -> float:
        """Over the sound that was played."""
        return sum(self.split_mw.values())

    @property
    def peak_mw(self) -> float:
        """While the processor computes."""
        return self.draw.peak_mw

    @property
    def lives(self) -> list[Life]:
        """How long batteries last, and how much of the time a harvester allows."""
        return lives(self.average_mw, self.peak_mw, self.device.chip.supply_v.value, self.harvest_uw)

    @property
    def power_mw(self) -> Array:
        """Average power of each tick, (ticks,)."""
        busy_s = self.draw.seconds(1) * self.work.instructions.sum(1) + self.draw.wake_s
        extra_mw = self.draw.running_mw - self.draw.asleep_mw
        power: Array = self.draw.idle_mw + extra_mw * busy_s / self.work.tick_s
        return power

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        constants = self.device.constants()
        return {
            "figures_are": "estimated",
            "device": self.device.name,
            "core": self.device.chip.core,
            "clock_mhz": self.draw.clock_hz / 1e6,
            "supply_v": self.device.chip.supply_v.value,
            "microphone": self.device.microphone.name,
            "sound": self.work.sound,
            "seconds": self.work.seconds,
            "average_mw": self.average_mw,
            "peak_mw": self.peak_mw,
            "idle_mw": self.idle_mw,
            "split_mw": self.split_mw,
            "duty": self.duty,
            "gate_open": float(self.work.open.mean()),
            "instructions_per_s": float(self.work.instructions.sum() / self.work.seconds),
            "steps": int(self.work.stepped.sum()),
            "detections": self.work.detections,
            "latency_ms": None
            if self.latency_p50_s is None or self.latency_p99_s is None
            else {"p50": 1e3 * self.latency_p50_s, "p99": 1e3 * self.latency_p99_s},
            "batteries": [life.as_json() for life in self.lives],
            "constants": {name: vars(number) for name, number in constants.items()},
        }


def profile(device: Device, draw: Draw, work: Work, harvest_uw: float) -> Profile:
    """Raises PowerError if the device is too slow for the model."""
    ticks, tick_s = len(work.level), work.tick_s
    worst = draw.seconds(float(work.instructions.sum(1).max())) + draw.wake_s
    if worst > tick_s:
        raise PowerError(
            f"{device.name} is too slow at {draw.clock_hz / 1e6:g} MHz: a step takes {1e3 * worst:.0f} ms, and one is due "
            f"every {1e3 * tick_s:g} ms; take a faster clock or a smaller model"
        )
    busy = {stage: draw.seconds(float(total)) for stage, total in zip(STAGES, work.instructions.sum(0), strict=True)}
    busy["waking up"] = ticks * draw.wake_s
    busy_s = sum(busy.values())
    seconds = work.seconds
    split = {
        "sleep": draw.asleep_mw * (1 - busy_s / seconds),
        "microphone": draw.microphone_mw,
        "capture": draw.capture_mw,
        **{stage: draw.running_mw * s / seconds for stage, s in busy.items() if s > 0},
    }
    if draw.regulator_mw:
        split["regulator"] = draw.regulator_mw
    idle_s = draw.seconds(float(work.idle.sum())) + draw.wake_s
    idle_mw = draw.idle_mw + (draw.running_mw - draw.asleep_mw) * idle_s / tick_s
    p50, p99 = latency_s(draw, work)
    return Profile(device, draw, work, split, idle_mw, busy_s / seconds, p50, p99, harvest_uw)


def latency_s(draw: Draw, work: Work) -> tuple[float | None, float | None]:
    """(median, 99th percentile) from a sound to the end of the step that hears it; None if nothing opened the gate."""
    busy_s = draw.wake_s + draw.seconds(1) * work.instructions.sum(1)
    found = waits_s(work.open, work.stepped, busy_s, work.tick_s)
    if not len(found):
        return None, None
    p50, p99 = np.percentile(found, [50, 99])
    return float(p50), float(p99)


def waits_s(opened: Array, stepped: Array, busy_s: Array, tick_s: float) -> Array:
    """How long each of many sounds waits until a step has heard it, (n,).  Sounds count equally wherever they fall.

    opened, stepped bool (ticks,): the gate was open, the cells ran.  busy_s (ticks,): how long the processor took.
    A sound waits for the next step, and then for the processor."""
    found, ticks = [], 0
    for gate, step, busy in zip(opened, stepped, busy_s, strict=True):
        ticks = ticks + 1 if gate else 0
        if step:
            found += [WITHIN_DT * ticks * tick_s + float(busy)] * ticks
            ticks = 0
    return np.concatenate(found) if found else np.zeros(0)
