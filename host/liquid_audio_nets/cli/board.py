# SPDX-License-Identifier: MIT
"""liquid-board: firmware for boards, and boards that QEMU plays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from .. import board as boards
from ..audio.files import read_audio, write_wav
from ..board import memory
from ..lnn.signature import LARGEST_VERSION
from ..lnn.whole_file import replacing
from ..native import LNN
from . import console
from .info import verify_model

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Build firmware, and start and stop virtual boards.",
)
Name = Annotated[
    str, typer.Argument(metavar="BOARD", help="A folder of boards/, such as qemu_m4f, or Zephyr's name of a board.")
]
AllOrOne = Annotated[str | None, typer.Argument(metavar="[BOARD]", help="All boards if you name none.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT = "qemu_m4f"


def say(words: str) -> None:
    """Tells on stderr what takes a while."""
    console.err.print(words + " ...")


def chosen(name: str | None) -> list[boards.Board]:
    """The board with this name, or all of them."""
    return [boards.find_board(name)] if name else boards.all_boards()


@app.command(
    epilog="Examples: liquid-board build qemu_m4f -- liquid-board build --zephyr nucleo_f446re --model my.lnn -- "
    "liquid-board build qemu_m4f --public-key pub.pem --minimum-version 3"
)
def build(
    name: Name = DEFAULT,
    zephyr: Annotated[bool, typer.Option("--zephyr", help="Build with west, as boards on Zephyr always are.")] = False,
    model: Annotated[Path | None, typer.Option(help="An .lnn file to put into the flash of a board on Zephyr.")] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="Make firmware that takes only models signed with the key of this public one (PEM)."),
    ] = None,
    minimum_version: Annotated[
        int, typer.Option(min=0, max=LARGEST_VERSION, help="With --public-key: refuse models of an older version.")
    ] = 0,
) -> None:
    """Build MicroPython with the liquid_audio module, and print the path of the firmware."""
    board = boards.find_board(name)
    if zephyr and not board.is_zephyr:
        others = ", ".join(other.name for other in boards.all_boards() if other.is_zephyr)
        raise console.CommandError(f"{name} is not a board on Zephyr; these are: {others}")
    for file in (model, public_key):
        if file is not None and not file.is_file():
            raise console.CommandError(f"{file}: no such file")
    if minimum_version and public_key is None:
        raise console.CommandError("--minimum-version needs --public-key: only a signature makes a version trustworthy")
    if model and public_key:
        verify_model(model, model.read_bytes(), public_key, minimum_version)  # one that the firmware would refuse
    trust = boards.Trust(public_key, minimum_version) if public_key else None
    ram_bytes = LNN.load(model).ram_bytes if model else 0  # a bad model is refused before the build
    firmware = boards.build(board, say, model, trust)
    if model:
        boards.check_heap(firmware, model, ram_bytes)
    print(firmware)


@app.command(epilog="Example: mpremote connect $(liquid-board start qemu_m4f) run device/kws.py")
def start(
    name: Name = DEFAULT,
    audio: Annotated[Path | None, typer.Option(help="A sound file that the board's microphone hears.")] = None,
) -> None:
    """Start a virtual board, or find it running, and print its serial port.

    Without --audio a board that starts hears nothing, and a board that is running goes on hearing what it does.
    """
    print(started(boards.find_board(name), audio))


def started(board: boards.Board, audio: Path | None) -> str:
    """The port of a virtual board, which is built and started if need be.  Raises AudioError, FirmwareError, MachineError."""
    heard = converted(audio, board.run_dir) if audio else None
    if board.is_virtual and board.has_prompt and not board.firmware.is_file():
        boards.build(board, say)
    return boards.start(board, heard)


def converted(audio: Path, folder: Path) -> Path:
    """A copy as the virtual microphone needs it, 16 kHz mono, in the board's folder.  Raises AudioError."""
    samples, _ = read_audio(audio)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "audio.wav") as part:
        write_wav(part, samples)
    return folder / "audio.wav"


