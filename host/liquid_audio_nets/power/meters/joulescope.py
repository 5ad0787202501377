# SPDX-License-Identifier: MIT
"""Joulescope JS110 and JS220, through pyjoulescope_driver, which records a .jls file."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

from ..errors import MeterError
from .files import read_jls
from .interface import Trace

SIGNALS = "current,voltage,gpi[0],gpi[1],gpi[2],gpi[3]"


class Joulescope:
    """Current, voltage and the inputs 0 to 3 of the first Joulescope, or of the one with a serial number."""

    def __init__(self, serial_number: str | None = None):
        """Raises MeterError if there is none, ModuleNotFoundError without pyjoulescope_driver."""
        from pyjoulescope_driver import Driver

        self._driver: Any = Driver()
        paths = [p for p in self._driver.device_paths() if serial_number is None or p.endswith(serial_number)]
        if not paths:
            self._driver.finalize()
            raise MeterError("no Joulescope found: plug it in, and close the program that uses it")
        self._path: str = paths[0]
        self._driver.open(self._path, mode="defaults")
        js110 = {"s/i/range/select": "auto", "s/v/range/select": "15 V"}
        js220 = {"s/i/range/mode": "auto", "s/v/range/mode": "auto"}
        for topic, value in (js110 if "js110" in self._path else js220).items():
            self._driver.publish(f"{self._path}/{topic}", value)

    def record(self, seconds: float) -> Trace:
        """At the instrument's full rate."""
        from pyjoulescope_driver import Record

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.jls"
            recorder = Record(self._driver, self._path, signals=SIGNALS)
            recorder.open(str(path))
            try:
                time.sleep(seconds)
            finally:
                recorder.close()
            return dataclasses.replace(read_jls(path), source=f"Joulescope {self._path}")

    def close(self) -> None:
        """Frees the instrument."""
        self._driver.close(self._path)
        self._driver.finalize()

    def __enter__(self) -> Joulescope:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
