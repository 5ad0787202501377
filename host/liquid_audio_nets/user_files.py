# SPDX-License-Identifier: MIT
"""Where the package keeps what it downloads or makes once for all projects of a user, and how processes take turns there."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def cache_dir() -> Path:
    """The user's cache: `liquid-audio-nets` in XDG_CACHE_HOME, or in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liquid-audio-nets"


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Processes that make the same file or folder wait for each other, so that one of them makes it; the lock lies beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
