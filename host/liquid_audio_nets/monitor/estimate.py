# SPDX-License-Identifier: MIT
"""Power while listening, estimated for a chip or a board, with the energy model of `power`."""

from __future__ import annotations

from collections import deque

from ..lnn import Model
from ..power import draw, find_device
from ..power.work import costs

MEAN_S = 1.0


class Estimate:
    """Mean power over the last second in mW, from the ticks and steps that a network's counters report."""

    def __init__(self, device: str, model: Model, tick_samples: int):
        """device: a chip or a board that liquid-profile knows.  Raises PowerError for another, or an unknown model."""
        where = find_device(device)
        self.name, self._draw = where.name, draw(where)
        idle, added = costs(model, where.chip.target, tick_samples)
        self._tick, self._step = float(idle.sum()), float(added.sum())
        self._blocks: deque[tuple[float, float]] = deque()  # (length in s, busy in s)

    def __call__(self, seconds: float, ticks: int, steps: int) -> float:
        """After a block of so many seconds with its ticks and steps."""
        busy_s = self._draw.seconds(ticks * self._tick + steps * self._step) + ticks * self._draw.wake_s
        self._blocks.append((seconds, busy_s))
        while sum(length for length, _ in self._blocks) - self._blocks[0][0] > MEAN_S:
            self._blocks.popleft()
        share = sum(busy for _, busy in self._blocks) / sum(length for length, _ in self._blocks)
        return self._draw.idle_mw + (self._draw.running_mw - self._draw.asleep_mw) * share
