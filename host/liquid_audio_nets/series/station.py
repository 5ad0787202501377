# SPDX-License-Identifier: MIT
"""A synthetic weather station in a heated room, with rows missing as a radio loses them."""

from __future__ import annotations

import numpy as np

from .rows import Rows

ROW_S = 300.0
_SIMULATED_S = 60.0
COLUMNS = ("room_c", "outdoor_c", "heater")


def station(days: float = 60.0, missing: float = 0.3, seed: int = 1) -> Rows:
    """One row every five minutes: room and outdoor temperature in degrees Celsius, and heater 0 or 1.

    The weather follows the time of day and drifts; the room loses heat to the outside and is heated by a thermostat with
    hysteresis, lower at night.  missing: share of the rows that are lost, half of them in outages of up to an hour."""
    rng = np.random.default_rng(seed)
    steps = int(days * 86400 / _SIMULATED_S)
    time_s = np.arange(steps) * _SIMULATED_S
    weather, trend = np.zeros(steps), 0.0
    gust = rng.standard_normal(steps) * 3.0 * np.sqrt(2 / (12.0 * 2.0) * _SIMULATED_S / 3600)
    for t in range(1, steps):  # about 4 degrees, turning within 2 hours, forgotten in 12
        trend += gust[t] - trend * _SIMULATED_S / 7200
        weather[t] = weather[t - 1] * (1 - _SIMULATED_S / 43200) + trend * _SIMULATED_S / 3600
    outdoor = 4.0 + 5.0 * np.sin(2 * np.pi * (time_s / 86400 - 0.375)) + weather
    room, heater = np.empty(steps), np.empty(steps)
    inside, on = 19.0, False
    for t in range(steps):
        hour = time_s[t] / 3600 % 24
        wanted = 20.5 if 6 <= hour < 22 else 18.0
        on = inside < wanted - 0.7 or (on and inside < wanted + 0.7)
        room[t], heater[t] = inside, on
        inside += _SIMULATED_S / 3600 * ((outdoor[t] - inside) / 7.0 + 5.0 * on)
    kept = np.arange(0, steps, int(ROW_S / _SIMULATED_S))
    values = np.stack([room, outdoor, heater], 1)[kept]
    values[:, :2] += rng.normal(0, 0.05, (len(kept), 2))  # the sensors' own noise
    here = _arrived(len(kept), missing, rng)
    return Rows(COLUMNS, time_s[kept][here], values[here].astype(np.float32))


def _arrived(count: int, missing: float, rng: np.random.Generator) -> np.ndarray:
    """Which rows arrived, bool (count,); a share `missing` of them did not."""
    here = np.ones(count, bool)
    while np.mean(~here) < missing / 2:
        begin = int(rng.integers(count))
        here[begin : begin + int(rng.integers(3, 13))] = False
    left = np.flatnonzero(here)
    lost = rng.choice(len(left), max(round(missing * count) - int(np.sum(~here)), 0), replace=False)
    here[left[lost]] = False
    here[[0, -1]] = True
    return here
