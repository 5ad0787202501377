# SPDX-License-Identifier: MIT
"""liquid-monitor: a page in the browser that shows what a network hears, with a control for every setting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console

if TYPE_CHECKING:
    from ..link import Link
    from ..monitor import Session, Source

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    epilog=console.examples(
        "liquid-monitor --device auto --model computer.lnn --keep recordings",
        "liquid-monitor --device qemu_m4f --wav build/demo.wav --model device/models/keywords.lnn",
        "liquid-monitor --wav evening.flac --model computer.lnn --chip nrf52840",
        "liquid-monitor --microphone --model computer.lnn --text",
        "liquid-monitor --replay evening.jsonl",
    ),
)
def command(
    model: Annotated[
        Path | None, typer.Option(help="An .lnn file. It is sent to the board unless the board has it.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="A serial port, auto for the only board, or the name of a board; a virtual one, such as qemu_m4f, is started."
        ),
    ] = None,
    wav: Annotated[
        Path | None,
        typer.Option(help="A sound file that this computer, or the virtual board of --device, hears over and over."),
    ] = None,
    microphone: Annotated[bool, typer.Option("--microphone", help="Listen to this computer's microphone.")] = False,
    replay: Annotated[Path | None, typer.Option(help="Show a session that --record has written.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write the session to this .jsonl file, and its sound to a .wav beside it.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep near-misses as clips in near_misses/ of this folder of recordings, for liquid-tune."),
    ] = None,
    chip: Annotated[
        str | None, typer.Option(help="Estimate the power for this chip or board, if the board cannot do so itself.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show it in the terminal; a sound file then ends.")] = False,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Watch a network listen, and tune it while it runs.

    The page shows level, log-mel, gate, timestep, scores, detections and power, and has a control for every threshold and every
    field of the policy. A control acts on the running network at once; only "Save" writes into the model's file, and into the
    board's. The page can be reached from this computer alone, with the address that the command prints.

    Ctrl-C ends it. Recordings and near-misses are on disk at any moment.

    Exit codes: 3 if no board answers, or if it cannot run the model; 4 if the file is not a valid model.
    """
    if not text:
        from ..monitor import page  # first, because a missing toolkit need not wait for a board
    session = begin(model, device, wav, microphone, replay, record, keep, chip, text)
    try:
        if text:
            from .monitor_text import watch

            watch(session)
        else:
            page.serve(session, port, lambda address: console.out.print(f"open {address} in a browser; Ctrl-C ends"))
    except KeyboardInterrupt:
        pass
    finally:
        session.close()
    told = [f"{len(session.near)} near-misses"] if session.near else []
    if session.recorder:
        told.append(f"recorded in {session.recorder.path}")
    if told:
        console.note("; ".join(told))
    if session.error:
        raise session.error


def begin(
    model: Path | None,
    device: str | None,
    wav: Path | None,
    microphone: bool,
    replay: Path | None,
    record: Path | None,
    keep: Path | None,
    chip: str | None,
    text: bool,
) -> Session:
    """The session that the options ask for.  Raises CommandError if they do not fit together."""
    from ..monitor import Session

    sources = [
        option for option, given in (("--device", device), ("--microphone", microphone), ("--replay", replay)) if given
    ]
    if len(sources) > 1 or (wav and sources not in ([], ["--device"])) or not (sources or wav):
        raise console.CommandError("choose one of --device, --wav, --microphone and --replay")
    source = replayed(replay) if replay else opened(model, device, wav, chip, again=not text)
    try:
        return Session(source, keep, record)
    except BaseException:
        source.close()
        raise


def replayed(path: Path) -> Source:
    """A recorded session."""
    from ..monitor import Replay

    return Replay(path)


def opened(model: Path | None, device: str | None, wav: Path | None, chip: str | None, again: bool) -> Source:
    """A network that runs: on the board, or here."""
    from ..monitor import BoardSource, ComputerMicrophone, HostSource, Recording
    from ..monitor.reading import BLOCK_MS
    from ..native import LNN

    if model is None:
        raise console.CommandError("name the model: --model computer.lnn")
    content = console.read_model_file(model)
    if device is None:
        with LNN(content) as lnn:
            rate = lnn.sample_rate
        mic = Recording(wav, rate, again=again) if wav else ComputerMicrophone(rate, rate * BLOCK_MS // 1000)
        return HostSource(model, content, mic, chip)
    link = connected(device, wav)
    try:
        return BoardSource(link, model, content, chip, again=again)
    except BaseException:
        link.close()
        raise


def connected(device: str, wav: Path | None) -> Link:
    """A link to the board; a virtual one hears the sound file, if there is one."""
    from .. import devices, link
    from .board import started

    if wav is None:
        return devices.connect(device)
    board = devices.named(device)
    if board is None or not board.is_virtual:
        raise console.CommandError("only a virtual board hears a sound file: name one, such as --device qemu_m4f")
    return link.open_link(started(board, wav))


def main() -> None:
    """Entry point of the command."""
    console.run(app)


if __name__ == "__main__":
    main()
