# SPDX-License-Identifier: MIT
"""Integer matrices in the layouts of SPEC.md: `pack` for the writer, `unpack` for the reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Array
from .errors import LnnError
from .layout import ENUMS, LIMITS

SPARSE = "rows4x4_sparse"
BLOCK = 4  # rows and columns of what rows4x4 stores together and rows4x4_sparse leaves out
DENSE = {"int8": ("rows4x4", "rows4x16"), "int16": ("rows4x4",)}
DTYPES: dict[str, np.dtype[Any]] = {"int8": np.dtype("i1"), "int16": np.dtype("<i2")}
_WORD = [0, 2, 1, 3]  # columns in the order of a word's bytes
_EMPTY = np.zeros(0, np.uint8)


def up(n: int, to: int) -> int:
    """n rounded up to a multiple of `to`."""
    return -(-n // to) * to


@dataclass
class Packed:
    """weights: the file's bytes, int8; counts, columns uint8: empty unless sparse."""

    weights: Array
    counts: Array = field(default_factory=lambda: _EMPTY)
    columns: Array = field(default_factory=lambda: _EMPTY)
    weight: str = "int8"

    @property
    def n_blocks(self) -> int:
        """Blocks of sixteen weights."""
        return len(self.weights) // (16 * DTYPES[self.weight].itemsize)


def dense_blocks(layout: str, rows: int, columns: int) -> int:
    """Blocks of sixteen weights of a dense matrix of `rows` (a multiple of 4) by `columns`."""
    return rows * (up(columns, 4) if layout == "rows4x4" else up(columns, 8)) // 16


def blocks_of(matrix: Array) -> Array:
    """(rows, columns) -> (groups, fours, 4 rows, 4 columns), filled up with zeros."""
    rows, columns = matrix.shape
    full = np.pad(matrix, ((0, up(rows, BLOCK) - rows), (0, up(columns, BLOCK) - columns)))
    return full.reshape(full.shape[0] // BLOCK, BLOCK, full.shape[1] // BLOCK, BLOCK).transpose(0, 2, 1, 3)


def _wide_parts(columns: int) -> list[tuple[int, int]]:
    """Where rows4x16 cuts the columns: parts of sixteen, and a last part of eight if at most eight are left."""
    return [(at, min(16, up(columns, 8) - at)) for at in range(0, columns, 16)]


def _halves(blocks: Array) -> Array:
    """Blocks (..., 4 rows, 4 columns) -> (..., 2 halves of the columns, 4 rows, 2 columns), the order of int16."""
    return blocks.reshape(*blocks.shape[:-1], 2, 2).swapaxes(-3, -2)


def pack(matrix: Array, layout: str, weight: str = "int8") -> Packed:
    """Integers (rows, columns) -> what the file holds.

    Raises LnnError WEIGHTS if such weights do not have the layout, NUMBER if one of them does not fit into its type.
    """
    layouts = (*DENSE[weight], SPARSE)
    if layout not in layouts:
        raise LnnError("WEIGHTS", f"layout {layout!r} of {weight}, known: {', '.join(layouts)}")
    limits = np.iinfo(DTYPES[weight])
    if np.any((np.asarray(matrix) < limits.min) | (np.asarray(matrix) > limits.max)):
        raise LnnError("NUMBER", f"weights that do not fit into {weight}")
    if layout == "rows4x16":
        rows, columns = np.shape(matrix)
        full = np.zeros((up(rows, 4), up(columns, 8)), np.int8)
        full[:rows, :columns] = matrix
        groups = full.reshape(-1, 4, full.shape[1])
        parts = [groups[:, :, at : at + n].reshape(len(groups), -1) for at, n in _wide_parts(columns)]
        return Packed(np.concatenate(parts, axis=1).ravel())
    blocks = blocks_of(np.asarray(matrix, DTYPES[weight]))
    words = blocks[..., _WORD] if weight == "int8" else _halves(blocks)
    kept = blocks.any(axis=(2, 3)) | (layout == "rows4x4")
    raw = words[kept].ravel().view(np.int8)
    if layout == "rows4x4":
        return Packed(raw, weight=weight)
    return Packed(raw, kept.sum(1).astype(np.uint8), np.nonzero(kept)[1].astype(np.uint8), weight)


def unpack(packed: Packed, layout: str, rows: int, columns: int) -> Array:
    """The inverse of `pack`, for lists that check_blocks() has accepted: (rows, columns), rows a multiple of 4."""
    groups, fours = rows // 4, up(columns, 4) // 4
    if layout == "rows4x16":
        flat, at, out = packed.weights.reshape(groups, -1), 0, np.zeros((groups, 4, up(columns, 8)), np.int8)
        for first, n in _wide_parts(columns):
            out[:, :, first : first + n] = flat[:, at : at + 4 * n].reshape(groups, 4, n)
            at += 4 * n
        return out.reshape(rows, -1)[:, :columns].copy()
    flat = packed.weights.view(DTYPES[packed.weight])
    if packed.weight == "int8":
        words = flat.reshape(-1, 4, 4)[..., _WORD]
    else:
        words = flat.reshape(-1, 2, 4, 2).swapaxes(1, 2).reshape(-1, 4, 4)
    blocks = np.zeros((groups, fours, 4, 4), flat.dtype)
    if layout == SPARSE:
        blocks[np.repeat(np.arange(groups), packed.counts), packed.columns] = words
    else:
        blocks[:] = words.reshape(blocks.shape)
    return blocks.transpose(0, 2, 1, 3).reshape(rows, -1)[:, :columns].copy()


def check_blocks(counts: Array, places: Array, columns: int) -> None:
    """The lists of a sparse matrix, as cmodule/core/load_matrix.c checks them.  Raises LnnError SHAPE, RANGE."""
    used = 0
    for count in counts:
        first = 0
        for _ in range(int(count)):
            if used == len(places):
                raise LnnError("SHAPE", "counts name more blocks than there are")
            if not first <= places[used] < up(columns, 4) // 4:
                raise LnnError("RANGE", f"block column {places[used]}")
            first, used = int(places[used]) + 1, used + 1
    if used != len(places):
        raise LnnError("SHAPE", f"counts name {used} of {len(places)} blocks")


def check_weights(packed: Packed, layout: str, rows: int, columns: int) -> None:
    """No sum of products may overflow, the padding of the last columns included.  Raises LnnError NUMBER."""
    if packed.weight == "int8":
        if np.any(np.abs(packed.weights.astype(np.int16)) > LIMITS["int8_weight"]):
            raise LnnError("NUMBER", f"an int8 weight beyond {LIMITS['int8_weight']}")
    elif np.abs(unpack(packed, layout, rows, up(columns, 4)).astype(np.int64)).sum(1).max() > LIMITS["int16_row"]:
        raise LnnError("NUMBER", f"the int16 weights of a row add up to more than {LIMITS['int16_row']}")


def unpack_checked(packed: Packed, layout: str, rows: int, columns: int) -> Array:
    """unpack() of weights that pass check_weights(), whose LnnError it raises."""
    check_weights(packed, layout, rows, columns)
    return unpack(packed, layout, rows, columns)


def layout_name(value: int, weight: str, sparse: bool) -> str:
    """The name of a layout.  Raises LnnError WEIGHTS if such weights do not have it; sparse: whether it may be sparse."""
    for name in (*DENSE[weight], SPARSE) if sparse else DENSE[weight]:
        if ENUMS["layout"][name] == value:
            return name
    raise LnnError("WEIGHTS", f"layout {value} of {weight}")
