# SPDX-License-Identifier: MIT
"""The code blocks of README.md and docs/, by what they are for.

A fence is ```LANGUAGE title="TITLE". Python runs where its title says, C is compiled, a console block is typed into a shell.
"""

import dataclasses
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/pages").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w+)(?: title=\"([^\"]*)\")?\n(.*?)^\1```$", re.M | re.S)
TITLES = {"on the board", "on your computer"}


@dataclasses.dataclass(frozen=True)
class Block:
    """One fenced block; commands: its lines after the prompt `$ `."""

    page: pathlib.Path
    line: int
    language: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        return re.findall(r"^\$ (.*)$", self.text, re.M)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str, title: str | None = None) -> list[Block]:
    """All blocks of a language, of all titles or of one."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            text_of_it = textwrap.dedent(match[4])
            found.append(Block(page, line, match[2], match[3] or "", text_of_it))
    return [b for b in found if b.language == language and title in (None, b.title)]
