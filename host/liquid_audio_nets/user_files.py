# SPDX-License-Identifier: MIT
"""Where the package keeps what it downloads or makes once for all projects of a user."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """The user's cache: `liquid-audio-nets` in XDG_CACHE_HOME, or in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liquid-audio-nets"
