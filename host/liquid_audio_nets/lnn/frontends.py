# SPDX-License-Identifier: MIT
"""The front-end sections of a file, of every kind, read and written."""

from __future__ import annotations

import numpy as np

from . import checks
from .arrays import Record
from .integer import FrontEndQ15, FrontEndS16
from .model import AnyFrontEnd, FrontEnd, FrontEndNone
from .records import Cursor, enum_value, pack_section


def read_frontend(cursor: Cursor, header: Record) -> AnyFrontEnd:
    """A front-end of the kind that the section names.  Raises LnnError with the name of what is wrong."""
    kind = checks.frontend_kind(cursor)
    if kind == FrontEndNone.kind:
        return _frontend_none(cursor, header)
    if kind == FrontEndS16.kind:
        return _frontend_s16(cursor, header)
    return _frontend_logmel(cursor, header, kind)


def _frontend_none(cursor: Cursor, header: Record) -> FrontEndNone:
    fields = cursor.record("frontend_none")
    checks.frontend_none(fields, header["n_labels"])
    arrays = cursor.arrays("frontend_none", header | fields)
    return FrontEndNone(time_scale=fields["time_scale"], feature_clip=fields["feature_clip"], **arrays)


def _frontend_logmel(cursor: Cursor, header: Record, kind: str) -> FrontEnd | FrontEndQ15:
    name = "frontend_q15" if kind == "logmel_q15" else "frontend"
    fields = cursor.record(name)
    checks.frontend(name, fields)
    arrays: Record = cursor.arrays(name, header | fields)
    checks.filters(fields, arrays)
    checks.arrays_in_range(name, arrays)
    if kind == "logmel_q15":
        return FrontEndQ15(fft_points=fields["fft_points"], clip_q12=fields["clip_q12"], **arrays)
    more = {name: fields[name] for name in ("fft_points", "log_floor", "feature_clip")}
    return FrontEnd(**arrays, **more)


def _frontend_s16(cursor: Cursor, header: Record) -> FrontEndS16:
    fields = cursor.record("frontend_s16")
    checks.require(header["version_minor"] >= 2, "FRONTEND", "logmel_s16 needs version 1.2")
    checks.frontend("frontend_s16", fields)
    arrays: Record = cursor.arrays("frontend_s16", header | fields)
    checks.triangles(fields, arrays)
    checks.arrays_in_range("frontend_s16", arrays)
    arrays["window"] = arrays["window"][: fields["window_samples"]]
    more = {name: fields[name] for name in ("first_bin", "fft_points", "clip_q12")}
    return FrontEndS16(**arrays, **more)


def write_frontend(fe: AnyFrontEnd, header: Record) -> bytes:
    """The bytes of the section.  Raises LnnError as pack_section()."""
    if isinstance(fe, FrontEndNone):
        fields = {
            "kind": enum_value("frontend", fe.kind),
            "n_mels": fe.n_mels,
            "feature_clip": fe.feature_clip,
            "time_scale": fe.time_scale,
        }
        return pack_section("frontend_none", fields, vars(fe), header)
    logmel: Record = {
        "kind": enum_value("frontend", fe.kind),
        "window_samples": len(fe.window),
        "reserved": 0,
        "fft_points": fe.fft_points,
        "n_mels": fe.n_mels,
        "n_mel_weights": int(np.sum(fe.mel_count)),
    }
    if isinstance(fe, FrontEndQ15):
        return pack_section("frontend_q15", logmel | {"clip_q12": fe.clip_q12}, vars(fe), header)
    if isinstance(fe, FrontEndS16):
        window = np.pad(fe.window, (0, max(fe.fft_points - len(fe.window), 0)))
        own = {"clip_q12": fe.clip_q12, "first_bin": fe.first_bin}
        return pack_section("frontend_s16", logmel | own, vars(fe) | {"window": window}, header)
    limits: Record = {"log_floor": fe.log_floor, "feature_clip": fe.feature_clip}
    return pack_section("frontend", logmel | limits, vars(fe), header)
