"""int8 matrices in the layouts of SPEC.md: `pack` for the writer, `unpack` for the reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .errors import LnnError
from .layout import ENUMS

SPARSE = "rows4x4_sparse"
DENSE = ("rows4x4", "rows4x16")
_WORD = [0, 2, 1, 3]  # columns in the order of a word's bytes
_EMPTY = np.zeros(0, np.uint8)


def up(n: int, to: int) -> int:
    return -(-n // to) * to


@dataclass
class Packed:
    """weights int8 (16 * n_blocks,); counts, columns uint8: empty unless sparse."""

    weights: np.ndarray
    counts: np.ndarray = field(default_factory=lambda: _EMPTY)
    columns: np.ndarray = field(default_factory=lambda: _EMPTY)

    @property
    def n_blocks(self) -> int:
        return len(self.weights) // 16


def dense_blocks(layout: str, rows: int, columns: int) -> int:
    """Groups of sixteen weights of a dense matrix of `rows` (a multiple of 4) by `columns`."""
    return rows * (up(columns, 4) if layout == "rows4x4" else up(columns, 8)) // 16


def _blocks(matrix: np.ndarray) -> np.ndarray:
    """(rows, columns) -> int8 (groups, fours, 4 rows, 4 columns), filled up with zeros."""
    rows, columns = np.shape(matrix)
    full = np.zeros((up(rows, 4), up(columns, 4)), np.int8)
    full[:rows, :columns] = matrix
    return full.reshape(full.shape[0] // 4, 4, full.shape[1] // 4, 4).transpose(0, 2, 1, 3)


def _wide_parts(columns: int) -> list[tuple[int, int]]:
    """Where rows4x16 cuts the columns: sixteens, then eight where at most eight are left."""
    return [(at, min(16, up(columns, 8) - at)) for at in range(0, columns, 16)]


def pack(matrix: np.ndarray, layout: str) -> Packed:
    """int8 (rows, columns) -> what the file holds.  Raises LnnError WEIGHTS for an unknown layout."""
    if layout == "rows4x16":
        rows, columns = np.shape(matrix)
        full = np.zeros((up(rows, 4), up(columns, 8)), np.int8)
        full[:rows, :columns] = matrix
        groups = full.reshape(-1, 4, full.shape[1])
        parts = [groups[:, :, at : at + n].reshape(len(groups), -1) for at, n in _wide_parts(columns)]
        return Packed(np.concatenate(parts, axis=1).ravel())
    if layout not in ("rows4x4", SPARSE):
        raise LnnError("WEIGHTS", f"layout {layout!r}, known: {', '.join((*DENSE, SPARSE))}")
    blocks = _blocks(matrix)
    words = blocks[..., _WORD]
    if layout == "rows4x4":
        return Packed(words.ravel())
    kept = blocks.any(axis=(2, 3))
    return Packed(words[kept].ravel(), kept.sum(1).astype(np.uint8), np.nonzero(kept)[1].astype(np.uint8))


def unpack(packed: Packed, layout: str, rows: int, columns: int) -> np.ndarray:
    """The inverse of `pack`: int8 (rows, columns), rows a multiple of 4; what is packed has been checked."""
    groups, fours = rows // 4, up(columns, 4) // 4
    if layout == "rows4x16":
        flat, at, out = packed.weights.reshape(groups, -1), 0, np.zeros((groups, 4, up(columns, 8)), np.int8)
        for first, n in _wide_parts(columns):
            out[:, :, first : first + n] = flat[:, at : at + 4 * n].reshape(groups, 4, n)
            at += 4 * n
        return out.reshape(rows, -1)[:, :columns].copy()
    words = packed.weights.reshape(-1, 4, 4)[..., _WORD]
    blocks = np.zeros((groups, fours, 4, 4), np.int8)
    if layout == SPARSE:
        blocks[np.repeat(np.arange(groups), packed.counts), packed.columns] = words
    else:
        blocks[:] = words.reshape(blocks.shape)
    return blocks.transpose(0, 2, 1, 3).reshape(rows, -1)[:, :columns].copy()


def check_blocks(counts: np.ndarray, places: np.ndarray, columns: int) -> None:
    """The lists of a sparse matrix, as cmodule/core/sections_s8.c checks them.  Raises LnnError SHAPE, RANGE."""
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


def layout_name(value: int, sparse: bool) -> str:
    """Raises LnnError WEIGHTS for a layout that does not serve int8 (or here not sparse) weights."""
    for name in (*DENSE, SPARSE) if sparse else DENSE:
        if ENUMS["layout"][name] == value:
            return name
    raise LnnError("WEIGHTS", f"layout {value}")
