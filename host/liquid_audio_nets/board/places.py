"""Where the project, its build folder and its boards are."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path

from .errors import FirmwareError


def is_project(folder: Path) -> bool:
    return (folder / "cmodule" / "micropython.mk").is_file() and (folder / "boards").is_dir()


def project_dir() -> Path:
    """The checkout around the current folder, else the one this package was installed from.

    Raises FirmwareError where there is none.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        if is_project(folder):
            return folder
    raise FirmwareError("no cmodule/ and boards/ here: run this in a checkout of Liquid Audio Nets")


def build_dir() -> Path:
    """build/ of the project when run inside it, else the user's cache."""
    root = project_dir()
    if root in (Path.cwd(), *Path.cwd().parents):
        return root / "build"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "liquid-audio-nets"


@dataclasses.dataclass(frozen=True)
class Board:
    name: str
    folder: Path
    about: dict
    """board.toml"""
    running_in: Path | None = None
    """A place of its own for a second virtual board of this kind."""

    @property
    def is_virtual(self) -> bool:
        return "qemu" in self.about

    @property
    def has_prompt(self) -> bool:
        return "bare" not in self.about and "application" not in self.about.get("zephyr", {})

    @property
    def firmware_kind(self) -> str:
        if self.is_zephyr:
            return "Zephyr" if self.has_prompt else "Zephyr, C"
        return "MicroPython" if self.has_prompt else "bare C"

    @property
    def is_zephyr(self) -> bool:
        return "zephyr" in self.about

    @property
    def build(self) -> Path:
        return build_dir() / "firmware" / self.name

    @property
    def firmware(self) -> Path:
        return self.build / ("zephyr/zephyr.elf" if self.is_zephyr else "firmware.elf")

    @property
    def run_dir(self) -> Path:
        """Where a running virtual board keeps its process number and log."""
        return self.running_in or build_dir() / "running" / self.name


def all_boards() -> list[Board]:
    folders = sorted(file.parent for file in (project_dir() / "boards").glob("*/board.toml"))
    return [Board(folder.name, folder, tomllib.loads((folder / "board.toml").read_text())) for folder in folders]


def find_board(name: str) -> Board:
    """By the name of its folder or Zephyr's, such as xiao_ble/nrf52840/sense.  Raises FirmwareError for an unknown one."""
    boards = all_boards()
    for board in boards:
        if name.replace("/", "_") == board.name or name == board.about.get("zephyr", {}).get("board"):
            return board
    raise FirmwareError(f"no board {name!r}; there are {', '.join(board.name for board in boards)}")
