# SPDX-License-Identifier: MIT
"""Bytes onto a board through its REPL, as base64 in pieces that a small heap can hold."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from .ports import Board

CHUNK_BYTES = 768


def send(
    board: Board,
    data: bytes,
    statement: str,
    chunk_bytes: int = CHUNK_BYTES,
    progress: Callable[[int], None] = lambda sent: None,
) -> None:
    """Runs a statement on the board for each piece of the data.

    statement: MicroPython with {piece} for the piece, a bytes object, and {at} and {end} for its place in the data, such
    as "_file.write({piece})" or "_sound[{at}:{end}] = {piece}".  progress is called with the bytes sent so far.
    Raises what board.exec raises."""
    board.exec("import binascii")
    for at in range(0, len(data), chunk_bytes):
        piece = data[at : at + chunk_bytes]
        text = binascii.b2a_base64(piece, newline=False).decode()
        board.exec(statement.format(piece=f"binascii.a2b_base64('{text}')", at=at, end=at + len(piece)))
        progress(at + len(piece))
