# SPDX-License-Identifier: MIT
"""Records and arrays of a section, by the generated tables of layout.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Array, Record
from .cells import AnyCell, GridShape
from .errors import LnnError
from .integer import INTEGER_FRONTENDS
from .layout import ALIGN_BYTES, ARRAYS, ENUMS, FIELDS, MODEL_BYTES, RANGES, SIGNATURE_BYTES, STRUCTS
from .ranges import choice

NO_LABEL = 0xFFFF
CRC_AT = 12  # in the header

ENUM_NAMES = {enum: {value: name for name, value in items.items()} for enum, items in ENUMS.items()}
BAD_ENUM = {
    "frontend": "FRONTEND",
    "cell": "CELL",
    "solver": "SOLVER",
    "weight": "WEIGHTS",
    "layout": "WEIGHTS",
    "complexity": "POLICY",
}


def align(n: int, to: int = ALIGN_BYTES) -> int:
    """n rounded up to a multiple of `to`."""
    return -(-n // to) * to


def signed_part(data: bytes | memoryview) -> bytes:
    """What the signature at the end of a file covers: all bytes before it, with the CRC taken as zero."""
    return without_crc(bytes(data[:-SIGNATURE_BYTES]))


def without_crc(data: bytes) -> bytes:
    """The same bytes, the four of the CRC-32 taken as zero."""
    return data[:CRC_AT] + bytes(4) + data[CRC_AT + 4 :]


def rows4(rows: int) -> int:
    """rows rounded up to a multiple of 4."""
    return align(rows, 4)


def to_rows4(matrix: Array) -> Array:
    """(rows, columns) -> flat, groups of four rows, within one column by column; zero rows fill up."""
    rows, columns = matrix.shape
    full = np.zeros((rows4(rows), columns), matrix.dtype)
    full[:rows] = matrix
    return full.reshape(-1, 4, columns).transpose(0, 2, 1).ravel()


def from_rows4(flat: Array, columns: int) -> Array:
    """The inverse of to_rows4: flat -> (rows4(rows), columns)."""
    return flat.reshape(-1, columns, 4).transpose(0, 2, 1).reshape(-1, columns)


def enum_value(enum: str, name: object) -> int:
    """The value of a name.  Raises LnnError, named after the enum, if the format has no such name."""
    if not isinstance(name, str) or name not in ENUMS[enum]:
        raise LnnError(BAD_ENUM.get(enum, "ARGUMENT"), f"{enum} is {name!r}; it must be {choice(ENUMS[enum])}")
    return ENUMS[enum][name]


def enum_name(enum: str, value: int) -> str:
    """The name of a value.  Raises LnnError, named after the enum or else RANGE, for an unknown value."""
    if value not in ENUM_NAMES[enum]:
        raise LnnError(BAD_ENUM.get(enum, "RANGE"), f"{enum} {value}")
    return ENUM_NAMES[enum][value]


def array_length(expression: str, fields: Record) -> int:
    """The value of a length of layout.ARRAYS, over the fields of the section and of the header."""
    return int(eval(expression, {"__builtins__": {}, "rows4": rows4}, fields))


def pack_section(name: str, fields: Record, arrays: Record, header: Record) -> bytes:
    """Record and arrays of a section that begins at a multiple of 16.

    Raises LnnError SHAPE for an array of the wrong length, and NUMBER for one that is not finite or does not fit its type.
    """
    out = bytearray(STRUCTS[name].pack(*(fields[f] for f in FIELDS[name])))
    for array, type_, expression in ARRAYS.get(name, ()):
        values = np.asarray(arrays[array]).ravel()
        wanted = array_length(expression, header | fields)
        if len(values) != wanted:
            raise LnnError("SHAPE", f"{name}.{array} has {len(values)} numbers, needs {wanted}")
        if not np.isfinite(values).all():
            raise LnnError("NUMBER", f"{name}.{array}")
        if np.dtype(type_).kind != "f":
            values = np.rint(values)
            limits = np.iinfo(type_)
            if np.any((values < limits.min) | (values > limits.max)):
                raise LnnError("NUMBER", f"{name}.{array} does not fit into {np.dtype(type_)}")
        out += bytes(align(len(out)) - len(out)) + values.astype(type_).tobytes()
    return bytes(out)


def unpack_record(name: str, data: bytes | memoryview, at: int = 0) -> Record:
    """The fields of the record at byte `at` of data."""
    return dict(zip(FIELDS[name], STRUCTS[name].unpack_from(data, at), strict=True))


class Cursor:
    """A walk through one section of a file, from `at` to `end` (offsets from the start of the file)."""

    def __init__(self, data: memoryview, at: int, end: int):
        self.data, self.at, self.end = data, at, end

    def take(self, size: int, aligned: bool = False) -> memoryview:
        """The next `size` bytes; aligned: from the next multiple of 16 on.  Raises LnnError PADDING or SHAPE."""
        start = align(self.at) if aligned else self.at
        if any(self.data[self.at : min(start, self.end)]):
            raise LnnError("PADDING", f"at byte {self.at}")
        if start + size > self.end:
            raise LnnError("SHAPE", f"the section ends at byte {self.end}, before its content")
        self.at = start + size
        return self.data[start : self.at]

    def record(self, name: str) -> Record:
        """The next record, by field.  Raises LnnError PADDING or SHAPE."""
        return unpack_record(name, self.take(STRUCTS[name].size, aligned=True))

    def peek(self, name: str) -> Record:
        """The next record without taking it: its first fields tell its kind.  Raises LnnError SHAPE."""
        if STRUCTS[name].size > self.end - self.at:
            raise LnnError("SHAPE", f"a {name} section of {self.end - self.at} bytes")
        return unpack_record(name, self.data, self.at)

    def arrays(self, name: str, fields: Record, *only: str) -> dict[str, Array]:
        """The next arrays of the section `name`, read-only, by name; by default all of them, otherwise those named.

        Raises LnnError PADDING or SHAPE, and NUMBER for a number whose magnitude is beyond the array's range.
        """
        found = {}
        for array, type_, expression in (row for row in ARRAYS[name] if not only or row[0] in only):
            length = array_length(expression, fields)
            raw = self.take(length * np.dtype(type_).itemsize, aligned=True)
            values = found[array] = np.frombuffer(raw, type_)
            if values.dtype.kind == "u" or array not in RANGES[name]:
                continue
            wide = values if values.dtype.kind == "f" else values.astype(np.int64)
            if not np.all(np.abs(wide) <= RANGES[name][array].magnitude):
                raise LnnError("NUMBER", f"{name}.{array}")
        return found

    def rest(self) -> memoryview:
        """What is left of the section."""
        return self.take(self.end - self.at)

    def require_end(self) -> None:
        """Raises LnnError SHAPE unless the whole section was taken."""
        if self.at != self.end:
            raise LnnError("SHAPE", f"bytes {self.at} to {self.end} belong to nothing")


def policy_bytes(floor_ratio: float) -> int:
    """Length of a policy section: a policy without floor_ratio is written as in version 1.0, which lacks the field."""
    return STRUCTS["policy"].size - (0 if floor_ratio else 4)


def ram_bytes(
    n_labels: int,
    window_samples: int,
    fft_points: int,
    n_mels: int,
    cells: Sequence[AnyCell],
    frontend: str = "logmel_f32",
    weight: str = "float32",
    traces: bool = False,
    liquid: bool = False,
    hears_all: bool = False,
) -> int:
    """ram_bytes of the header, by the formula of SPEC.md.

    traces, liquid: whether the model has traces and a liquid readout; hears_all: whether its readout hears all cells.
    """
    small, integer, rows = frontend in INTEGER_FRONTENDS, weight != "float32", rows4(n_labels)
    heard = sum(cell.n_units for cell in (cells if hears_all else cells[-1:]))
    readout = 4 * rows4(n_labels * (2 if liquid else 1)) + (2 * align(heard, 8) if integer else 0)
    scratch, states = [4 * fft_points + 4 if small else 8 * fft_points, readout], []
    for cell in cells:
        m, n, delta = cell.n_inputs, cell.n_units, getattr(cell, "delta_q15", 0)
        m8, n8 = align(m, 8), align(n, 8)
        if isinstance(cell, GridShape):
            f, k = cell.filters, cell.columns
            scratch.append(12 * f + 2 * n + 4 * align(k, 8) if integer else 16 * f + 4 * n + 4 * k)
        else:
            scratch.append(16 * n + 2 * max(m8, n8) if integer else 8 * n)
        states += [2 * (m8 + n8), 4 * n, 4 * n, 2 * n] if integer else [4 * (m + n)]
        states += [2 * n8, 8 * n] if integer and delta else []
    if traces:
        states += [4 * n_mels, 4 * n_mels, 2 * n_mels] if integer else [4 * n_mels]
    if liquid:
        states += [4 * rows, 4 * rows, 2 * rows] if integer else [4 * rows]
    if hears_all:
        states.append(2 * align(heard, 8) if integer else 4 * heard)
    parts = [2 * window_samples, max(scratch), *([2 * n_mels] if small else [4 * n_mels] * 2), *states]
    return MODEL_BYTES + sum(align(part, 8) for part in parts + [4 * rows] * 4 + [2 * rows] * 2)
