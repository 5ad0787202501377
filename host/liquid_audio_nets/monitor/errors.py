# SPDX-License-Identifier: MIT
"""What can go wrong while a running network is watched."""

from ..errors import LiquidError


class MonitorError(LiquidError):
    """A setting, a recording or a source of sound cannot be used; the message says what to do."""
