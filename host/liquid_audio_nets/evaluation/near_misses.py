# SPDX-License-Identifier: MIT
"""The near-misses that device/near_misses.py kept on a board, as recordings on this computer."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from ..audio.held_out import NEAR_MISSES
from ..link import Board, receive

LIST = """
import os
try:
    print(sorted(os.listdir({folder!r})))
except OSError:
    print([])
"""


def fetch(board: Board, data: Path, progress: Callable[[int, int], None] = lambda done, of: None) -> list[Path]:
    """Copies the board's near-misses to data/near_misses and returns the new files, `<label>_<score in thousandths>_<checksum>.wav`.

    A recording that is there already, also in a folder below, is not copied again; the board keeps its files.  progress
    takes the files that were fetched and how many there are.  Raises LinkError if the connection fails."""
    target = data / NEAR_MISSES
    names = ast.literal_eval(board.exec(LIST.format(folder=f"/{NEAR_MISSES}")))
    new = []
    for done, name in enumerate(names):
        content = receive(board, f"/{NEAR_MISSES}/{name}")
        place = target / f"{PurePosixPath(name).stem.partition('_')[2]}_{zlib.crc32(content):08x}.wav"
        if not any(target.rglob(place.name)):
            target.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            new.append(place)
        progress(done + 1, len(names))
    return new
