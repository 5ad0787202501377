# SPDX-License-Identifier: MIT
"""Ctrl-C between two steps of a training instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def between_steps() -> Iterator[Callable[[], None]]:
    """Gives a function to call after each step, which raises KeyboardInterrupt if Ctrl-C was pressed meanwhile.

    Until then Ctrl-C has no effect, so that weights, optimiser and step count always fit together.  A second Ctrl-C
    interrupts at once.  In threads other than the main one Ctrl-C works as usual."""
    pressed = False

    def remember(_: int, __: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
