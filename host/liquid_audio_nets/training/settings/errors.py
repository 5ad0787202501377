# SPDX-License-Identifier: MIT
"""What can go wrong before, during and after a training.  Every message is one sentence that the user can act on."""

from __future__ import annotations

from ...errors import LiquidError


class RecipeError(LiquidError, ValueError):
    """A recipe cannot be used; the message names the setting and what would do."""


class TrainingError(LiquidError, RuntimeError):
    """Training cannot start or go on; the message says what to do."""


class UnsupportedCell(LiquidError, ValueError):
    """No such cell or solver can be trained or exported; the message names those that can."""


class WiringError(LiquidError, ValueError):
    """A wiring cannot be made; the message says why."""


class ExportError(LiquidError, ValueError):
    """A network cannot be written as asked; the message says what can."""
