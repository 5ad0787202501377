# SPDX-License-Identifier: MIT
"""The section `timetable` of a file."""

from __future__ import annotations

from . import checks
from .arrays import Record
from .policy import Timetable
from .records import Cursor, pack_section


def read_timetable(cursor: Cursor, header: Record, parts: Record) -> None:
    """Raises LnnError NO_AUDIO, POLICY, NUMBER, SHAPE or PADDING."""
    checks.require(parts["frontend"].kind != "none", "NO_AUDIO", "timetable")
    fields = cursor.record("timetable")
    checks.in_range("timetable", fields, "POLICY")
    arrays = cursor.arrays("timetable", header | fields)
    checks.arrays_in_range("timetable", arrays)
    parts["timetable"] = Timetable.of_fields(fields, arrays["timestep_ms"].tolist())


def write_timetable(table: Timetable, header: Record) -> bytes:
    """The section.  Raises LnnError POLICY."""
    return pack_section("timetable", table.fields(), {"timestep_ms": table.timestep_ms}, header)
