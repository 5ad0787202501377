# SPDX-License-Identifier: MIT
"""Where counters lie in the memory of the virtual board, so that they can be put near their ends."""

from __future__ import annotations

import pathlib
import struct
import subprocess

from liquid_audio_nets import board as boards
from twin import PRESET

ROOT = pathlib.Path(__file__).resolve().parents[2]


def wraps_address(board: boards.Board) -> int:
    """Where the board counts the wraps of its timer."""
    found = subprocess.run(["arm-none-eabi-nm", board.firmware], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in found.splitlines() if line.endswith(" clock_wraps"))


def model_offsets(folder: pathlib.Path) -> list[int]:
    """Where the counters of PRESET lie in a loaded model of the board."""
    includes = [f"-I{ROOT}/cmodule/{name}" for name in ("core", "include")]
    compiler = [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfloat-abi=hard",
        "-mfpu=fpv4-sp-d16",
        "--specs=picolibc.specs",
    ]
    source, code, found = ROOT / "tests/soak/counters.c", folder / "counters.o", folder / "counters.bin"
    subprocess.run([*compiler, "-c", *includes, source, "-o", code], check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".rodata", code, found], check=True)
    return list(struct.unpack(f"<{len(PRESET)}I", found.read_bytes()))
