# SPDX-License-Identifier: MIT
"""What people read of fields.toml: the tables of SPEC.md."""

from table import Table, enum_items, size, struct_size


def spec_tables(table: Table) -> str:
    """The records, enums, limits and errors of SPEC.md."""
    out = []
    for struct in table["struct"]:
        why = struct["why"]
        out += [f"### {struct['name']} ({struct_size(struct)} bytes)", "", why[0].upper() + why[1:] + ".", ""]
        out += ["| offset | field | type | range | meaning |", "|---|---|---|---|---|"]
        offset = 0
        for name, type_, why, range_ in struct["fields"]:
            out.append(f"| {offset} | `{name}` | {type_} | {range_ or ''} | {escaped(why)} |")
            offset += size(type_)
        for name, type_, length, why, range_ in struct.get("arrays", []):
            out.append(f"| then | `{name}` | {type_} × {length} | {range_ or ''} | {escaped(why)} |")
        out.append("")
    for name, enum in table["enums"].items():
        values = ", ".join(f"`{k}` {v}" for k, v in enum_items(enum).items())
        runs = ", ".join(f"`{k}`" for k in enum.get("runs", ()))
        out += [f"**{name}**: {enum['why']}. {values}." + (f" The core runs {runs}." if runs else ""), ""]
    out += ["**Limits**, checked before use:", "", "| limit | range | meaning |", "|---|---|---|"]
    out += [f"| {name} | {least} to {most} | {escaped(why)} |" for name, (least, most, why) in table["limits"].items()]
    out += [
        "",
        "**Errors**; the documentation's page Troubleshooting says what to do:",
        "",
        "| code | error | meaning |",
        "|---|---|---|",
    ]
    out += [f"| {-i} | `{e['name']}` | {escaped(e['text'])} |" for i, e in enumerate(table["error"])]
    return "\n".join(out) + "\n"


def escaped(text: str) -> str:
    """Text in a table's cell."""
    return text.replace("|", "\\|")
