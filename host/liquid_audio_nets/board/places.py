# SPDX-License-Identifier: MIT
"""Where the project, its build folder and its boards are."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from ..user_files import cache_dir
from .errors import FirmwareError

PACKAGED = Path(__file__).resolve().parents[1] / "project"
"""The copy of cmodule/, boards/, device/ and zephyr/ that a wheel carries."""


def is_project(folder: Path) -> bool:
    """Whether a folder holds the C sources and the boards."""
    return (folder / "cmodule" / "micropython.mk").is_file() and (folder / "boards").is_dir()


def project_dir() -> Path:
    """The checkout around the current folder, else the one this package was installed from, else the wheel's copy.

    Raises FirmwareError if there is none.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents, PACKAGED):
        if is_project(folder):
            return folder
    raise FirmwareError("this installation lacks its cmodule/ and boards/: install liquid-audio-nets again")


def build_dir() -> Path:
    """build/ of the checkout, wherever the command runs, so that a board exists once; for a wheel the user's cache."""
    root = project_dir()
    return root / "build" if root != PACKAGED else cache_dir()


@dataclasses.dataclass(frozen=True)
class Board:
    """A folder of boards/."""

    name: str
    folder: Path
    about: dict[str, Any]
    """board.toml"""
    running_in: Path | None = None
    """A folder of its own for a second virtual board of this kind."""

    @property
    def is_virtual(self) -> bool:
        """Whether QEMU plays it."""
        return "qemu" in self.about

    @property
    def has_prompt(self) -> bool:
        """Whether its firmware is MicroPython."""
        return "bare" not in self.about and "application" not in self.about.get("zephyr", {})

    @property
    def firmware_kind(self) -> str:
        """What its firmware is, in a word or two."""
        if self.is_zephyr:
            return "Zephyr" if self.has_prompt else "Zephyr, C"
        return "MicroPython" if self.has_prompt else "bare C"

    @property
    def is_zephyr(self) -> bool:
        """Whether west builds its firmware."""
        return "zephyr" in self.about

    @property
    def build(self) -> Path:
        """The folder that its firmware is built in."""
        return build_dir() / "firmware" / self.name

    @property
    def firmware(self) -> Path:
        """The ELF file."""
        return self.build / ("zephyr/zephyr.elf" if self.is_zephyr else "firmware.elf")

    @property
    def run_dir(self) -> Path:
        """Where a virtual board keeps its disk, and while it runs its process number and log."""
        return self.running_in or build_dir() / "running" / self.name


def all_boards() -> list[Board]:
    """Every folder of boards/ that describes a board, in the order of their names."""
    folders = sorted(file.parent for file in (project_dir() / "boards").glob("*/board.toml"))
    return [Board(folder.name, folder, tomllib.loads((folder / "board.toml").read_text())) for folder in folders]


def find_board(name: str) -> Board:
    """The board with the name of a folder of boards/, or with Zephyr's name, such as xiao_ble/nrf52840/sense.

    Raises FirmwareError if there is none.
    """
    boards = all_boards()
    for board in boards:
        if name.replace("/", "_") == board.name or name == board.about.get("zephyr", {}).get("board"):
            return board
    raise FirmwareError(f"no board {name!r}; there are {', '.join(board.name for board in boards)}")
