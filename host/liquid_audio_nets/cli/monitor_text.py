# SPDX-License-Identifier: MIT
"""The monitor in a terminal: one line that changes, and a line for each detection, near-miss and setting."""

from __future__ import annotations

import math
from contextlib import nullcontext

from rich.live import Live
from rich.text import Text

from ..monitor import Reading, Session
from . import console

BAR = 20
QUIETEST_DB = -80.0
EVERY_S = 1.0  # where the line cannot change, because the output is a file


def decibels(level: float) -> float:
    """Of full scale."""
    return max(QUIETEST_DB, 20 * math.log10(level)) if level > 0 else QUIETEST_DB


def state_line(reading: Reading, work_unit: str) -> Text:
    """Level, gate, timestep, best label, work and power."""
    filled = round(BAR * (1 - decibels(reading.level) / QUIETEST_DB))
    gate = ("open  ", "green") if reading.gate_open else ("closed", "dim")
    best = max(zip(reading.scores, range(len(reading.scores)), strict=True), default=None)
    line = Text.assemble(
        f"{reading.time_s:8.2f} s  ",
        ("#" * filled + "." * (BAR - filled), "cyan"),
        f" {decibels(reading.level):4.0f} dB  gate ",
        gate,
        f"  timestep {1000 * reading.timestep_s:3.0f} ms  ",
        (f"{reading.label:<12} {reading.confidence:.3f}" if best else f"{'':<18}", "bold" if reading.events else ""),
    )
    if reading.work is not None:
        line.append(f"  {reading.work / 1000:.0f} k {work_unit}")
    if reading.power_mw is not None:
        line.append(f"  {reading.power_mw:.3g} mW, estimated")
    return line


def watch(session: Session) -> None:
    """Shows the session until its end, or until Ctrl-C."""
    near, next_s, terminal = 0, 0.0, console.out.is_terminal
    with Live(console=console.out, refresh_per_second=10, transient=True) if terminal else nullcontext() as live:
        for reading in session.run():
            line = state_line(reading, session.source.work_unit)
            if live:
                live.update(line)
            elif reading.time_s >= next_s:
                console.out.print(line)
                next_s = reading.time_s + EVERY_S
            for event in reading.events:
                console.out.print(Text(f"{event.time_s:8.2f} s  {event.label} {event.confidence:.3f}", "bold green"))
            for found in session.near[near:]:
                kept = f"  {found.path}" if found.path else ""
                console.out.print(
                    Text(f"{found.time_s:8.2f} s  near-miss: {found.label} {found.score:.3f}{kept}", "yellow")
                )
            near = len(session.near)
