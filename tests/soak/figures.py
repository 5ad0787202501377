# SPDX-License-Identifier: MIT
"""What the soak test counts and reports."""

from __future__ import annotations

import dataclasses
from collections import Counter

import scenes


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
