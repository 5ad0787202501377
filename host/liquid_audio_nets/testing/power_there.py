# SPDX-License-Identifier: MIT
"""The average power of a board while it listens, as a meter measures it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..power import MeterError
from ..power.meters import Trace, open_meter
from ..power.meters.open import KINDS, measure
from ..power.meters.stages import energy_j

METER_VARIABLE = "LIQUID_METER"
RECORD_S, SETTLE_S = 2.0, 0.5  # the board plays for RECORD_S and SETTLE_S before and after it


def meter_name(given: str | None) -> str | None:
    """The meter that the user names, or the variable LIQUID_METER; None if neither does."""
    return given or os.environ.get(METER_VARIABLE) or None


NO_METER = f"power was not measured, because no meter is named: give meter= or set {METER_VARIABLE} ({KINDS})"


def is_file(meter: str) -> bool:
    """Whether the name is that of a recorded trace, which needs no board that plays."""
    return Path(meter).suffix.lower() in (".csv", ".jls")


def average_mw(trace: Trace) -> float:
    """Mean power of a recording, lost samples filled in."""
    return 1e3 * energy_j(trace) / trace.seconds


def measured_mw(meter: str, supply_v: float | None, play: Callable[[float], None]) -> tuple[float, str]:
    """(mean power in mW, what measured it).  play: lets the board listen for so many seconds.

    Raises MeterError if the meter fails, and what play raises."""
    if is_file(meter):
        trace = measure(meter, RECORD_S, supply_v)
        return average_mw(trace), trace.source
    with open_meter(meter, supply_v) as opened, ThreadPoolExecutor(1) as aside:
        playing = aside.submit(play, RECORD_S + 2 * SETTLE_S)
        opened.record(SETTLE_S)
        trace = opened.record(RECORD_S)
        playing.result()
    return average_mw(trace), trace.source


__all__ = ["NO_METER", "MeterError", "average_mw", "is_file", "measured_mw", "meter_name"]
