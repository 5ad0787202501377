"""Flash and RAM of the firmware on Zephyr, of the boards that `liquid-board build` or the tests built; and our part of it."""

from liquid_audio_nets import board as boards
from liquid_audio_nets.board import memory


def measure():
    for board in boards.all_boards():
        if board.is_zephyr and board.firmware.is_file():
            for name, used in (("zephyr", memory.sizes(board.firmware)), ("zephyr_part", memory.part(board.firmware))):
                yield {"metric": f"{name}_flash_bytes", "board": board.name, "value": used.flash_bytes, "unit": "bytes"}
                yield {"metric": f"{name}_ram_bytes", "board": board.name, "value": used.ram_bytes, "unit": "bytes"}
