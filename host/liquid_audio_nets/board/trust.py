# SPDX-License-Identifier: MIT
"""Firmware that takes signed models only."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Trust:
    """The key with which models must be signed, and the oldest that is taken.  The firmware cannot change either."""

    public_key: Path
    """PEM, as openssl writes it."""
    minimum_version: int = 0
    """Of the models, not of their format."""
