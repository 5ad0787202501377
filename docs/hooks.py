# SPDX-License-Identifier: MIT
"""What the site makes from the project itself: figures, the table of errors, and the C reference."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HEADER = ROOT / "cmodule/include/liquid_audio_lnn.h"
COMPARED = ROOT / "host/liquid_audio_nets/training/compare/instructions.svg"
STUBS = ROOT / "build/stubs"
FIELDS = ROOT / "cmodule/format/fields.toml"


def on_startup(command, dirty) -> None:
    """Draws the figures, copies that of the comparison, and gives the stubs of `liquid_audio` the name under which mkdocstrings finds a module."""
    STUBS.mkdir(parents=True, exist_ok=True)
    (STUBS / "liquid_audio.py").write_text((ROOT / "device/typings/liquid_audio.pyi").read_text())
    sys.path.insert(0, str(HERE))
    import figures

    figures.draw(HERE / "pages/figures")
    shutil.copy(COMPARED, HERE / "pages/figures")


def on_page_markdown(markdown: str, page, config, files) -> str:
    """Replaces the marks `<!-- generated: NAME -->` by what NAME makes."""
    makers = {"errors": errors_table, "header": c_reference}
    return re.sub(r"<!-- generated: (\w+) -->", lambda found: makers[found[1]](), markdown)


def errors_table() -> str:
    """Every error of fields.toml: its name, what it means and what to do."""
    errors = tomllib.loads(FIELDS.read_text())["error"]
    rows = [f"| `{e['name']}` | {e['text']} | {e['remedy']} |" for e in errors if e["name"] != "OK"]
    return "\n".join(["| error | what it means | what to do |", "|---|---|---|", *rows])


def c_reference() -> str:
    """The public header as a page: every comment is followed by the declarations that it is about."""
    return "\n\n".join(_section(comment, code) for comment, code in declarations(HEADER.read_text()))


def declarations(header: str) -> list[tuple[str, str]]:
    """(comment, code) of each top-level declaration; code that follows without a comment of its own joins its predecessor."""
    body = header[header.index("\n\n", header.index('extern "C" {')) : header.rindex("#ifdef __cplusplus")]
    blocks = [block.strip() for block in re.split(r"\n\s*\n(?![^{}]*\n\})", body) if block.strip()]
    found: list[tuple[str, str]] = []
    for block in blocks:
        comment, code = "", block
        if match := re.match(r"/\*(.*?)\*/\s*", block, re.S):
            comment, code = _prose(match[1]), block[match.end() :]
        if code.startswith("#endif") or not code.strip(" \n"):
            continue
        found.append((comment, code))
    return found


def _prose(comment: str) -> str:
    lines = [re.sub(r"^\s*\* ?", "", line) for line in comment.strip().splitlines()]
    return re.sub(r"\s*generated:(begin|end)\s*", "", "\n".join(lines)).strip()


def _section(comment: str, code: str) -> str:
    name = re.search(r"}\s*(lnn_\w+)\s*;|\(\*(lnn_\w+)\)|\b(lnn_\w+)\s*\(|\b(lnn_\w+)\s*;|#define\s+(LNN_\w+)", code)
    title = next(part for part in name.groups() if part) if name else code.split("\n")[0]
    code = re.sub(r"\n?/\* generated:(begin|end) \*/", "", code)
    return f"### `{title}`\n\n{comment}\n\n```c\n{code}\n```"
