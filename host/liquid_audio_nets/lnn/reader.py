"""Reads and checks an .lnn file in the order of the C core's loader, with the same named errors.

Any byte string gives a Model or an LnnError; tests hold this reader and cmodule/core/loader.c equal.
"""

from __future__ import annotations

import json
import os
import pathlib
import zlib

import numpy as np

from . import checks
from .errors import LnnError
from .integer import CellS8, FrontEndQ15, ReadoutS8
from .layout import ENUMS, FIELDS, MAGIC, STRUCTS, VERSION_MAJOR, VERSION_MINOR
from .matrix_s8 import SPARSE, Packed, check_blocks, check_rows, dense_blocks, layout_name, unpack, up
from .model import Cell, FrontEnd, FrontEndNone, Golden, Label, Model, Policy, Readout
from .records import ENUM_NAMES, Cursor, align, enum_name, from_rows4, ram_bytes, rows4

NO_LABEL = 0xFFFF
KIND = ENUMS["section"]


def load(path: str | os.PathLike) -> Model:
    """Reads a file.  Raises OSError where it cannot be read, LnnError where it is no valid model."""
    return read(pathlib.Path(path).read_bytes())


def read(data: bytes) -> Model:
    """A Model from the bytes of a file; raises LnnError with the name of what is wrong."""
    view = memoryview(data)
    header = _header(view)
    parts: dict = {"cells": []}
    for name, cursor, index in _sections(view, header):
        READERS[name](cursor, header, parts)
        cursor.require_end()
    frontend, cells = parts["frontend"], parts["cells"]
    sizes = [(c.n_inputs, c.n_units, getattr(c, "delta_q15", 0)) for c in cells]
    needed = ram_bytes(
        header["n_labels"],
        len(frontend.window),
        frontend.fft_points,
        frontend.n_mels,
        sizes,
        frontend.kind,
        cells[0].weight,
    )
    if header["ram_bytes"] != needed:
        raise LnnError("RAM", f"{header['ram_bytes']}, needs {needed}")
    return Model(
        sample_rate_hz=header["sample_rate_hz"],
        task=ENUM_NAMES["task"][header["task"]],
        target=ENUM_NAMES["target"][header["target"]],
        **parts,
    )


def _header(data: memoryview) -> dict:
    record = STRUCTS["header"]
    if len(data) < record.size:
        raise LnnError("TRUNCATED", f"{len(data)} bytes")
    header = dict(zip(FIELDS["header"], record.unpack_from(data)))
    if bytes(data[:4]) != MAGIC:
        raise LnnError("MAGIC")
    if header["version_major"] != VERSION_MAJOR or header["version_minor"] > VERSION_MINOR:
        raise LnnError("VERSION", f"{header['version_major']}.{header['version_minor']}")
    if header["file_bytes"] > len(data):
        raise LnnError("TRUNCATED", f"{len(data)} of {header['file_bytes']} bytes")
    if header["file_bytes"] < len(data):
        raise LnnError("LENGTH", f"{len(data)} bytes, header says {header['file_bytes']}")
    if zlib.crc32(data[16:], zlib.crc32(bytes(4), zlib.crc32(data[:12]))) != header["crc32"]:
        raise LnnError("CRC")
    checks.header(header)
    return header


def _is_next(entry: dict, before: dict | None, n_cells: int) -> bool:
    """Kinds ascend; those from labels to policy must be there, cells as often as the header says."""
    if before and before["kind"] == KIND["cell"] and before["index"] + 1 < n_cells:
        return entry["kind"] == KIND["cell"] and entry["index"] == before["index"] + 1
    last = before["kind"] if before else 0
    in_order = entry["kind"] == last + 1 if last < KIND["policy"] else entry["kind"] > last
    return in_order and entry["index"] == 0 and entry["kind"] <= KIND["signature"]


def _sections(data: memoryview, header: dict):
    """Yields (name, cursor, index) in file order; at the end the sections have filled the file."""
    head, record, before = STRUCTS["header"].size, STRUCTS["section"], None
    at = head + header["n_sections"] * record.size
    for i in range(header["n_sections"]):
        entry = dict(zip(FIELDS["section"], record.unpack_from(data, head + i * record.size)))
        start = align(at)
        if entry["reserved"]:
            raise LnnError("PADDING", f"entry {i} of the section table")
        fits = start <= len(data) and entry["bytes"] <= len(data) - start
        if not _is_next(entry, before, header["n_cells"]) or entry["offset"] != start or not fits:
            raise LnnError("SECTIONS", f"entry {i}")
        if any(data[at:start]):
            raise LnnError("PADDING", f"before section {i}")
        at, before = start + entry["bytes"], entry
        yield ENUM_NAMES["section"][entry["kind"]], Cursor(data, start, at), entry["index"]
    if before is None or before["kind"] < KIND["policy"] or at != len(data):
        raise LnnError("SECTIONS", "sections are missing, or bytes follow them")


