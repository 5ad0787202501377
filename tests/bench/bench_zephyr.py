"""Flash and RAM of the firmware on Zephyr, of the boards that `liquid-board build` or the tests built."""

from liquid_audio_nets import board as boards
from liquid_audio_nets.board import zephyr


def measure():
    for board in boards.all_boards():
        if board.is_zephyr and board.firmware.is_file():
            used = zephyr.sizes(board.firmware)
            yield {"metric": "zephyr_flash_bytes", "board": board.name, "value": used.flash_bytes, "unit": "bytes"}
            yield {"metric": "zephyr_ram_bytes", "board": board.name, "value": used.ram_bytes, "unit": "bytes"}
