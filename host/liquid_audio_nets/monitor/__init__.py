# SPDX-License-Identifier: MIT
"""Watching a running network and tuning it: sources of readings, a session around one, recordings, and a page in a browser."""

from .errors import MonitorError
from .near_misses import NearMiss
from .on_board import BoardSource
from .on_host import HostSource
from .reading import Heard, Reading, Source
from .recording import Replay
from .session import Session
from .settings import Control, controls
from .sound import ComputerMicrophone, Recording

__all__ = [
    "BoardSource",
    "ComputerMicrophone",
    "Control",
    "Heard",
    "HostSource",
    "MonitorError",
    "NearMiss",
    "Reading",
    "Recording",
    "Replay",
    "Session",
    "Source",
    "controls",
]
