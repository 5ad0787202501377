# SPDX-License-Identifier: MIT
"""Meters and traces by the name that a user gives."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..errors import MeterError
from .files import read_csv, read_jls
from .interface import Trace

KINDS = "ppk2[:SERIAL], joulescope[:SERIAL], otii, ina228:PORT[:OHM], or a file.csv or file.jls"


def open_meter(name: str, supply_v: float | None = None) -> AbstractContextManager[Any]:
    """The meter named as in KINDS, without files.  supply_v: of the board, if the meter measures no voltage.

    Raises MeterError if there is no such meter, ModuleNotFoundError if its driver is not installed."""
    kind, _, rest = name.partition(":")
    if kind == "ppk2":
        from .ppk2 import Ppk2

        return Ppk2(rest or None, supply_of_board_v=supply_v)
    if kind == "joulescope":
        from .joulescope import Joulescope

        return Joulescope(rest or None)
    if kind == "otii":
        from .otii import Otii

        return Otii()
    if kind == "ina228" and rest:
        from .ina228 import Ina228

        port, _, shunt = rest.rpartition(":") if rest.rpartition(":")[2].replace(".", "").isdigit() else (rest, "", "")
        return Ina228.on_port(port, float(shunt)) if shunt else Ina228.on_port(port)
    raise MeterError(f"no meter {name!r}; there are {KINDS}")


def measure(name: str, seconds: float, supply_v: float | None = None) -> Trace:
    """What a meter records, or what a file holds."""
    suffix = Path(name).suffix.lower()
    if suffix in (".csv", ".jls"):
        if not Path(name).is_file():
            raise MeterError(f"{name}: no such file")
        return (read_csv if suffix == ".csv" else read_jls)(Path(name), supply_v)
    with open_meter(name, supply_v) as meter:
        trace: Trace = meter.record(seconds)
        return trace
