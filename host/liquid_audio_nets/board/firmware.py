"""Builds MicroPython with the liquid_audio module for a board."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable

from . import sources
from .errors import FirmwareError
from .places import Board, project_dir

COMPILER = "arm-none-eabi-gcc"
APT_PACKAGES = {COMPILER: "gcc-arm-none-eabi picolibc-arm-none-eabi", "qemu-system-arm": "qemu-system-arm", "make": "make"}


def need(*tools: str) -> None:
    """Raises FirmwareError with the line to type where a program is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        packages = " ".join(APT_PACKAGES.get(tool, tool) for tool in missing)
        raise FirmwareError(f"{' and '.join(missing)} missing: sudo apt-get install --no-install-recommends {packages}")


def build(board: Board, say: Callable[[str], None] = lambda _: None) -> Path:
    """Builds what is out of date; returns the ELF file.

    say: told, in a few words, before something slow.  Raises FirmwareError; the log is in the build folder.
    """
    if not board.is_virtual:
        raise FirmwareError(f"{board.name} is built with west: see {board.folder.relative_to(project_dir())}/")
    need(COMPILER, "make")
    micropython, cmsis_dsp = sources.micropython(say), sources.cmsis_dsp(say)
    board.build.mkdir(parents=True, exist_ok=True)
    forget_other_sources(board, micropython.folder)
    if not board.firmware.exists():
        say(f"building the firmware of {board.name} with MicroPython from {micropython.origin}")
    log = board.build / "build.log"
    variables = {"BOARD": board.name, "BOARD_DIR": board.folder, "BUILD": board.build, "USER_C_MODULES": project_dir(),
                 "CMSIS_DSP_DIR": cmsis_dsp.folder}
    with log.open("w") as out:
        done = subprocess.run(["make", f"-j{os.cpu_count() or 1}", "V=1", *(f"{k}={v}" for k, v in variables.items())],
                              cwd=micropython.folder / "ports" / "qemu", stdout=out, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, env=clean_environment())
    if done.returncode != 0:
        raise FirmwareError(f"the firmware of {board.name} does not build: {first_error(log)} (all in {log})")
    return board.firmware


def clean_environment() -> dict[str, str]:
    """Without what an outer make tells its children."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BOARD", "BUILD")}


def forget_other_sources(board: Board, micropython: Path) -> None:
    """Objects made from another MicroPython would be taken for up to date."""
    mark = board.build / "micropython.txt"
    if mark.is_file() and mark.read_text() != str(micropython):
        shutil.rmtree(board.build)
        board.build.mkdir()
    mark.write_text(str(micropython))


def first_error(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return next((line.strip() for line in lines if "error:" in line or "undefined reference" in line),
                lines[-1] if lines else "no output")
