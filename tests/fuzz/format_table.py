# SPDX-License-Identifier: MIT
"""The layout of the .lnn file as a C header, from which the generator of models draws: what fields.toml says, and no more."""

from __future__ import annotations

import re

from liquid_audio_nets.lnn.layout import ARRAYS, FIELDS, RANGES, STRUCTS
from liquid_audio_nets.lnn.ranges import Range

HEAD = """/* from fields.toml by tests/fuzz/format_table.py; do not edit */
#include "draw.h"

#define rows4(n) (((n) + 3) / 4 * 4)
"""


def _end(end: float | str) -> tuple[str, str]:
    """A number and a field of an end of a range."""
    return ("0", f"F_{end}") if isinstance(end, str) else (repr(float(end)), "-1")


def _item(name: str, kind: str, count: int, range_: Range | None) -> str:
    low, low_field = _end(range_.low if range_ else 0)
    high, high_field = _end(range_.high if range_ else 0)
    flags = f"{str(range_ is not None).lower()}, {str(bool(range_ and range_.above)).lower()}"
    return f"    {{F_{name}, '{kind}', {count}, {flags}, {low}, {high}, {low_field}, {high_field}}},"


def _length(record: str) -> list[str]:
    """A C function that gives the length of each array of a record."""
    lengths = [length for _, _, length in ARRAYS.get(record, ())]
    names = sorted({n for length in lengths for n in re.findall(r"[a-z_]\w*", length)} - {"rows4"})
    lines = [f"static uint32_t length_{record}(uint32_t array, const double *value) {{"]
    lines += [f"    const long {name} = (long)value[F_{name}];" for name in names]
    lines += ["    (void)value;", "    switch (array) {"]
    lines += [f"        case {k}: return (uint32_t)({length.replace('//', '/')});" for k, length in enumerate(lengths)]
    return [*lines, "        default: return 0;", "    }", "}"]


def c_table() -> str:
    """The header: an index for each name (F_...), an item for each field and array, a record_t for each record."""
    names = {name: None for record in FIELDS.values() for name in record}
    names |= {array: None for rows in ARRAYS.values() for array, _, _ in rows}
    lines = [HEAD, "enum {", *(f"    F_{name}," for name in names), "    N_FIELDS", "};"]
    for record, struct in STRUCTS.items():
        types = re.findall(r"(\d*)([a-zA-Z])", struct.format)
        ranges, arrays = RANGES.get(record, {}), ARRAYS.get(record, ())
        lines += ["", f"static const item_t fields_{record}[] = {{"]
        lines += [
            _item(name, kind, int(count or 1), ranges.get(name))
            for name, (count, kind) in zip(FIELDS[record], types, strict=True)
        ]
        lines += ["};", f"static const item_t arrays_{record}[] = {{"]
        kinds = {"<f4": "f", "<u1": "B", "<u2": "H", "<u4": "I", "<i1": "b", "<i2": "h", "<i4": "i"}
        lines += [_item(name, kinds[kind], 0, ranges.get(name)) for name, kind, _ in arrays]
        lines += ["    {-1, 0, 0, false, false, 0, 0, -1, -1},", "};", *_length(record)]
        sizes = f"{len(FIELDS[record])}, {len(arrays)}, fields_{record}, arrays_{record}, length_{record}"
        lines += [f'static const record_t record_{record} = {{"{record}", {sizes}}};']
    return "\n".join(lines) + "\n"