def _labels(cursor: Cursor, header: dict, parts: dict) -> None:
    records = [cursor.take(STRUCTS["label"].size) for _ in range(header["n_labels"])]
    parts["labels"] = []
    for raw, threshold, refractory_us in (STRUCTS["label"].unpack(r) for r in records):
        checks.label(raw, threshold)
        parts["labels"].append(Label(raw.rstrip(b"\0").decode(), threshold, refractory_us))


def _frontend(cursor: Cursor, header: dict, parts: dict) -> None:
    kind = checks.frontend_kind(cursor)
    parts["frontend"] = _frontend_none(cursor, header) if kind == "none" else _frontend_logmel(cursor, header, kind)
    checks.task(header, kind)


def _frontend_none(cursor: Cursor, header: dict) -> FrontEndNone:
    fields = cursor.record("frontend_none")
    checks.frontend_none(fields, header["n_labels"])
    arrays = cursor.arrays("frontend_none", header | fields, **checks.FRONTEND_NONE_LIMITS)
    return FrontEndNone(time_scale=fields["time_scale"], feature_clip=fields["feature_clip"], **arrays)


def _frontend_logmel(cursor: Cursor, header: dict, kind: str) -> FrontEnd | FrontEndQ15:
    integer = kind == "logmel_q15"
    name = "frontend_q15" if integer else "frontend"
    fields = cursor.record(name)
    (checks.frontend_q15 if integer else checks.frontend)(fields)
    arrays = cursor.arrays(name, header | fields, **(checks.FRONTEND_Q15_LIMITS if integer else checks.FRONTEND_LIMITS))
    (checks.frontend_q15_arrays if integer else checks.frontend_arrays)(fields, arrays)
    if integer:
        return FrontEndQ15(fft_points=fields["fft_points"], clip_q12=fields["clip_q12"], **arrays)
    return FrontEnd(
        fft_points=fields["fft_points"], log_floor=fields["log_floor"], feature_clip=fields["feature_clip"], **arrays
    )


def _cell(cursor: Cursor, header: dict, parts: dict) -> None:
    before = parts["cells"]
    integer = checks.cell_is_integer(cursor, parts["frontend"], before)
    parts["cells"].append((_cell_s8 if integer else _cell_f32)(cursor, header))


def _cell_f32(cursor: Cursor, header: dict) -> Cell:
    fields = cursor.record("cell")
    checks.cell(fields)
    arrays = cursor.arrays("cell", header | fields, **checks.CELL_LIMITS)
    checks.require(checks.within(arrays["inv_tau"], 0, 1e6), "NUMBER", "tau")
    n, m = fields["n_units"], fields["n_inputs"]
    rows = from_rows4(arrays["weights"], m + n).reshape(n, 2, m + n)
    bias = arrays["bias"].reshape(n, 2)
    with np.errstate(divide="ignore"):
        tau = 1.0 / arrays["inv_tau"].astype(np.float64)
    return Cell(
        rows[:, 0].copy(),
        rows[:, 1].copy(),
        bias[:, 0].copy(),
        bias[:, 1].copy(),
        tau,
        fields["gate_clamp"],
        enum_name("cell", fields["kind"]),
        enum_name("solver", fields["solver"]),
    )


def _cell_s8(cursor: Cursor, header: dict) -> CellS8:
    fields = cursor.record("cell_s8")
    weight = enum_name("weight", fields["weight"])
    layout = layout_name(fields["layout"], weight, sparse=True)
    checks.cell_s8(fields, layout, weight)
    n, fields = fields["n_units"], header | fields
    arrays = cursor.arrays(
        "cell_s8", fields, ("inv_tau", "bias", "scale_inputs", "scale_state"), **checks.CELL_S8_LIMITS
    )
    for part, columns in (("inputs", fields["n_inputs"]), ("state", n)):
        arrays[f"weights_{part}"] = _matrix_s8(cursor, fields, part, layout, 2 * n, columns)
    checks.require(arrays["inv_tau"].max() <= checks.INV_TAU_Q16, "NUMBER", "inv_tau")
    return CellS8(
        gate_clamp_q11=fields["gate_clamp_q11"],
        kind=enum_name("cell", fields["kind"]),
        solver=enum_name("solver", fields["solver"]),
        layout=layout,
        delta_q15=fields["delta_q15"],
        weight=weight,
        **arrays,
    )


