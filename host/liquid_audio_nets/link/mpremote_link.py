"""A link through mpremote's serial transport."""

from __future__ import annotations

import contextlib
import io

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from .errors import LinkError, RemoteError

TIMEOUT_S = 60
SILENCE_S = 5


class MpremoteLink:
    """Raises LinkError where the port cannot be opened or no MicroPython answers there."""

    def __init__(self, port: str):
        self.port = port
        try:
            self._transport = SerialTransport(port)
        except (TransportError, OSError, serial.SerialException):
            raise LinkError(f"cannot open {port}: check the name, and close other programs that use it") from None
        try:
            self._transport.serial.timeout = SILENCE_S  # on a pty mpremote would wait for ever
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it could not read
                self._transport.enter_raw_repl()
        except (TransportError, OSError) as error:
            self._transport.close()
            raise LinkError(f"the board on {port} does not answer ({error}): reset it and try again") from None

    def exec(self, code: str) -> str:
        try:
            printed, error = self._transport.exec_raw(code, timeout=TIMEOUT_S)
        except (TransportError, OSError) as lost:
            raise LinkError(f"the connection to {self.port} was lost ({lost}): try again") from None
        if error:
            raise RemoteError(error.decode(errors="replace"))
        return printed.decode(errors="replace")

    def close(self) -> None:
        try:
            self._transport.exit_raw_repl()
            self._transport.close()
        except OSError:
            pass  # gone already
