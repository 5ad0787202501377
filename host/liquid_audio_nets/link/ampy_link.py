# SPDX-License-Identifier: MIT
"""A link through adafruit-ampy, for boards that only it reaches."""

from __future__ import annotations

from typing import Any

from .errors import LinkError
from .raw_repl import RawReplLink


class AmpyLink(RawReplLink):
    """Raises LinkError without ampy, if the port cannot be opened, or if no MicroPython answers there."""

    def _open(self, port: str) -> Any:
        """Raises LinkError if ampy is not installed."""
        try:
            from ampy.pyboard import Pyboard, PyboardError
        except ImportError:
            self._failures = ()
            raise LinkError("ampy is not installed: pip install 'liquid-audio-nets[ampy]'") from None
        self._failures = (PyboardError, OSError)
        return Pyboard(port)
