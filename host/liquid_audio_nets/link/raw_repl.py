# SPDX-License-Identifier: MIT
"""What every link through MicroPython's raw REPL has in common, whatever the transport."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from .errors import LinkError, RemoteError

TIMEOUT_S = 60
SILENCE_S = 5


class RawReplLink:
    """Runs code on a board.  `_failures`: the exceptions by which the transport says that the board is gone.

    Raises LinkError if the port cannot be opened or no MicroPython answers there."""

    _failures: tuple[type[Exception], ...]

    def __init__(self, port: str):
        self.port = port
        try:
            self._board = self._open(port)
        except self._failures:
            raise LinkError(f"cannot open {port}: check the name, and close other programs that use it") from None
        try:
            self._board.serial.timeout = SILENCE_S  # on a pty the transports would wait for ever
            with contextlib.redirect_stdout(io.StringIO()):  # they print what they could not read
                self._board.enter_raw_repl()
        except self._failures as error:
            self._board.close()
            raise LinkError(f"the board on {port} does not answer ({error}): reset it and try again") from None

    def _open(self, port: str) -> Any:
        """A transport with enter_raw_repl, exec_raw, exit_raw_repl and close."""
        raise NotImplementedError

    def exec(self, code: str) -> str:
        """Runs code and returns what it prints.

        Raises RemoteError with the board's traceback, LinkError if the board is gone."""
        printed: bytes
        error: bytes
        try:
            printed, error = self._board.exec_raw(code, timeout=TIMEOUT_S)
        except self._failures as lost:
            raise LinkError(f"the connection to {self.port} was lost ({lost}): try again") from None
        if error:
            raise RemoteError(error.decode(errors="replace"))
        return printed.decode(errors="replace")

    def close(self) -> None:
        """Gives the port back; a board that is gone already is no error."""
        with contextlib.suppress(OSError):
            self._board.exit_raw_repl()
            self._board.close()
