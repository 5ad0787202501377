# SPDX-License-Identifier: MIT
"""What can go wrong with a board's firmware; every message is one sentence for the user."""

from ..errors import Exit, LiquidError


class FirmwareError(LiquidError):
    """The firmware cannot be built: no such board, a tool or source is missing, the compiler refused."""


class MachineError(LiquidError):
    """The virtual board does not start or is not running."""

    exit_code = Exit.NO_DEVICE
