# SPDX-License-Identifier: MIT
"""What the host's reader and the C core say of the bytes of a file; they must say the same."""

from __future__ import annotations

import functools
from collections.abc import Callable

from liquid_audio_nets.lnn import LnnError, read, write
from liquid_audio_nets.native import LNN
from small_model import (
    tiny_grid_model,
    tiny_int16_model,
    tiny_integer_grid_model,
    tiny_integer_model,
    tiny_integer_stages_model,
    tiny_model,
    tiny_numbers_model,
    tiny_rhythm_model,
    tiny_sparse_model,
    tiny_stages_model,
    tiny_timetable_model,
    tiny_triangles_model,
    tiny_wide_model,
)

KINDS = {
    "float": tiny_model,
    "rows4x4": tiny_integer_model,
    "sparse": tiny_sparse_model,
    "rows4x16": tiny_wide_model,
    "numbers": tiny_numbers_model,
    "int16": tiny_int16_model,
    "stages": tiny_stages_model,
    "rhythm": tiny_rhythm_model,
    "timetable": tiny_timetable_model,
    "integer stages": tiny_integer_stages_model,
    "triangles": tiny_triangles_model,
    "grid": tiny_grid_model,
    "integer grid": tiny_integer_grid_model,
}


@functools.cache
def tiny(kind: str) -> bytes:
    """A valid file of that kind."""
    return write(KINDS[kind]())


def verdict(load: Callable[[bytes], object], data: bytes) -> str:
    """The name of the error that load raises, or OK."""
    try:
        load(data)
    except LnnError as error:
        return error.name
    return "OK"


def same_verdict(data: bytes) -> str:
    """The verdict of the reader; asserts that the C core agrees, unless a header asks it for gigabytes."""
    ours, theirs = verdict(read, data), verdict(LNN, data)
    assert ours == theirs or (ours != "OK" and theirs == "MEMORY")
    return ours
