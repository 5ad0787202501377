# SPDX-License-Identifier: MIT
"""What can go wrong with compressing a model; every message is one sentence for the user."""

from ..errors import LiquidError


class CompressError(LiquidError, ValueError):
    """The model cannot be compressed as asked; the message says what can be done instead."""
