# SPDX-License-Identifier: MIT
"""The learned timestep in integers, as cmodule/core/timetable.c decides it."""

from __future__ import annotations

from dataclasses import dataclass

from ..lnn.policy import LEVELS, Timetable


def next_level(level: int, value: int, low: int, high: int, margin: int) -> int:
    """0, 1 or 2: up at once, down below the border by the margin."""
    borders = (low, high)
    while level < LEVELS - 1 and value >= borders[level]:
        level += 1
    while level > 0 and value + margin < borders[level - 1]:
        level -= 1
    return level


@dataclass
class Rows:
    """Which timestep of a table is due."""

    table: Timetable
    sample_rate_hz: int
    loud: bool = False
    complexity: int = 0
    evidence: int = 0

    def __post_init__(self) -> None:
        numbers = list(self.table.fields().values())
        self.complexity_borders, self.evidence_borders = numbers[:3], numbers[3:]

    def rest(self) -> None:
        """The gate has closed."""
        self.loud, self.complexity, self.evidence = False, 0, 0

    def hear(self, complexity_q16: int) -> None:
        """At every tick, or with spectral_flux at every step."""
        self.complexity = next_level(self.complexity, max(complexity_q16, 0) >> 6, *self.complexity_borders)

    def believe(self, evidence_q15: int) -> None:
        """At every step: the largest posterior of a label with a threshold."""
        self.evidence = next_level(self.evidence, evidence_q15, *self.evidence_borders)

    def timestep(self, tick: int, longest: int) -> int:
        """In samples, from a tick to the longest."""
        place = 9 * self.loud + LEVELS * self.complexity + self.evidence
        samples = self.table.timestep_ms[place] * ((self.sample_rate_hz << 16) // 1000) >> 16
        return max(min(samples, longest), tick)
