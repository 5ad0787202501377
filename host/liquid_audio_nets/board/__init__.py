# SPDX-License-Identifier: MIT
"""Firmware for boards, and virtual boards that QEMU plays."""

from .errors import FirmwareError, MachineError
from .firmware import build
from .machine import running, start, stop
from .memory import check_heap
from .places import Board, all_boards, build_dir, find_board, project_dir
from .trust import Trust

__all__ = [
    "Board",
    "FirmwareError",
    "MachineError",
    "Trust",
    "all_boards",
    "build",
    "build_dir",
    "check_heap",
    "find_board",
    "project_dir",
    "running",
    "start",
    "stop",
]
