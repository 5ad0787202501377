# SPDX-License-Identifier: MIT
"""Reads and checks an .lnn file in the order of the C core's loader, with the same named errors.

Any byte string gives a Model or an LnnError; tests hold this reader and cmodule/core/loader.c equal.
"""

from __future__ import annotations

import json
import os
import pathlib
import zlib
from collections.abc import Iterator
from hashlib import sha256

from . import checks
from .arrays import Record
from .cell_sections import read_cell
from .errors import LnnError
from .frontends import read_frontend
from .layout import ENUMS, MAGIC, SIGNATURE_BYTES, STRUCTS, VERSION_MAJOR, VERSION_MINOR
from .model import Golden, Label, Model, Policy, Traces
from .readouts import is_liquid, read_liquid_readout, read_readout
from .records import (
    ENUM_NAMES,
    Cursor,
    align,
    enum_name,
    policy_bytes,
    ram_bytes,
    signed_part,
    unpack_record,
)
from .timetable import read_timetable

KIND = ENUMS["section"]


def load(path: str | os.PathLike[str]) -> Model:
    """Reads a file.  Raises OSError if it cannot be read, LnnError if it is not a valid model."""
    return read(pathlib.Path(path).read_bytes())


def read(data: bytes) -> Model:
    """A Model from the bytes of a file; raises LnnError with the name of what is wrong."""
    view = memoryview(data)
    header = _header(view)
    parts: Record = {"cells": []}
    for name, cursor in _sections(view, header):
        READERS[name](cursor, header, parts)
        cursor.require_end()
    frontend, cells = parts["frontend"], parts["cells"]
    needed = ram_bytes(
        header["n_labels"],
        len(frontend.window),
        frontend.fft_points,
        frontend.n_mels,
        cells,
        frontend.kind,
        cells[0].weight,
        "traces" in parts,
        is_liquid(parts["readout"]),
        parts["readout"].n_inputs > cells[-1].n_units,
    )
    if header["ram_bytes"] != needed:
        raise LnnError("RAM", f"{header['ram_bytes']}, needs {needed}")
    return Model(
        sample_rate_hz=header["sample_rate_hz"],
        task=ENUM_NAMES["task"][header["task"]],
        target=ENUM_NAMES["target"][header["target"]],
        model_version=header["model_version"],
        signed_digest=sha256(signed_part(data)).digest() if "signature" in parts else None,
        **parts,
    )


def _header(data: memoryview) -> Record:
    if not MAGIC.startswith(bytes(data[:4])):
        raise LnnError("MAGIC")
    if len(data) < STRUCTS["header"].size:
        raise LnnError("TRUNCATED", f"{len(data)} bytes")
    header = unpack_record("header", data)
    if header["version_major"] != VERSION_MAJOR or header["version_minor"] > VERSION_MINOR:
        theirs, ours = f"{header['version_major']}.{header['version_minor']}", f"{VERSION_MAJOR}.{VERSION_MINOR}"
        raise LnnError("VERSION", f"the file has version {theirs}, this reader knows up to {ours}")
    if header["file_bytes"] > len(data):
        raise LnnError("TRUNCATED", f"{len(data)} of {header['file_bytes']} bytes")
    if header["file_bytes"] < len(data):
        raise LnnError("LENGTH", f"{len(data)} bytes, header says {header['file_bytes']}")
    if zlib.crc32(data[16:], zlib.crc32(bytes(4), zlib.crc32(data[:12]))) != header["crc32"]:
        raise LnnError("CRC")
    checks.header(header)
    return header


# in the order of the kinds
PLACES = {
    KIND["traces"]: KIND["frontend"],
    KIND["rhythm"]: KIND["cell"],
    KIND["timetable"]: KIND["policy"],
    KIND["liquid_readout"]: KIND["readout"],
}


def _place(entry: Record) -> int:
    return PLACES.get(entry["kind"], int(entry["kind"]))


def _is_next(entry: Record, before: Record | None, header: Record) -> bool:
    """Kinds ascend.  Those from labels to policy are required, and there are as many cells as the header says.

    Traces may follow the front-end, and a liquid readout may replace the readout, from version 1.2 on; a rhythm may follow
    the last cell, and a timetable the policy, from version 1.3 on.
    """
    if before and before["kind"] == KIND["cell"] and before["index"] + 1 < header["n_cells"]:
        return bool(entry["kind"] == KIND["cell"] and entry["index"] == before["index"] + 1)
    since = 3 if entry["kind"] >= KIND["rhythm"] else 2
    if entry["index"] != 0 or (entry["kind"] in PLACES and header["version_minor"] < since):
        return False
    if entry["kind"] == KIND["timetable"]:
        return bool(before and before["kind"] == KIND["policy"])
    if entry["kind"] == KIND["rhythm"]:
        return bool(before and before["kind"] == KIND["cell"])
    if entry["kind"] == KIND["traces"]:
        return bool(before and before["kind"] == KIND["frontend"])
    kind, last = _place(entry), _place(before) if before else 0
    return bool(kind == last + 1 if last < KIND["policy"] else kind > last)


