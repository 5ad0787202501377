# SPDX-License-Identifier: MIT
"""Boards over a serial port: the only place that knows mpremote, ampy and serial ports."""

from .errors import BoardError, LinkError, RemoteError, VerificationError
from .ports import Board, Link, find_port, open_link, usb_ports
from .receiver import receive
from .sender import send
from .upload import Upload, upload

__all__ = [
    "Board",
    "BoardError",
    "Link",
    "LinkError",
    "RemoteError",
    "Upload",
    "VerificationError",
    "find_port",
    "open_link",
    "receive",
    "send",
    "upload",
    "usb_ports",
]
