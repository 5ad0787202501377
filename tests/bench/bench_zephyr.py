# SPDX-License-Identifier: MIT
"""Flash and RAM of the firmware on Zephyr, of the boards that `liquid-board build` or the tests built; and our part of it."""

import dataclasses

from liquid_audio_nets import board as boards
from liquid_audio_nets.board import memory

OURS = ["LIQUID_AUDIO", "DMA", "PM"]
"""Settings of nucleo_f446re that nothing but liquid_audio needs."""


def without_us(board: boards.Board) -> boards.Board:
    """The same MicroPython without liquid_audio."""
    about = board.about["zephyr"] | {"settings": [f"-DCONFIG_{name}=n" for name in OURS]}
    return dataclasses.replace(board, name=f"{board.name}_without", about=board.about | {"zephyr": about})


def added(board: boards.Board) -> memory.Sizes:
    """What liquid_audio adds to a firmware besides the model: measured, where memory.part() reads it from the linker's map."""
    ours, bare = memory.sizes(board.firmware), memory.sizes(without_us(board).firmware)
    return memory.Sizes(
        ours.flash_bytes - bare.flash_bytes - memory.model_bytes(board.firmware), ours.ram_bytes - bare.ram_bytes
    )


def measure():
    for board in boards.all_boards():
        if board.is_zephyr and board.firmware.is_file():
            figures = {"zephyr": memory.sizes(board.firmware)}
            if memory.room(board.firmware).flash_bytes:  # else code is RAM, too
                figures["zephyr_part"] = memory.part(board.firmware)
            if without_us(board).firmware.is_file():
                figures["zephyr_added"] = added(board)
            for name, used in figures.items():
                yield {"metric": f"{name}_flash_bytes", "board": board.name, "value": used.flash_bytes, "unit": "bytes"}
                yield {"metric": f"{name}_ram_bytes", "board": board.name, "value": used.ram_bytes, "unit": "bytes"}
