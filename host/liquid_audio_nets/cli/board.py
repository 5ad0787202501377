"""liquid-board: firmware for boards, and boards that QEMU plays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.table import Column, Table

from .. import board as boards
from ..board import memory
from ..native import LNN
from . import console

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Build firmware, and start and stop virtual boards.",
)
Name = Annotated[
    str, typer.Argument(metavar="BOARD", help="a folder of boards/, such as qemu_m4f, or Zephyr's name of one")
]
DEFAULT = "qemu_m4f"


def say(words: str) -> None:
    console.err.print(words + " ...")


@app.command(epilog="Examples: liquid-board build qemu_m4f -- liquid-board build --zephyr nucleo_f446re --model my.lnn")
def build(
    name: Name = DEFAULT,
    zephyr: Annotated[
        bool, typer.Option("--zephyr", help="with west; boards that need it are built so anyway")
    ] = False,
    model: Annotated[Optional[Path], typer.Option(help="an .lnn file to bake into flash, with west")] = None,
) -> None:
    """Build MicroPython with the liquid_audio module; print the file's path."""
    board = boards.find_board(name)
    if zephyr and not board.is_zephyr:
        others = ", ".join(other.name for other in boards.all_boards() if other.is_zephyr)
        raise console.CommandError(f"{name} is not a board of Zephyr's; these are: {others}")
    if model is not None and not model.is_file():
        raise console.CommandError(f"{model}: no such file")
    ram_bytes = LNN.load(model).ram_bytes if model else 0  # a bad model is refused before the build
    firmware = boards.build(board, say, model)
    if model:
        boards.check_heap(firmware, model, ram_bytes)
    print(firmware)


@app.command(epilog="Example: mpremote connect $(liquid-board start qemu_m4f) run device/kws.py")
def start(
    name: Name = DEFAULT,
    audio: Annotated[Optional[Path], typer.Option(help="16 kHz mono wav that the board's microphone hears")] = None,
) -> None:
    """Start a virtual board, or find it running; print its serial port."""
    if audio is not None and not audio.is_file():
        raise console.CommandError(f"{audio}: no such file")
    board = boards.find_board(name)
    if board.is_virtual and board.has_prompt and not board.firmware.is_file():
        boards.build(board, say)
    print(boards.start(board, audio))


@app.command(epilog="Example: liquid-board stop qemu_m4f")
def stop(name: Annotated[Optional[str], typer.Argument(metavar="[BOARD]", help="all where left out")] = None) -> None:
    """Stop a virtual board. What was on its disk is gone."""
    for board in [boards.find_board(name)] if name else boards.all_boards():
        if boards.stop(board):
            say_plain(f"{board.name} stopped")
        elif name:
            say_plain(f"{board.name} was not running")


def say_plain(words: str) -> None:
    console.err.print(words)


@app.command("list", epilog="Example: liquid-board list --json")
def list_boards(
    name: Annotated[Optional[str], typer.Argument(metavar="[BOARD]", help="all where left out")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """List boards: core, clock, memory, built or not, the port where it runs."""
    rows = []
    for board in [boards.find_board(name)] if name else boards.all_boards():
        about = board.about
        rows.append(
            {
                "board": board.name,
                "core": about.get("core", ""),
                "clock_hz": about.get("clock_hz"),
                "ram_bytes": about.get("ram_bytes"),
                "virtual": board.is_virtual,
                "firmware": board.firmware_kind,
                "built": board.firmware.is_file() if board.is_virtual else None,
                "port": boards.running(board) if board.is_virtual else None,
            }
        )
    if json:
        console.print_json(rows)
        return
    table = Table("board", "core", "clock", "RAM", "firmware", "port")
    for row in rows:
        firmware = {True: "built", False: "not built", None: row["firmware"]}[row["built"]]
        table.add_row(
            row["board"],
            row["core"],
            f"{(row['clock_hz'] or 0) / 1e6:g} MHz",
            f"{(row['ram_bytes'] or 0) // 1024} KB",
            firmware,
            row["port"] or "",
        )
    console.out.print(table)


@app.command(epilog="Example: liquid-board sizes nucleo_f446re --json")
def sizes(
    name: Annotated[Optional[str], typer.Argument(metavar="[BOARD]", help="all that were built where left out")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say how much flash and RAM firmware on Zephyr takes, and how much of that liquid_audio does."""
    found = [boards.find_board(name)] if name else boards.all_boards()
    built = [board for board in found if board.is_zephyr and board.firmware.is_file()]
    if name and not built:
        raise console.CommandError(f"{name} has no firmware on Zephyr yet: liquid-board build --zephyr {name}")
    rows = []
    for board in built:
        used, room, part = (measure(board.firmware) for measure in (memory.sizes, memory.room, memory.part))
        rows.append(
            {
                "board": board.name,
                "flash_bytes": used.flash_bytes,
                "flash_left_bytes": room.flash_bytes - used.flash_bytes,
                "ram_bytes": used.ram_bytes,
                "ram_left_bytes": room.ram_bytes - used.ram_bytes,
                "heap_bytes": memory.heap(board.firmware)[1],
                "part_flash_bytes": part.flash_bytes,
                "part_ram_bytes": part.ram_bytes,
            }
        )
    if json:
        console.print_json(rows)
        return
    table = Table(
        Column("board", no_wrap=True), *("flash", "left", "RAM", "left", "heap", "our flash", "our RAM"), title="KB"
    )
    for row in rows:
        table.add_row(row["board"], *(f"{value / 1024:.1f}" for value in list(row.values())[1:]))
    console.out.print(table)


def main() -> None:
    console.run(app)


if __name__ == "__main__":
    sys.exit(main())
