"""A link through adafruit-ampy, for boards that only it reaches."""

from __future__ import annotations

import contextlib
import io

from .errors import LinkError, RemoteError

TIMEOUT_S = 60


class AmpyLink:
    """Raises LinkError where ampy is not installed, the port cannot be opened, or no MicroPython answers."""

    def __init__(self, port: str):
        try:
            from ampy.pyboard import Pyboard, PyboardError
        except ImportError:
            raise LinkError("ampy is not installed: pip install 'liquid-audio-nets[ampy]'") from None
        self.port, self._failure = port, (PyboardError, OSError)
        try:
            self._board = Pyboard(port)
            self._board.serial.timeout = 5  # ampy itself would wait for ever
        except self._failure:
            raise LinkError(f"cannot open {port}: check the name, and close other programs that use it") from None
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # ampy prints what it could not read
                self._board.enter_raw_repl()
        except self._failure as error:
            self._board.close()
            raise LinkError(f"the board on {port} does not answer ({error}): reset it and try again") from None

    def exec(self, code: str) -> str:
        try:
            printed, error = self._board.exec_raw(code, timeout=TIMEOUT_S)
        except self._failure as lost:
            raise LinkError(f"the connection to {self.port} was lost ({lost}): try again") from None
        if error:
            raise RemoteError(error.decode(errors="replace"))
        return printed.decode(errors="replace")

    def close(self) -> None:
        try:
            self._board.exit_raw_repl()
            self._board.close()
        except OSError:
            pass  # gone already
