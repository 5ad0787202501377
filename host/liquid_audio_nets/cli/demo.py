# SPDX-License-Identifier: MIT
"""liquid-demo: builds a virtual board, sends it the model, speaks to it and shows what it hears."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .. import board as boards
from .. import demo, link
from ..audio.files import write_wav
from ..native import LNN
from . import console
from .board import say

MODEL = "/models/keywords.lnn"
ENOUGH, FALSE_ALARMS = 10 / 12, 1
COLUMNS = ("time", "keyword", "confidence", "timestep", "energy", "work")
app = typer.Typer(add_completion=False)


@app.command(epilog="Example: liquid-demo --audio speech_commands")
def run(
    audio: Annotated[
        Path | None, typer.Option(help="A folder with one folder of recordings per word, for half of the words.")
    ] = None,
    board_name: Annotated[str, typer.Option("--board", help="A virtual board.")] = "qemu_m4f",
    model: Annotated[Path | None, typer.Option(help="An .lnn file; the shipped keywords if you name none.")] = None,
) -> None:
    """Speak keywords to a virtual board and show what it hears."""
    device = boards.project_dir() / "device"
    data = console.read_model_file(model or device / "models" / "keywords.lnn")
    with LNN(data) as lnn:
        keywords = [label for i, label in enumerate(lnn.labels) if lnn.thresholds[i] > 0]
    samples, spoken = demo.make(keywords, recordings(audio))
    board = boards.find_board(board_name)
    boards.build(board, say)
    wav = boards.build_dir() / "demo.wav"
    write_wav(wav, samples)
    port = boards.start(board, wav)
    say(f"sending the model to {board.name} on {port}")
    connection = link.open_link(port)
    try:
        link.upload(connection, data, MODEL)
    finally:
        connection.close()
    show(port, device / "kws.py", spoken)


def recordings(audio: Path | None) -> Path | None:
    """The folder whose folders are words: the one that the user named, or the Speech Commands in it."""
    if audio is None:
        return None
    if not audio.is_dir():
        raise console.CommandError(f"{audio}: no such folder; give one with a folder per word")
    return audio / "speech_commands" if (audio / "speech_commands").is_dir() else audio


def show(port: str, script: Path, spoken: list[demo.Spoken]) -> None:
    """Shows the table while it grows, then the verdict.  Raises CommandError if too little was heard."""
    heard: list[demo.Heard] = []
    work = 0.0
    with Live(console=console.out, refresh_per_second=8, transient=True) as live:
        for line in demo.run_script(port, script):
            if isinstance(line, demo.Ending):
                work = line.work
            else:
                heard.append(line)
            if console.out.is_terminal:
                live.update(table(heard, spoken))
    console.out.print(table(heard, spoken, ended=True))
    right = [word for word in demo.match(heard, spoken) if word is not None]
    alarms = len(heard) - len(right)
    console.out.print(
        f"heard {len(right)} of {len(spoken)}, {alarms} false alarm{'' if alarms == 1 else 's'}, "
        f"{work:.1f} M instructions per second of audio"
    )
    if len(right) < ENOUGH * len(spoken) or alarms > FALSE_ALARMS:
        raise console.CommandError(
            f"the demo expects {ENOUGH:.0%} of the words and at most {FALSE_ALARMS} false alarm", console.Exit.GATE
        )


def table(heard: list[demo.Heard], spoken: list[demo.Spoken], ended: bool = False) -> Table:
    """What was heard beside what was said; at the end also the words that were missed."""
    result = Table(box=box.SIMPLE_HEAD, padding=0)  # 80 columns have room for the longest voice
    for heading in COLUMNS:
        result.add_column(heading, no_wrap=True, min_width=max(len(heading), 7))
    result.add_column("said by", no_wrap=True)
    matches = demo.match(heard, spoken)
    rows = [(line.time_s, heard_row(line, word)) for line, word in zip(heard, matches, strict=True)]
    if ended:
        rows += [(word.start_s, missed_row(word)) for word in spoken if word not in matches]
    for time_s, row in sorted(rows, key=lambda timed: timed[0]):
        result.add_row(f"{time_s:.2f} s", *row)
    return result


def heard_row(line: demo.Heard, word: demo.Spoken | None) -> list[str | Text]:
    """The cells of a line of the script, after its time."""
    cells = [f"{line.confidence:.2f}", f"{line.timestep_ms} ms", f"{line.energy:.4f}", f"{line.work:.2f} M/s"]
    return [Text(line.keyword, "bold"), *cells, word.voice if word else Text("nobody", "red")]


def missed_row(word: demo.Spoken) -> list[str | Text]:
    """The cells of a word that was not heard, after its time."""
    return [Text(f"({word.word})", "dim"), "", "", "", "", Text.assemble(("missed", "red"), f" {word.voice}")]


def main() -> None:
    """The entry point of liquid-demo."""
    console.run(app)


if __name__ == "__main__":
    main()