def _sections(data: memoryview, header: Record) -> Iterator[tuple[str, Cursor]]:
    """Yields the name and the content of each section in file order, and checks that together they fill the file."""
    head, size = STRUCTS["header"].size, STRUCTS["section"].size
    before: Record | None = None
    at = head + header["n_sections"] * size
    for i in range(header["n_sections"]):
        entry = unpack_record("section", data, head + i * size)
        start = align(at)
        if entry["reserved"]:
            raise LnnError("PADDING", f"entry {i} of the section table")
        if entry["kind"] > max(ENUM_NAMES["section"]):
            raise LnnError("STAGE", f"section kind {entry['kind']}")
        fits = start <= len(data) and entry["bytes"] <= len(data) - start
        if not _is_next(entry, before, header) or entry["offset"] != start or not fits:
            raise LnnError("SECTIONS", f"entry {i}")
        if any(data[at:start]):
            raise LnnError("PADDING", f"before section {i}")
        at, before = start + entry["bytes"], entry
        yield ENUM_NAMES["section"][entry["kind"]], Cursor(data, start, at)
    if before is None or _place(before) < KIND["policy"] or at != len(data):
        raise LnnError("SECTIONS", "sections are missing, or bytes follow them")


def _labels(cursor: Cursor, header: Record, parts: Record) -> None:
    size, parts["labels"] = STRUCTS["label"].size, []
    for raw in [cursor.take(size) for _ in range(header["n_labels"])]:
        fields = unpack_record("label", raw)
        checks.label(fields)
        name = fields["name"].rstrip(b"\0").decode()
        parts["labels"].append(Label(name, fields["threshold"], fields["refractory_us"]))


def _frontend(cursor: Cursor, header: Record, parts: Record) -> None:
    parts["frontend"] = read_frontend(cursor, header)
    checks.task(header, parts["frontend"].kind)


def _traces(cursor: Cursor, header: Record, parts: Record) -> None:
    fields = cursor.record("traces")
    checks.traces(fields, parts["frontend"].n_mels)
    arrays = cursor.arrays("traces", header | fields)
    checks.arrays_in_range("traces", arrays)
    parts["traces"] = Traces(**arrays)


def _rhythm(cursor: Cursor, header: Record, parts: Record) -> None:
    fields = cursor.record("rhythm")
    checks.require(fields["reserved"] == 0, "PADDING", "rhythm")
    arrays = cursor.arrays("rhythm", header | fields)
    checks.arrays_in_range("rhythm", arrays)
    parts["every"] = tuple(int(n) for n in arrays["every"])


def _policy(cursor: Cursor, header: Record, parts: Record) -> None:
    size, shorter = STRUCTS["policy"].size, policy_bytes(0.0)
    if cursor.end - cursor.at == shorter:
        fields = unpack_record("policy", bytes(cursor.take(shorter)) + bytes(size - shorter))
    else:
        checks.require(header["version_minor"] >= 1, "SHAPE", "floor_ratio needs version 1.1")
        fields = cursor.record("policy")
    checks.policy(fields)
    parts["policy"] = Policy(**fields | {"complexity": enum_name("complexity", fields["complexity"])})


def _golden(cursor: Cursor, header: Record, parts: Record) -> None:
    fields = cursor.record("golden")
    checks.golden(fields, parts["frontend"])
    arrays = cursor.arrays("golden", header | fields)
    parts["golden"] = Golden(arrays["audio"], arrays["logits"], fields["n_steps"], fields["tolerance"])


def _metadata(cursor: Cursor, header: Record, parts: Record) -> None:
    text = checks.text(bytes(cursor.rest()))
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    parts["metadata"] = metadata if isinstance(metadata, dict) else {}


def _signature(cursor: Cursor, header: Record, parts: Record) -> None:
    parts["signature"] = bytes(cursor.rest())
    checks.require(len(parts["signature"]) == SIGNATURE_BYTES, "SHAPE", f"a signature has {SIGNATURE_BYTES} bytes")


READERS = {
    "labels": _labels,
    "frontend": _frontend,
    "traces": _traces,
    "cell": read_cell,
    "rhythm": _rhythm,
    "readout": read_readout,
    "liquid_readout": read_liquid_readout,
    "policy": _policy,
    "timetable": read_timetable,
    "golden": _golden,
    "metadata": _metadata,
    "signature": _signature,
}
