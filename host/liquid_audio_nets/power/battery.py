# SPDX-License-Identifier: MIT
"""How long batteries last at a power, and how much of the time harvested power allows.  Estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .constants import Constant, constant, shared

HOURS_PER_YEAR = 8766.0


@dataclass(frozen=True)
class Life:
    """hours: until the battery is empty; None for a harvester.  share: of the time that the device can listen.

    limit: why the battery does not do, or what it needs; empty if it does."""

    name: str
    hours: float | None
    share: float
    limit: str
    assumed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return vars(self)


def lives(average_mw: float, peak_mw: float, supply_v: float, harvest_uw: float) -> list[Life]:
    """Each battery of boards/shared/batteries.toml, and a harvester that delivers harvest_uw.

    A battery is a charge, because linear regulators pass the current on."""
    found = []
    for key, about in shared("batteries").items():
        numbers = {
            name: constant(value, f"boards/shared/batteries.toml, {key}")
            for name, value in about.items()
            if name != "name"
        }
        assumed = tuple(f"{name}: {number.source}" for name, number in numbers.items() if number.assumed)
        if "efficiency" in numbers:
            share = harvest_uw * 1e-3 * numbers["efficiency"].value / average_mw
            limit = "" if share >= 1 else f"listens {60 * share:.1f} minutes per hour"
            found.append(Life(f"{about['name']}, {harvest_uw:g} uW", None, min(share, 1.0), limit, assumed))
            continue
        average_ma, peak_ma = average_mw / supply_v, peak_mw / supply_v
        lost_ma = numbers["capacity_mah"].value * numbers["lost_per_year"].value / HOURS_PER_YEAR
        hours = numbers["capacity_mah"].value / (average_ma + lost_ma)
        found.append(Life(about["name"], hours, 1.0, _limit(numbers, average_ma, peak_ma), assumed))
    return found


def _limit(numbers: dict[str, Constant], average_ma: float, peak_ma: float) -> str:
    if "most_ma" in numbers and average_ma > numbers["most_ma"].value:
        return f"cannot deliver {average_ma:.1f} mA for long; its limit is {numbers['most_ma'].value:g} mA"
    if "most_pulse_ma" in numbers and peak_ma > numbers["most_pulse_ma"].value:
        limit = numbers["most_pulse_ma"].value
        return f"pulses of {peak_ma:.1f} mA are above its limit of {limit:g} mA: needs a capacitor beside it"
    return ""
