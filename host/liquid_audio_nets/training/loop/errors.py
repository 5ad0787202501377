# SPDX-License-Identifier: MIT
"""What can go wrong with a training; every message is one sentence for the user."""

from ...errors import LiquidError


class TrainingError(LiquidError, RuntimeError):
    """Training cannot go on; the message says what to do."""
