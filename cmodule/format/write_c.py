# SPDX-License-Identifier: MIT
"""The C side of fields.toml: records, enums, bounds, errors and the ranges of a policy."""

from typing import Any

from table import Range, Table, enum_items, number, policy_fields, policy_name, sentence, struct_size

C_TYPES = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "f32": "float",
    "i8": "int8_t",
    "i16": "int16_t",
    "i32": "int32_t",
}


def c_number(x: float, type_: str) -> str:
    """A number as a literal of the C type."""
    if type_ == "f32":
        text = number(float(x))
        return f"{text}f" if "e" in text or "." in text else f"{text}.0f"
    return f"{x}u" if type_[0] == "u" else f"{x}"


def c_bounds(name: str, type_: str, range_: Range) -> list[str]:
    """Macros of both ends, without those that say nothing: 0 of an unsigned number, the minus of a greatest value.

    A range that has a name has macros of its own.
    """
    out, low, high = [], range_.low, range_.high
    if range_.name:
        return []
    says_nothing = (low == 0 and type_[0] == "u") or (not isinstance(high, str) and low == -high)
    if not isinstance(low, str) and not says_nothing:
        out.append(f"#define LNN_{name.upper()}_{'ABOVE' if range_.above else 'MIN'} {c_number(low, type_)}")
    if not isinstance(high, str):
        out.append(f"#define LNN_{name.upper()}_MAX {c_number(high, type_)}")
    return out


def c_header(table: Table) -> str:
    """lnn_format.h: constants, enums and records of a file."""
    magic = int.from_bytes(table["format"]["magic"].encode(), "little")
    out = [
        "#ifndef LNN_FORMAT_H",
        "#define LNN_FORMAT_H",
        "#include <stdint.h>",
        "",
        f"#define LNN_MAGIC 0x{magic:08x}u",
    ]
    numbers = {key: value for key, value in table["format"].items() if isinstance(value, int)}
    out += [f"#define LNN_{key.upper()} {value}u" for key, value in numbers.items()]
    out.append(f"#define LNN_HAS_FFT_Q15(points) ({either('points', table['format']['fft_q15_points'], '{}u')})")
    out.append("")
    for name, (least, most, why) in table["limits"].items():
        unsigned = "u" if least >= 0 else ""
        out += [f"/* {why} */"]
        out += (
            [f"#define LNN_MIN_{name.upper()} {least if unsigned else f'({least})'}{unsigned}"]
            if least not in (0, -most)
            else []
        )
        out += [f"#define LNN_MAX_{name.upper()} {most}{unsigned}"]
    for name, enum in table["enums"].items():
        items = enum_items(enum)
        out += ["", f"/* {enum['why']} */", "enum {"]
        out += [f"    LNN_{name.upper()}_{k.upper()} = {v}," for k, v in items.items()]
        out.append("};")
        if any(row[-1] and row[-1].name == name for struct in table["struct"] for row in struct["fields"]):
            out.append(f"#define LNN_MAX_{name.upper()} {max(items.values())}u")
        if runs := enum.get("runs"):
            values = either(name, [f"LNN_{name}_{k}".upper() for k in runs])
            out += ["/* those that the core runs */", f"#define LNN_RUNS_{name.upper()}({name}) ({values})"]
    for struct in table["struct"]:
        out += ["", *c_struct(struct)]
    return "\n".join([*out, "", "#endif", ""])


def either(argument: str, values: list[Any], template: str = "{}") -> str:
    """A condition: the macro's argument is one of the values."""
    return " || ".join(f"({argument}) == {template.format(value)}" for value in values)


def c_struct(struct: Table) -> list[str]:
    """A record, what follows it, and the bounds of both."""
    name, bytes_ = struct["name"], struct_size(struct)
    out = [f"/* {struct['why']} */", "typedef struct {"]
    for field, type_, why, _ in struct["fields"]:
        decl = f"char {field}[{type_[1:]}]" if type_[0] == "c" else f"{C_TYPES[type_]} {field}"
        out += [f"    /* {why} */", f"    {decl};"]
    out.append(f"}} lnn_file_{name}_t;")
    out.append(f"typedef char lnn_file_{name}_is_{bytes_}_bytes[sizeof(lnn_file_{name}_t) == {bytes_} ? 1 : -1];")
    arrays = struct.get("arrays", [])
    out += [f"/* then {C_TYPES[type_]} {array}[{length}]: {why} */" for array, type_, length, why, _ in arrays]
    if name != "policy":  # whose ranges are a table in policy_ranges.h
        for field, type_, *_, range_ in (*struct["fields"], *arrays):
            out += c_bounds(f"{name}_{field}", type_, range_) if range_ else []
    return out


def c_errors(table: Table) -> str:
    """errors.c: names and texts of errors, names of cells and solvers."""
    out = ['#include "internal.h"', "", "/* clang-format off */"]
    for function, key in (("lnn_error_name", "name"), ("lnn_error_text", "text")):
        out += [f"const char *{function}(lnn_status_t status) {{", "    switch (status) {"]
        for error in table["error"]:
            out += [f"        case LNN_{error_name(error)}:", f'            return "{error[key]}";']
        out += ["        default:", '            return "UNKNOWN";', "    }", "}", ""]
    for enum in ("cell", "solver"):
        names = ", ".join(f'"{name}"' for name in enum_items(table["enums"][enum]))
        out += [f"const char *const lnn_{enum}_names[] = {{{names}}};"]
    return "\n".join([*out, ""])


def c_policy_ranges(table: Table) -> str:
    """policy_ranges.h: the fields of a policy and their ranges, in the order in which they are checked."""
    fields = sorted(policy_fields(table), key=lambda row: row[-1].depends)
    places = {field: f"{i}" for i, (field, *_) in enumerate(fields)}
    rows = []
    for field, type_, _, range_ in fields:
        ends = (range_.low, range_.high)
        others = (places[end] if isinstance(end, str) else "NO_FIELD" for end in ends)
        numbers = ("0.0f" if isinstance(end, str) else c_number(end, "f32") for end in ends)
        name, unit = policy_name(field)
        is_float = "true" if type_ == "f32" else "false"
        row = [f'"{name}"', f'"{unit}"', f"offsetof(lnn_policy_t, {field})", is_float, *others, *numbers]
        rows.append(f"    {{{', '.join(row)}}},")
    # policy.c says what the columns are
    return "\n".join(["/* clang-format off */", "static const range_t ranges[] = {", *rows, "};", ""])


def error_name(error: Table) -> str:
    """The name of an error in C, without the prefix LNN_."""
    return error["name"] if error["name"] == "OK" else f"ERR_{error['name']}"


def c_error_enum(table: Table) -> str:
    """lnn_status_t of the public header."""
    values = [f"    /* {e['text']} */\n    LNN_{error_name(e)} = {-i}" for i, e in enumerate(table["error"])]
    return "typedef enum {\n" + ",\n".join(values) + "\n} lnn_status_t;\n"


def c_policy_struct(table: Table) -> str:
    """lnn_policy_t of the public header."""
    out = []
    for field, type_, why, range_ in policy_fields(table):
        words = f"A value of lnn_{field}_t." if range_.name == "complexity" else f"{sentence(why)} Range: {range_}."
        out += [f"    /* {words} */", f"    {C_TYPES[type_]} {field};"]
    return "\n".join(["typedef struct {", *out, "} lnn_policy_t;", ""])
