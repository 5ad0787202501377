# SPDX-License-Identifier: MIT
"""What can go wrong with estimating or measuring power; every message is one sentence for the user."""

from ..errors import Exit, LiquidError


class PowerError(LiquidError):
    """The power cannot be estimated or measured as asked; the message says what can be done instead."""


class MeterError(PowerError):
    """The power meter or its trace cannot be used."""

    exit_code = Exit.NO_DEVICE
