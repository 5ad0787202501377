# SPDX-License-Identifier: MIT
"""The Python side of fields.toml: host/liquid_audio_nets/lnn/layout.py, and the policy in device/typings."""

from table import SIZES, Table, enum_items, number, policy_fields, policy_name, sentence

STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "f32": "f"}


def python_layout(table: Table, note: str) -> str:
    """The module layout.py, as `ruff format` would write it."""
    out = ["# SPDX-License-Identifier: MIT", f'"""Layout of the .lnn file: {note}."""', "", "import struct", ""]
    out += ["from .ranges import Range", "", f"MAGIC = {quoted(table['format']['magic'], 'b')}"]
    constants = {key: tuple(v) if isinstance(v, list) else v for key, v in table["format"].items() if key != "magic"}
    out += [f"{key.upper()} = {value}" for key, value in constants.items()]
    for name, comment, end in (("LEAST", "the least value of each limit", 0), ("LIMITS", "the greatest", 1)):
        out += ["", f"# {comment}", f"{name} = {{"]
        out += [f'    "{limit}": {row[end]},' for limit, row in table["limits"].items()] + ["}"]
    out += ["", "ENUMS = {"]
    for name, enum in table["enums"].items():
        out += wrap(f'    "{name}": {{', [f'"{k}": {v}' for k, v in enum_items(enum).items()], "},")
    out += ["}", "", "# the names of an enum that the core runs, if it does not run all", "RUNS = {"]
    for name, enum in table["enums"].items():
        if runs := enum.get("runs"):
            out += wrap(f'    "{name}": (', [f'"{k}"' for k in runs], "),")
    out += ["}", "", "STRUCTS = {"]
    for struct in table["struct"]:
        code = "<" + "".join(f"{t[1:]}s" if t[0] == "c" else STRUCT_CODES[t] for _, t, *_ in struct["fields"])
        out.append(f'    "{struct["name"]}": struct.Struct("{code}"),')
    out += ["}", "", "FIELDS = {"]
    for struct in table["struct"]:
        out += wrap(f'    "{struct["name"]}": (', [f'"{row[0]}"' for row in struct["fields"]], "),")
    out += ["}", "", "# section -> (array, NumPy type, length)", "ARRAYS = {"]
    for struct in table["struct"]:
        if arrays := struct.get("arrays"):
            rows = [f'("{name}", "<{type_[0]}{SIZES[type_]}", "{length}")' for name, type_, length, *_ in arrays]
            head = f'    "{struct["name"]}": ('
            out += wrap(head, rows, "),") if len(rows) == 1 else [head, *(f"        {row}," for row in rows), "    ),"]
    out += ["}", "", "# section -> field or array -> range", "RANGES = {"]
    for struct in table["struct"]:
        if rows := python_ranges(struct):
            out += [f'    "{struct["name"]}": {{', *rows, "    },"]
    out += ["}", "", "# name -> (code of the C core, what is wrong, what to do)", "ERRORS = {"]
    for i, error in enumerate(table["error"]):
        out += wrap(f'    "{error["name"]}": (', [f"{-i}", quoted(error["text"]), quoted(error["remedy"])], "),")
    return "\n".join([*out, "}", ""])


def stub_policy(table: Table) -> str:
    """The policy's fields as attributes of LNN, for device/typings/liquid_audio.pyi."""
    out = []
    for field, type_, why, range_ in policy_fields(table):
        name, unit = policy_name(field)
        said = f"Range in s: {range_.in_seconds()}." if unit else f"Range: {range_}."
        if field in table["enums"]:
            type_, said = "str", f"One of {', '.join(enum_items(table['enums'][field]))}."
        out += [f"    {name}: {'str' if type_ == 'str' else 'float'}", f'    """{sentence(why)} {said}"""']
    return "\n".join([*out, ""])


def python_ranges(struct: Table) -> list[str]:
    """The rows of RANGES that belong to a record, in the order in which they are checked."""
    rows = [(row[0], row[-1]) for row in (*struct["fields"], *struct.get("arrays", [])) if row[-1]]
    out = []
    for name, range_ in sorted(rows, key=lambda row: row[1].depends):
        ends = [quoted(end) if isinstance(end, str) else number(end) for end in (range_.low, range_.high)]
        out.append(f'        "{name}": Range({", ".join(ends + ["above=True"] * range_.above)}),')
    return out


def quoted(text: str, prefix: str = "") -> str:
    """A literal in double quotes."""
    return f'{prefix}"' + ascii(text)[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def wrap(head: str, items: list[str], tail: str) -> list[str]:
    """One line if it fits into 120 columns, else a line for each item."""
    ends = f",{tail}" if head.endswith("(") and len(items) == 1 else tail
    line = f"{head}{', '.join(items)}{ends}"
    return [line] if len(line) <= 120 else [head, *(f"        {item}," for item in items), f"    {tail}"]
