"""liquid-upload: a model onto a board, verified."""

from __future__ import annotations

import enum
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from ..link import open_link
from ..link import upload as send
from ..native import LNN
from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class Transport(enum.StrEnum):
    mpremote = "mpremote"
    ampy = "ampy"


@app.command(epilog="Example: liquid-upload keywords.lnn --device /dev/ttyACM0 --to /models")
def upload(
    model: Annotated[Path, typer.Argument(help="an .lnn file")],
    device: Annotated[str, typer.Option(help="serial port of the board, or auto")] = "auto",
    transport: Annotated[Transport, typer.Option(help="program that talks to the board")] = Transport.mpremote,
    to: Annotated[str, typer.Option(help="folder on the board; without a / in front, in its file system")] = "models",
    json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Send a model to a board. The old one stays until the new one has arrived whole and opened there.

    Nothing is sent where the board has the same file already. Exit codes: 3 no board that answers, or one
    without the module or the room; 4 not a valid model; 5 damaged on the way, or does not open on the board.
    """
    data = console.read_model_file(model)
    LNN(data).deinit()  # the same check as on the board, before anything is sent
    link = open_link(device, transport.value)
    try:
        with console.progress_bar() as bar:
            task = bar.add_task(model.name, total=len(data))
            done = send(link, data, str(PurePosixPath(to) / model.name), lambda sent: bar.update(task, completed=sent))
    finally:
        link.close()
    if json:
        console.print_json(
            {"destination": done.destination, "bytes": len(data), "sent_bytes": done.sent_bytes, "device": link.port}
        )
    elif done.unchanged:
        console.out.print(f"{done.destination} on {link.port} is the same already, nothing sent")
    else:
        console.out.print(f"{done.destination} on {link.port}: {done.sent_bytes} bytes, verified and opened")


def main() -> None:
    console.run(app)
