# SPDX-License-Identifier: MIT
"""TI's INA228 on the I2C bus of a second board with MicroPython, which runs device/ina228.py."""

from __future__ import annotations

import numpy as np

from ...board import project_dir
from ...link import RemoteError, open_link
from ...link.ports import Board
from ..errors import MeterError
from .interface import Trace

SHUNT_V, BUS_V = 78.125e-9, 195.3125e-6  # per step, as in device/ina228.py
ERROR = 0.005  # gain and shunt; the chip alone has 0.05 %
BUS = "machine.I2C(0)"


class Ina228:
    """shunt_ohm: of the breakout.  pins: numbers of the second board's pins that hear the marks."""

    def __init__(self, board: Board, shunt_ohm: float = 0.015, pins: tuple[int, ...] = ()):
        """Raises MeterError if no INA228 answers on the bus."""
        self._board, self._shunt_ohm = board, shunt_ohm
        inputs = ", ".join(f"machine.Pin({pin}, machine.Pin.IN)" for pin in pins)
        code = (project_dir() / "device" / "ina228.py").read_text(encoding="utf-8")
        try:
            board.exec(code)
            board.exec(f"import machine\n_meter = INA228({BUS}, {shunt_ohm!r})\n_pins = [{inputs}]\n")
        except RemoteError as error:
            raise MeterError(f"INA228: {error}; wire SDA and SCL to the board's first I2C bus") from None

    @classmethod
    def on_port(cls, port: str, shunt_ohm: float = 0.015, pins: tuple[int, ...] = ()) -> Ina228:
        """The second board at a serial port."""
        return cls(open_link(port), shunt_ohm, pins)

    def record(self, seconds: float) -> Trace:
        """As fast as the bus allows, at most 4,000 samples; marks and current have one clock, that of the second board."""
        said = self._board.exec(f"record(_meter, {seconds!r}, _pins)")
        try:
            rows = np.array([[int(number) for number in line.split(",")] for line in said.split()], float)
        except ValueError:
            raise MeterError(f"INA228: the board says {said[:80]!r} instead of numbers") from None
        if len(rows) < 2:
            raise MeterError("INA228: fewer than two samples; record for longer")
        times_s, shunt, bus, marks = rows.T
        period = float(np.median(np.diff(times_s))) * 1e-6
        grid = np.arange(round((times_s[-1] - times_s[0]) * 1e-6 / period) + 1) * period + times_s[0] * 1e-6
        before = np.clip(np.searchsorted(times_s * 1e-6, grid + period / 2) - 1, 0, len(rows) - 1)
        current = shunt[before] * SHUNT_V / self._shunt_ohm
        return Trace(1 / period, current, marks[before].astype(np.uint8), bus[before] * BUS_V, ERROR, "INA228")

    def close(self) -> None:
        """Gives the port back."""
        getattr(self._board, "close", lambda: None)()

    def __enter__(self) -> Ina228:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
