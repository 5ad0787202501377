# SPDX-License-Identifier: MIT
"""Writes a Model as the bytes of an .lnn file; the reader checks every file that leaves."""

from __future__ import annotations

import json
import os
import pathlib
import warnings
import zlib
from dataclasses import replace
from hashlib import sha256

import numpy as np

from ..errors import LiquidWarning
from .arrays import Record
from .cell_sections import write_cell
from .cells import GridShape
from .errors import LnnError
from .frontends import write_frontend
from .integer import FrontEndS16
from .layout import ENUMS, FIELDS, LIMITS, MAGIC, SIGNATURE_BYTES, STRUCTS, VERSION_MAJOR
from .model import Golden, Label, Model, Policy, Traces
from .reader import read
from .readouts import is_liquid, write_readout
from .records import (
    CRC_AT,
    align,
    enum_value,
    pack_section,
    policy_bytes,
    ram_bytes,
    signed_part,
    without_crc,
)
from .timetable import write_timetable
from .whole_file import replacing


def write(model: Model) -> bytes:
    """The file as bytes.  Raises LnnError (SHAPE, RANGE, NUMBER, LABEL, ...) for an impossible model.

    Drops the signature, with a LiquidWarning, if the model was changed since it was read.
    """
    data = assemble(model)
    if model.signed_digest not in (None, sha256(signed_part(data)).digest()):
        data = assemble(unsigned(model))
    read(data)
    return data


def unsigned(model: Model) -> Model:
    """The model without its signature, which a changed one may not keep; a LiquidWarning tells if it had one."""
    if model.signature is None:
        return model
    warnings.warn(LiquidWarning("the model was changed, so its signature was dropped: sign it again"), stacklevel=3)
    return replace(model, signature=None, signed_digest=None)


def save(model: Model, path: str | os.PathLike[str]) -> int:
    """Writes the file in one go (an interrupted save leaves the old one); returns its bytes.  Raises OSError naming path."""
    data, path = write(model), pathlib.Path(path)
    try:
        with replacing(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    return len(data)


def assemble(model: Model) -> bytes:
    """The file without the reader's checks; for tests that need wrong files."""
    header = {"n_labels": len(model.labels), "n_cells": len(model.cells)}
    sections = [
        ("labels", b"".join(_label(label) for label in model.labels)),
        ("frontend", write_frontend(model.frontend, header)),
    ]
    if model.traces is not None:
        sections.append(("traces", _traces(model.traces, header)))
    sections += [("cell", write_cell(cell, header)) for cell in model.cells]
    if model.every is not None:
        sections.append(("rhythm", pack_section("rhythm", {"reserved": 0}, {"every": model.every}, header)))
    kind = "liquid_readout" if is_liquid(model.readout) else "readout"
    sections += [(kind, write_readout(model.readout, header)), ("policy", _policy(model.policy, header))]
    if model.timetable is not None:
        sections.append(("timetable", write_timetable(model.timetable, header)))
    if model.golden is not None:
        sections.append(("golden", _golden(model.golden, header)))
    if model.metadata:
        text = json.dumps(model.metadata, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        sections.append(("metadata", text.encode()))
    if model.signature is not None:
        if len(model.signature) != SIGNATURE_BYTES:
            raise LnnError("SECTIONS", f"a signature has {SIGNATURE_BYTES} bytes")
        sections.append(("signature", bytes(model.signature)))
    return _file(model, header, sections)


def _file(model: Model, header: Record, sections: list[tuple[str, bytes]]) -> bytes:
    table, body, kinds = b"", b"", list[str]()
    first = align(STRUCTS["header"].size + len(sections) * STRUCTS["section"].size)
    for kind, data in sections:
        body += bytes(align(len(body)) - len(body))
        table += STRUCTS["section"].pack(ENUMS["section"][kind], kinds.count(kind), first + len(body), len(data), 0)
        kinds.append(kind)
        body += data
    if not model.cells:
        raise LnnError("RANGE", "a model has 1 to 4 cells")
    frontend = model.frontend
    header |= {
        "magic": int.from_bytes(MAGIC, "little"),
        "version_major": VERSION_MAJOR,
        "version_minor": _version_minor(model),
        "model_version": model.model_version,
        "file_bytes": first + len(body),
        "crc32": 0,
        "sample_rate_hz": model.sample_rate_hz,
        "n_sections": len(sections),
        "task": enum_value("task", model.task),
        "target": enum_value("target", model.target),
        "ram_bytes": ram_bytes(
            len(model.labels),
            len(frontend.window),
            frontend.fft_points,
            frontend.n_mels,
            model.cells,
            frontend.kind,
            model.cells[0].weight,
            model.traces is not None,
            is_liquid(model.readout),
            model.hears_all,
        ),
        "reserved": 0,
        "reserved2": 0,
    }
    head = STRUCTS["header"].pack(*(header[f] for f in FIELDS["header"])) + table
    return with_crc(head + bytes(first - len(head)) + body)


def _version_minor(model: Model) -> int:
    """The lowest one that can hold the model."""
    newest = model.every, model.timetable
    if any(part is not None for part in newest) or model.hears_all or isinstance(model.cells[0], GridShape):
        return 3
    if model.traces is not None or is_liquid(model.readout) or isinstance(model.frontend, FrontEndS16):
        return 2
    return 1 if model.model_version or model.policy.floor_ratio else 0


def with_crc(data: bytes) -> bytes:
    """The same file with its CRC-32 made right."""
    return data[:CRC_AT] + zlib.crc32(without_crc(data)).to_bytes(4, "little") + data[CRC_AT + 4 :]


def _label(label: Label) -> bytes:
    name = label.name.encode()
    if not 0 < len(name) < LIMITS["label_name_bytes"] or b"\0" in name:
        raise LnnError("LABEL", f"{label.name!r} has {len(name)} bytes, 1 to {LIMITS['label_name_bytes'] - 1} fit")
    return STRUCTS["label"].pack(name, label.threshold, label.refractory_us)


def _traces(traces: Traces, header: Record) -> bytes:
    return pack_section("traces", {"n_channels": np.size(traces.tau), "reserved": 0}, vars(traces), header)


def _policy(policy: Policy, header: Record) -> bytes:
    fields = vars(policy) | {"complexity": enum_value("complexity", policy.complexity)}
    return pack_section("policy", fields, {}, header)[: policy_bytes(policy.floor_ratio)]


def _golden(golden: Golden, header: Record) -> bytes:
    fields = {"n_samples": len(golden.audio), "n_steps": golden.n_steps, "tolerance": golden.tolerance, "reserved": 0}
    return pack_section("golden", fields, vars(golden), header)
