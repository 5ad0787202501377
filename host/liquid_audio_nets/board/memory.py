# SPDX-License-Identifier: MIT
"""How much of a board's memories a firmware on Zephyr takes, and how much of that liquid_audio takes."""

from __future__ import annotations

import dataclasses
import re
import struct
from pathlib import Path

from .errors import FirmwareError

OURS = re.compile(
    r"libliquid_audio\.a|cmsis-dsp|libmicropython\.a\((lnn_|mic_object|mod_liquid_audio|zephyr_mic|zephyr_system)"
    r"|libdrivers__(i2s|dma|audio)\.a"
)
"""Core, CMSIS-DSP, binding, microphone, and the drivers that only the microphone needs."""
PT_LOAD = 1


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What the linker used of a board's memories."""

    flash_bytes: int
    ram_bytes: int


def heap(firmware: Path) -> tuple[str, int]:
    """The heap that a model is loaded into: the name of its setting, and its size in bytes.

    It is MicroPython's heap, or Zephyr's in firmware without MicroPython.
    """
    heaps = dict(
        re.findall(
            r"^CONFIG_(MICROPY_HEAP_SIZE|HEAP_MEM_POOL_SIZE)=(\d+)$", (firmware.parent / ".config").read_text(), re.M
        )
    )
    setting = "MICROPY_HEAP_SIZE" if "MICROPY_HEAP_SIZE" in heaps else "HEAP_MEM_POOL_SIZE"
    return f"CONFIG_{setting}", int(heaps[setting])


def check_heap(firmware: Path, model: Path, ram_bytes: int) -> None:
    """Raises FirmwareError if a model in the firmware's flash needs more RAM than the heap has."""
    setting, heap_bytes = heap(firmware)
    if ram_bytes > heap_bytes:
        raise FirmwareError(
            f"{model} needs {ram_bytes} bytes of RAM, the heap has {heap_bytes}: take a smaller model, or "
            f"raise {setting}"
        )


def sizes(firmware: Path) -> Sizes:
    """What an ELF file takes; all of it is RAM if the board runs from RAM.  Raises FirmwareError for another file."""
    data = firmware.read_bytes()
    if data[:5] != b"\x7fELF\x01":
        raise FirmwareError(f"{firmware} is no firmware of a 32-bit board")
    (table,), (entry_bytes, entries) = struct.unpack_from("<I", data, 28), struct.unpack_from("<HH", data, 42)
    flash = ram = both = 0
    for at in range(table, table + entry_bytes * entries, entry_bytes):
        kind, _, address, load_address, file_bytes, memory_bytes = struct.unpack_from("<6I", data, at)
        if kind == PT_LOAD:
            flash += file_bytes
            ram += memory_bytes if load_address != address or file_bytes == 0 else 0
            both += memory_bytes
    return Sizes(flash, ram) if room(firmware).flash_bytes else Sizes(0, both)


def room(firmware: Path) -> Sizes:
    """What the linker could use, according to its map beside the ELF file."""
    lengths = {name: length for name, _, length in regions(linker_map(firmware)[0])}
    return Sizes(lengths.get("FLASH", 0), lengths["RAM"])


def part(firmware: Path) -> Sizes:
    """What liquid_audio takes, without a model in flash, according to the linker's map beside the ELF file."""
    memories, sections = linker_map(firmware)
    ours = [
        (int(address, 16), int(size, 16))
        for section, address, size, file in re.findall(
            r"^ (\S+)?\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+) (\S+)$", sections, re.M
        )
        if OURS.search(file) and not section.startswith(".debug") and "baked_model" not in section
    ]
    used = {
        name: sum(size for address, size in ours if origin <= address < origin + length)
        for name, origin, length in regions(memories)
    }
    return Sizes(used.get("FLASH", 0), used["RAM"])


def model_bytes(firmware: Path) -> int:
    """The size of the model in the firmware's flash; 0 if there is none."""
    found = re.search(r"^ \.rodata\.lnn_baked_model\s+0x[0-9a-f]+\s+(0x[0-9a-f]+) ", linker_map(firmware)[1], re.M)
    return int(found[1], 16) if found else 0


def linker_map(firmware: Path) -> tuple[str, str]:
    """The linker's table of memories, and its list of sections, as text."""
    memories, sections = (
        firmware.with_suffix(".map").read_text().split("Memory Configuration")[1].split("Linker script and")
    )
    return memories, sections


def regions(memories: str) -> list[tuple[str, int, int]]:
    """Name, origin and length of the memories that the firmware is linked into; a board that runs from RAM has no FLASH."""
    return [
        (name, int(origin, 16), int(length, 16))
        for name, origin, length in re.findall(r"^(FLASH|RAM) +(\S+) +(\S+)", memories, re.M)
    ]
