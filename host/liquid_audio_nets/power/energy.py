# SPDX-License-Identifier: MIT
"""The energy model: what a device draws asleep, capturing and computing.  Everything here is an estimate.

power = asleep x (1 - duty) + running x duty + capture + microphone + regulator
running = clock x energy per cycle;  duty = instructions per second x cycles per instruction / clock
"""

from __future__ import annotations

from dataclasses import dataclass

from .constants import Chip, Device
from .errors import PowerError


@dataclass(frozen=True)
class Draw:
    """Powers of a device at a clock, mW.  joules_per_instruction: while it runs."""

    running_mw: float
    asleep_mw: float
    capture_mw: float
    microphone_mw: float
    regulator_mw: float
    clock_hz: float
    cycles_per_instruction: float
    wake_s: float

    @property
    def always_mw(self) -> float:
        """What is drawn at all times beside the processor."""
        return self.capture_mw + self.microphone_mw + self.regulator_mw

    @property
    def idle_mw(self) -> float:
        """Asleep, with the microphone capturing."""
        return self.asleep_mw + self.always_mw

    @property
    def peak_mw(self) -> float:
        """While it computes."""
        return self.running_mw + self.always_mw

    @property
    def extra_pj_per_cycle(self) -> float:
        """What a cycle takes beyond being asleep for as long."""
        return (self.running_mw - self.asleep_mw) * 1e9 / self.clock_hz

    def seconds(self, instructions: float) -> float:
        """How long the processor is busy with instructions."""
        return instructions * self.cycles_per_instruction / self.clock_hz


def running_mw(chip: Chip, clock_hz: float) -> float:
    """pJ per cycle x cycles per second."""
    return chip.run_pj.value * clock_hz * 1e-9


def asleep_mw(chip: Chip, clock_hz: float) -> float:
    """While it waits for the next block of audio, without capture."""
    if chip.idle == "sleep" and chip.sleep_to_run:
        return running_mw(chip, clock_hz) * chip.sleep_to_run.value
    return chip.stop_ua.value * chip.supply_v.value * 1e-3


def capture_mw(chip: Chip) -> float:
    """Receiver, DMA and their clocks."""
    return chip.capture_ua.value * chip.supply_v.value * 1e-3


def draw(device: Device, clock_hz: float | None = None) -> Draw:
    """What the device draws.  clock_hz: None for the device's own.  Raises PowerError if the chip has no such clock."""
    chip = device.chip
    hz = device.clock_hz if clock_hz is None else clock_hz
    if not 0 < hz <= chip.clock_hz:
        raise PowerError(f"{chip.name} runs at up to {chip.clock_hz / 1e6:g} MHz, not at {hz / 1e6:g}")
    volts = chip.supply_v.value
    return Draw(
        running_mw(chip, hz),
        asleep_mw(chip, hz),
        capture_mw(chip),
        device.microphone.ua.value * volts * 1e-3,
        device.regulator_ua.value * volts * 1e-3,
        hz,
        chip.cycles_per_instruction.value,
        chip.wake_us.value * 1e-6,
    )
