# SPDX-License-Identifier: MIT
"""Bytes from a board through its REPL, as lines of base64."""

from __future__ import annotations

import binascii

from .errors import LinkError
from .ports import Board

READ = """
import binascii, os
def _print_file(path):
    piece = bytearray(768)
    print(os.stat(path)[6])
    with open(path, 'rb') as f:
        while True:
            n = f.readinto(piece)
            if not n:
                break
            print(binascii.b2a_base64(memoryview(piece)[:n]).decode(), end='')
_print_file({path!r})
"""


def receive(board: Board, path: str) -> bytes:
    """The content of a file on the board.  Raises RemoteError if the board has no such file, LinkError if a part of it was
    lost on the way, and what board.exec raises."""
    size, *lines = board.exec(READ.format(path=path)).split()
    try:
        data = b"".join(map(binascii.a2b_base64, lines))
    except binascii.Error:
        data = b""
    if len(data) != int(size):
        raise LinkError(f"{path} did not arrive whole from the board: try again")
    return data
