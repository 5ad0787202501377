# SPDX-License-Identifier: MIT
"""The model beside the published results of MLPerf Tiny: energies, on which it is fitted, and powers, which judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .constants import Chip, chips, find_chip
from .energy import asleep_mw, capture_mw, running_mw

CLOSE = 0.20
ENOUGH = 5  # of the streaming powers


@dataclass(frozen=True)
class Figure:
    """A published figure and the model's.  fitted: the model was made to give it, so it proves nothing."""

    chip: str
    what: str
    unit: str
    published: float
    model: float
    fitted: bool

    @property
    def error(self) -> float:
        """Of the model, as a share of what was published."""
        return self.model / self.published - 1

    @property
    def close(self) -> bool:
        """The error is at most 20 %."""
        return abs(self.error) <= CLOSE

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return vars(self) | {"error": self.error}


def streaming_mw(chip: Chip, clock_hz: float, duty: float) -> float:
    """Average power of a chip that is busy for a share of the time and captures audio always, without microphone."""
    return duty * running_mw(chip, clock_hz) + (1 - duty) * asleep_mw(chip, clock_hz) + capture_mw(chip)


def figures() -> list[Figure]:
    """The energy per inference and the streaming powers of every chip that has published results."""
    found = []
    for chip in map(find_chip, chips()):
        results = chip.mlperf
        if results is None:
            continue
        energy_uj = chip.run_pj.value * results.clock_mhz / results.inferences_per_s
        found.append(
            Figure(chip.name, f"inference, {results.clock_mhz:g} MHz", "uJ", results.uj_per_inference, energy_uj, True)
        )
        for stream in results.streams:
            what = f"streaming, {stream.clock_mhz:g} MHz, {100 * stream.duty:.0f} % busy"
            power_mw = streaming_mw(chip, stream.clock_mhz * 1e6, stream.duty)
            found.append(Figure(chip.name, what, "mW", stream.mw, power_mw, False))
    return found


def judged(found: list[Figure]) -> tuple[int, int]:
    """(streaming powers that are close, streaming powers)."""
    powers = [figure for figure in found if not figure.fitted]
    return sum(figure.close for figure in powers), len(powers)
