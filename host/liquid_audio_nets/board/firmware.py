# SPDX-License-Identifier: MIT
"""Builds MicroPython with the liquid_audio module for a board."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from ..user_files import alone
from . import sources, zephyr
from .errors import FirmwareError
from .places import Board, project_dir
from .trust import Trust

COMPILER = "arm-none-eabi-gcc"
APT_PACKAGES = {
    COMPILER: "gcc-arm-none-eabi picolibc-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "make": "make",
    "qemu-system-riscv32": "qemu-system-misc",
}


def need(*tools: str) -> None:
    """Raises FirmwareError, with the line to type, if a program is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        packages = " ".join(APT_PACKAGES.get(tool, tool) for tool in missing)
        raise FirmwareError(f"{' and '.join(missing)} missing: sudo apt-get install --no-install-recommends {packages}")


def build(
    board: Board, say: sources.Say = sources.silent, model: Path | None = None, trust: Trust | None = None
) -> Path:
    """Builds what is out of date, and returns the ELF file.

    say: told, in a few words, before something slow.  model: an .lnn file to put into the flash of a board on Zephyr.
    trust: whose models the firmware takes; everybody's if it is None.
    Raises FirmwareError; the log is in the build folder.
    """
    if board.is_zephyr:
        board.build.mkdir(parents=True, exist_ok=True)
        with alone(board.build):
            return zephyr.build(board, say, model, trust)
    if model is not None:
        raise FirmwareError(f"{board.name} keeps models in its file system: send one with liquid-upload")
    if board.firmware_kind == "bare C":
        raise FirmwareError(f"{board.name} runs C without MicroPython: make test, in a checkout, builds its image")
    need(COMPILER, "make")
    micropython, cmsis_dsp = sources.micropython(say), sources.cmsis_dsp(say)
    board.build.mkdir(parents=True, exist_ok=True)
    with alone(board.build):
        return build_alone(board, micropython, cmsis_dsp, say, verifier(trust, say))


def verifier(trust: Trust | None, say: sources.Say) -> dict[str, str | Path]:
    """Variables of micropython.mk."""
    if trust is None:
        return {}
    return {
        "LIQUID_PUBLIC_KEY": trust.public_key.resolve(),
        "LIQUID_MINIMUM_MODEL_VERSION": str(trust.minimum_version),
        "MONOCYPHER_DIR": sources.monocypher(say).folder,
    }


def build_alone(
    board: Board,
    micropython: sources.Source,
    cmsis_dsp: sources.Source,
    say: sources.Say,
    verifier: dict[str, str | Path],
) -> Path:
    """Builds for a board of MicroPython's qemu port, while nobody else does."""
    forget_other_settings(board, micropython, cmsis_dsp, verified=bool(verifier))
    if not board.firmware.exists():
        say(f"building the firmware of {board.name} with MicroPython from {micropython.origin}")
    log = board.build / "build.log"
    variables = {
        "BOARD": board.name,
        "BOARD_DIR": board.folder,
        "BUILD": board.build,
        "USER_C_MODULES": project_dir(),
        "CMSIS_DSP_DIR": cmsis_dsp.folder,
        **verifier,
    }
    with log.open("w") as out:
        done = subprocess.run(
            ["make", f"-j{os.cpu_count() or 1}", "V=1", *(f"{k}={v}" for k, v in variables.items())],
            cwd=micropython.folder / "ports" / "qemu",
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=clean_environment() | micropython.environment,
        )
    if done.returncode != 0:
        raise FirmwareError(f"the firmware of {board.name} does not build: {first_error(log)} (all in {log})")
    return board.firmware


FOREIGN = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BOARD", "BUILD", "CFLAGS", "CFLAGS_EXTRA", "LDFLAGS", "CROSS_COMPILE"}
"""Variables that an outer make or the user's shell may have set for other programs."""


def clean_environment() -> dict[str, str]:
    """The environment without what would change the firmware."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def forget_other_settings(board: Board, *parts: sources.Source, verified: bool = False) -> None:
    """Empties the build folder if its objects come from other sources or settings: make would not build them again."""
    settings = [
        *(board.folder.parent / "shared").iterdir(),
        *board.folder.iterdir(),
        project_dir() / "cmodule" / "micropython.mk",
    ]
    places = [str(project_dir()), *(f"{part.folder} {part.origin}" for part in parts), *["verified"] * verified]
    state = hashlib.sha256("\n".join(places).encode())
    for file in sorted(file for file in settings if file.is_file()):
        state.update(file.read_bytes())
    mark = board.build / "made_from"
    if not mark.is_file() or mark.read_text() != state.hexdigest():
        shutil.rmtree(board.build)
        board.build.mkdir()
        mark.write_text(state.hexdigest())


def first_error(log: Path) -> str:
    """The line of a build's log that names the first error, else its last line."""
    lines = log.read_text(errors="replace").splitlines()
    return next(
        (line.strip() for line in lines if "error:" in line or "undefined reference" in line),
        lines[-1] if lines else "no output",
    )
