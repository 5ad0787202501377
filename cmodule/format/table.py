# SPDX-License-Identifier: MIT
"""fields.toml as Python objects: sizes of records, and ranges with their names resolved."""

from __future__ import annotations

import pathlib
import re
import tomllib
from dataclasses import dataclass
from typing import Any

SIZES = {"u8": 1, "u16": 2, "u32": 4, "f32": 4, "i8": 1, "i16": 2, "i32": 4}
Table = dict[str, Any]


@dataclass(frozen=True)
class Range:
    """From low to high; a string names a field of the same record.

    above: low itself is excluded.  name: of the limit or enum whose range this is, if it has one.
    """

    low: float | str
    high: float | str
    above: bool = False
    name: str = ""

    @property
    def depends(self) -> bool:
        """Whether an end is a field of the record; such ranges are checked after all others."""
        return isinstance(self.low, str) or isinstance(self.high, str)

    def __str__(self) -> str:
        low, high = (end if isinstance(end, str) else number(end) for end in (self.low, self.high))
        return f"above {low}, at most {high}" if self.above else f"{low} to {high}"

    def in_seconds(self) -> Range:
        """The range of a field in us as people see it."""
        low, high = (policy_name(end)[0] if isinstance(end, str) else end / 1e6 for end in (self.low, self.high))
        return Range(low, high, self.above)


def number(x: float) -> str:
    """As short as people write it: 1e-30, 1000000, 0.5."""
    return str(x) if isinstance(x, int) else re.sub(r"e\+?(-?)0*", r"e\1", f"{x:g}")


def load() -> Table:
    """The content of fields.toml; each field and array ends in its Range, or None."""
    table = tomllib.loads((pathlib.Path(__file__).parent / "fields.toml").read_text())
    for struct in table["struct"]:
        fields = {row[0] for row in struct["fields"]}
        for rows, width in ((struct["fields"], 3), (struct.get("arrays", []), 4)):
            for row in rows:
                row[width:] = [_range(row[width], table, fields) if len(row) > width else None]
    return table


def _range(text: str, table: Table, fields: set[str]) -> Range:
    limits = table["limits"]
    if text in limits:
        return Range(*limits[text][:2], name=text)
    if text in table["enums"]:
        return Range(0, max(enum_items(table["enums"][text]).values()), name=text)
    low, high = text[1:-1].split(",")
    assert text[0] in "[(" and text[-1] == "]", f"not a range: {text}"
    ends = {name: most for name, (_, most, _) in limits.items()} | {name: name for name in fields}
    return Range(*(eval(end, {"__builtins__": {}}, ends) for end in (low, high)), text[0] == "(")


def enum_items(enum: Table) -> dict[str, int]:
    """The values of an enum by name, without what is said about it."""
    return {name: value for name, value in enum.items() if name not in ("why", "runs")}


def policy_fields(table: Table) -> list[list[Any]]:
    """The rows of the policy."""
    return next(struct for struct in table["struct"] if struct["name"] == "policy")["fields"]


def sentence(text: str) -> str:
    """The meaning of a field, which is one in a table, as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


def policy_name(field: str) -> tuple[str, str]:
    """A field of the policy as people see it at the REPL, and its unit: times are in seconds there."""
    return (field.removesuffix("_us"), " s") if field.endswith("_us") else (field, "")


def size(type_: str) -> int:
    """Bytes of a field."""
    return int(type_[1:]) if type_[0] == "c" else SIZES[type_]


def struct_size(struct: Table) -> int:
    """Bytes of a record; also checks that C puts no padding between its fields."""
    offset = 0
    for name, type_, *_ in struct["fields"]:
        align = 1 if type_[0] == "c" else size(type_)
        assert offset % align == 0, f"{struct['name']}.{name} is not naturally aligned"
        offset += size(type_)
    return offset
