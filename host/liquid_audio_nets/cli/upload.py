# SPDX-License-Identifier: MIT
"""liquid-upload: sends a model to a board and verifies it there."""

from __future__ import annotations

import enum
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from ..devices import connect
from ..link import upload as send_model
from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Transport(enum.StrEnum):
    """Programs that talk to a board, as in link.ports.TRANSPORTS."""

    mpremote = "mpremote"
    ampy = "ampy"


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-upload keywords.lnn", "liquid-upload keywords.lnn --device /dev/ttyACM0 --to /flash/models"
    ),
)
def upload(
    model: Annotated[Path, typer.Argument(help="An .lnn file.")],
    device: Annotated[
        str,
        typer.Option(
            help="Serial port or name of the board; auto takes the only board plugged in or started by liquid-board."
        ),
    ] = "auto",
    transport: Annotated[Transport, typer.Option(help="Program that talks to the board.")] = Transport.mpremote,
    to: Annotated[
        str, typer.Option(help="Folder on the board. Without a leading / it lies in the board's own file system.")
    ] = "models",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send a model to a board.

    The old model stays until the new one has arrived whole and the board has opened it. Nothing is sent if the board
    already has the same file.

    Exit codes: 3 if no board answers, or if it has no liquid_audio module or no room; 4 if the file is not a valid
    model; 5 if it was damaged on the way or the board cannot open it.
    """
    data = console.read_model_file(model)
    link = connect(device, transport.value)
    try:
        with console.progress_bar() as bar:
            task = bar.add_task(model.name, total=len(data))
            path = str(PurePosixPath(to) / model.name)
            done = send_model(link, data, path, lambda sent: bar.update(task, completed=sent))
    finally:
        link.close()
    if json:
        console.print_json(
            {"destination": done.destination, "bytes": len(data), "sent_bytes": done.sent_bytes, "device": link.port}
        )
    elif done.unchanged:
        console.out.print(f"{done.destination} on {link.port} is already the same; nothing was sent")
    else:
        console.out.print(f"{done.destination} on {link.port}: {done.sent_bytes:,} bytes sent, verified and opened")


def main() -> None:
    """Entry point of the command."""
    console.run(app)
