# SPDX-License-Identifier: MIT
"""Traces that another program has recorded: CSV, and Joulescope's .jls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ...lnn.arrays import Array
from ..errors import MeterError
from .interface import Trace

UNITS = {
    "a": 1.0,
    "ma": 1e-3,
    "ua": 1e-6,
    "µa": 1e-6,
    "na": 1e-9,
    "v": 1.0,
    "mv": 1e-3,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
}
JOULESCOPE_ERROR = 0.003  # JS220 and JS110, of the reading


def read_csv(path: Path, supply_v: float | None = None) -> Trace:
    """A table with a heading: a column of time, one of current, and if there are any one of voltage and one of marks.

    Headings name their unit, as "time_ms", "Timestamp(ms)", "Current(uA)"; marks are numbers, or bits such as 0110 with the
    first input first, as PPK2's program writes them.  supply_v: if there is no voltage.  A gap in the time means lost samples.
    Raises MeterError for another table."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    heads = [head.strip().strip('"').lower() for head in lines[0].split(",")] if lines else []
    time, current = _column(heads, ("time", "timestamp", "t")), _column(heads, ("current", "i"))
    if time is None or current is None:
        raise MeterError(f"{path}: needs a heading with a time and a current, such as time_ms,current_ua,marks")
    voltage, marks = _column(heads, ("voltage", "v")), _column(heads, ("marks", "d0-d7", "logic"))
    rows = [line.split(",") for line in lines[1:] if line.strip()]
    try:
        seconds = np.array([float(row[time[0]]) for row in rows]) * time[1]
        amperes = np.array([float(row[current[0]] or "nan") for row in rows]) * current[1]
        volts = np.array([float(row[voltage[0]]) for row in rows]) * voltage[1] if voltage else None
        codes = [_mark(row[marks[0]]) for row in rows] if marks else [0] * len(rows)
    except (ValueError, IndexError):
        raise MeterError(f"{path}: a row does not hold the numbers that its heading names") from None
    if volts is None and supply_v is None:
        raise MeterError(f"{path}: has no voltage; name it with --supply-v")
    if len(seconds) < 2 or not (np.diff(seconds) > 0).all():
        raise MeterError(f"{path}: the times must rise from row to row, and there must be two of them")
    period = float(np.median(np.diff(seconds)))
    at = np.rint((seconds - seconds[0]) / period).astype(int)
    n = int(at[-1]) + 1
    spread_current, spread_volts = np.full(n, np.nan), np.full(n, np.nan)
    spread_current[at] = amperes
    held = np.maximum.accumulate(np.where(np.isin(np.arange(n), at), np.arange(n), 0))
    position = np.searchsorted(at, held)
    supply: float | Array = float(supply_v or 0.0)
    if volts is not None:
        spread_volts = volts[position]
        supply = spread_volts
    return Trace(1 / period, spread_current, np.array(codes, np.uint8)[position], supply, 0.0, str(path))


def _column(heads: list[str], names: tuple[str, ...]) -> tuple[int, float] | None:
    """(index, factor to SI) of the first heading that begins with one of the names; the unit is at its end."""
    for i, head in enumerate(heads):
        word, _, unit = re.sub(r"[\s(\[]+", "_", head).rstrip(")]").partition("_")
        if word in names:
            return i, UNITS.get(unit, 1.0)
    return None


def _mark(text: str) -> int:
    text = text.strip().strip('"')
    bits = len(text) >= 4 and set(text) <= {"0", "1"}
    return int(text[::-1], 2) if bits else int(float(text))


def read_jls(path: Path, supply_v: float | None = None) -> Trace:
    """A recording of Joulescope's program, with current, voltage if it is there, and the inputs gpi[0] to gpi[3] as marks.

    Raises MeterError for another file, ModuleNotFoundError without pyjls."""
    from pyjls import Reader

    try:
        with Reader(str(path)) as reader:
            signals = {signal.name: signal for signal in reader.signals.values() if signal.length}
            if "current" not in signals:
                raise MeterError(f"{path}: holds no signal `current`; record current and voltage")
            current = _samples(reader, signals["current"])
            rate_hz = float(signals["current"].sample_rate)
            volts = _samples(reader, signals["voltage"]) if "voltage" in signals else None
            inputs = [signals.get(f"gpi[{i}]") for i in range(4)]
            bits = [_bits(reader, signal, rate_hz, len(current)) << i for i, signal in enumerate(inputs) if signal]
    except RuntimeError as error:
        raise MeterError(f"{path}: not a readable .jls file ({error})") from None
    if volts is None and supply_v is None:
        raise MeterError(f"{path}: has no voltage; name it with --supply-v")
    marks = np.bitwise_or.reduce(bits) if bits else np.zeros(len(current), np.uint8)
    supply = volts[: len(current)] if volts is not None else float(supply_v or 0.0)
    return Trace(rate_hz, current, marks, supply, JOULESCOPE_ERROR, str(path))


def _samples(reader: Any, signal: Any) -> Array:
    return np.asarray(reader.fsr(signal.signal_id, 0, signal.length), np.float64)


def _bits(reader: Any, signal: Any, rate_hz: float, n: int) -> Array:
    """uint8 (n,): a digital input, held to the rate of the current."""
    packed = np.asarray(reader.fsr(signal.signal_id, 0, signal.length), np.uint8)
    bits = np.unpackbits(packed, bitorder="little")[: signal.length]
    at = np.minimum((np.arange(n) * (signal.sample_rate / rate_hz)).astype(int), len(bits) - 1)
    held: Array = bits[at]
    return held