@app.command(epilog="Example: liquid-board stop qemu_m4f")
def stop(name: AllOrOne = None) -> None:
    """Stop virtual boards. A board on MicroPython's own port keeps its files; one on Zephyr loses them."""
    for board in chosen(name):
        if boards.stop(board):
            console.err.print(f"{board.name} stopped")
        elif name:
            console.err.print(f"{board.name} was not running")


@app.command("list", epilog="Example: liquid-board list --json")
def list_boards(name: AllOrOne = None, json: Json = False) -> None:
    """List the boards with core, clock and memory, whether the firmware is built, and the port of a running one."""
    rows = [describe(board) for board in chosen(name)]
    if json:
        console.print_json(rows)
        return
    table = board_table("core", "clock", "RAM", "firmware", Column("port", no_wrap=True))
    for row in rows:
        firmware = {True: "built", False: "not built", None: row["firmware"]}[row["built"]]
        clock, memory_size = f"{(row['clock_hz'] or 0) / 1e6:g} MHz", f"{(row['ram_bytes'] or 0) // 1024} KB"
        table.add_row(row["board"], row["core"], clock, memory_size, firmware, row["port"] or "")
    console.out.print(table)


def describe(board: boards.Board) -> dict[str, Any]:
    """A row of `liquid-board list`."""
    return {
        "board": board.name,
        "core": board.about.get("core", ""),
        "clock_hz": board.about.get("clock_hz"),
        "ram_bytes": board.about.get("ram_bytes"),
        "virtual": board.is_virtual,
        "firmware": board.firmware_kind,
        "built": board.firmware.is_file() if board.is_virtual else None,
        "port": boards.running(board) if board.is_virtual else None,
    }


def board_table(*columns: Column | str, title: str | None = None) -> Table:
    """A table whose first column is the board; in 80 columns other cells are folded, never a board's name."""
    name = Column("board", no_wrap=True)
    return Table(name, *columns, title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)


@app.command(epilog="Example: liquid-board sizes nucleo_f446re --json")
def sizes(name: AllOrOne = None, json: Json = False) -> None:
    """Show how much flash and RAM the firmware of boards on Zephyr takes, and how much of it is liquid_audio's."""
    built = [board for board in chosen(name) if board.is_zephyr and board.firmware.is_file()]
    if name and not built:
        raise console.CommandError(f"{name} has no firmware on Zephyr yet: liquid-board build --zephyr {name}")
    rows = {board.name: measure(board.firmware) for board in built}
    if json:
        console.print_json([{"board": board} | row for board, row in rows.items()])
        return
    table = board_table("flash", "left", "RAM", "left", "heap", "our flash", "our RAM", title="KB")
    for board, row in rows.items():
        table.add_row(board, *(f"{value / 1024:.1f}" for value in row.values()))
    console.out.print(table)


def measure(firmware: Path) -> dict[str, int]:
    """A row of `liquid-board sizes`."""
    used, room, part = memory.sizes(firmware), memory.room(firmware), memory.part(firmware)
    return {
        "flash_bytes": used.flash_bytes,
        "flash_left_bytes": room.flash_bytes - used.flash_bytes,
        "ram_bytes": used.ram_bytes,
        "ram_left_bytes": room.ram_bytes - used.ram_bytes,
        "heap_bytes": memory.heap(firmware)[1],
        "part_flash_bytes": part.flash_bytes,
        "part_ram_bytes": part.ram_bytes,
    }


@app.command(epilog="Example: liquid-board scripts device")
def scripts(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder, made if it is missing.")]) -> None:
    """Copy the scripts that run on a board, the shipped models and the stubs for your editor into a folder."""
    source = boards.project_dir() / "device"
    files = {
        file: folder / file.relative_to(source) for file in source.rglob("*.*") if file.parent.name != "__pycache__"
    }
    changed = [str(copy) for file, copy in files.items() if copy.exists() and copy.read_bytes() != file.read_bytes()]
    if changed:
        raise console.CommandError(f"{changed[0]} was changed: name another folder, or delete the file")
    for file, copy in files.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    print(folder)


def main() -> None:
    """The entry point of liquid-board."""
    console.run(app)


if __name__ == "__main__":
    main()
