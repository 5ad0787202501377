# SPDX-License-Identifier: MIT
"""Qoitech's Otii Arc and Ace, through otii_tcp_client and the Otii program on this computer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..errors import MeterError
from .interface import Trace

ERROR = 0.005
CHANNELS = ("mc", "mv", "i1", "i2")


class Otii:
    """Main current and voltage, and the inputs 1 and 2 as marks.  The supply is what the Otii program set."""

    def __init__(self) -> None:
        """Raises MeterError if the program or the instrument is missing, ModuleNotFoundError without otii_tcp_client."""
        from otii_tcp_client.otii_client import OtiiClient

        self._client: Any = OtiiClient()
        try:
            otii = self._client.connect()
        except Exception as error:  # the client raises several unrelated kinds
            raise MeterError(f"Otii: {error}; start the Otii program and its server") from None
        devices = otii.get_devices()
        if not devices:
            self._client.disconnect()
            raise MeterError("no Otii Arc or Ace found: plug it in")
        self._project, self._device = otii.get_active_project() or otii.create_project(), devices[0]
        self._device.add_to_project()
        self._device.enable_exp_port(True)
        for channel in CHANNELS:
            self._device.enable_channel(channel, True)

    def record(self, seconds: float) -> Trace:
        """At the instrument's rate of the main current."""
        self._project.start_recording()
        time.sleep(seconds)
        self._project.stop_recording()
        recording, key = self._project.get_last_recording(), self._device.id
        data = {name: self._channel(recording, key, name) for name in CHANNELS}
        current = np.asarray(data["mc"]["values"], float)
        begin, period = float(data["mc"]["timestamp"]), float(data["mc"]["interval"])
        times = begin + np.arange(len(current)) * period
        volts = np.asarray(data["mv"]["values"], float)
        at = float(data["mv"]["timestamp"]) + np.arange(len(volts)) * float(data["mv"]["interval"])
        marks = np.zeros(len(current), np.uint8)
        for bit, name in enumerate(("i1", "i2")):
            marks |= _held(data[name]["values"], times).astype(np.uint8) << bit
        return Trace(1 / period, current, marks, np.interp(times, at, volts), ERROR, "Otii")

    def _channel(self, recording: Any, key: str, name: str) -> Any:
        return recording.get_channel_data(key, name, 0, recording.get_channel_data_count(key, name)) or {"values": []}

    def close(self) -> None:
        """Frees the connection."""
        self._client.disconnect()

    def __enter__(self) -> Otii:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _held(changes: list[dict[str, Any]], times: np.ndarray) -> np.ndarray:
    """A digital channel, which comes as its changes, at `times`; low before the first one."""
    if not changes:
        return np.zeros(len(times), bool)
    at = np.array([change["timestamp"] for change in changes])
    values = np.array([False, *(bool(change["value"]) for change in changes)])
    held: np.ndarray = values[np.searchsorted(at, times, side="right")]
    return held