def _matrix_s8(cursor: Cursor, fields: dict, part: str, layout: str, rows: int, columns: int) -> np.ndarray:
    """In the order of the core's loader: what is wrong first is what is named."""
    if layout != SPARSE:
        checks.require(fields[f"n_blocks_{part}"] == dense_blocks(layout, rows, columns), "SHAPE", f"n_blocks_{part}")
    lists = cursor.arrays("cell_s8", fields, (f"counts_{part}", f"columns_{part}"))
    counts, places = lists.values()
    if layout == SPARSE:
        check_blocks(counts, places, columns)
    name, weight = f"weights_{part}", enum_name("weight", fields["weight"])
    weights = cursor.arrays("cell_s8", fields, (name,), **checks.WEIGHT_LIMITS[weight])[name]
    return _checked(Packed(weights, counts, places, weight), layout, rows, columns)


def _checked(packed: Packed, layout: str, rows: int, columns: int) -> np.ndarray:
    if packed.weight == "int16":
        check_rows(unpack(packed, layout, rows, up(columns, 4)))  # with what fills up the last four columns
    return unpack(packed, layout, rows, columns)


def _readout(cursor: Cursor, header: dict, parts: dict) -> None:
    n, last = header["n_labels"], parts["cells"][-1]
    checks.readout(cursor, header, parts["frontend"], last)
    parts["readout"] = (_readout_f32 if last.weight == "float32" else _readout_s8)(cursor, header, n)


def _readout_f32(cursor: Cursor, header: dict, n: int) -> Readout:
    fields = cursor.record("readout")
    checks.readout_f32(fields)
    arrays = cursor.arrays("readout", header | fields, **checks.CELL_LIMITS)
    weights = from_rows4(arrays["weights"], fields["n_inputs"])[:n].copy()
    return Readout(weights, arrays["bias"][:n], fields["smoothing_s"], _label_index(fields))


def _readout_s8(cursor: Cursor, header: dict, n: int) -> ReadoutS8:
    fields = cursor.record("readout_s8")
    weight = enum_name("weight", fields["weight"])
    layout, rows = layout_name(fields["layout"], weight, sparse=False), rows4(n)
    n_blocks = dense_blocks(layout, rows, fields["n_inputs"])
    checks.require(fields["n_blocks"] == n_blocks, "SHAPE", f"{fields['n_blocks']} blocks, {n_blocks} needed")
    arrays = cursor.arrays("readout_s8", header | fields, **checks.CELL_S8_LIMITS, **checks.WEIGHT_LIMITS[weight])
    weights = _checked(Packed(arrays["weights"], weight=weight), layout, rows, fields["n_inputs"])[:n]
    return ReadoutS8(
        weights, arrays["bias"][:n], arrays["scale"][:n], fields["smoothing_s"], _label_index(fields), layout, weight
    )


def _label_index(fields: dict) -> int | None:
    return None if fields["idle_label"] == NO_LABEL else fields["idle_label"]


def _policy(cursor: Cursor, header: dict, parts: dict) -> None:
    fields = cursor.record("policy")
    checks.policy(fields)
    parts["policy"] = Policy(**fields | {"complexity": enum_name("complexity", fields["complexity"])})


def _golden(cursor: Cursor, header: dict, parts: dict) -> None:
    fields = cursor.record("golden")
    checks.golden(fields, parts["frontend"])
    arrays = cursor.arrays("golden", header | fields, logits=1e6)
    parts["golden"] = Golden(arrays["audio"], arrays["logits"], fields["n_steps"], fields["tolerance"])


def _metadata(cursor: Cursor, header: dict, parts: dict) -> None:
    text = checks.text(bytes(cursor.rest()))
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    parts["metadata"] = metadata if isinstance(metadata, dict) else {}


def _signature(cursor: Cursor, header: dict, parts: dict) -> None:
    parts["signature"] = bytes(cursor.rest())
    if len(parts["signature"]) != 64:
        raise LnnError("SHAPE", "a signature has 64 bytes")


READERS = {
    "labels": _labels,
    "frontend": _frontend,
    "cell": _cell,
    "readout": _readout,
    "policy": _policy,
    "golden": _golden,
    "metadata": _metadata,
    "signature": _signature,
}
