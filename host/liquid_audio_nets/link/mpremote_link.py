# SPDX-License-Identifier: MIT
"""A link through mpremote's serial transport."""

from __future__ import annotations

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from .raw_repl import RawReplLink


class MpremoteLink(RawReplLink):
    """Raises LinkError if the port cannot be opened or no MicroPython answers there."""

    _failures = (TransportError, OSError, serial.SerialException)

    def _open(self, port: str) -> SerialTransport:
        return SerialTransport(port)
