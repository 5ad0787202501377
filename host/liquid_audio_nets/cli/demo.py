"""The demo: builds a virtual board, sends it the model, speaks to it and shows what it hears."""

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

MODEL = "/models/keywords.lnn"
ENOUGH, FALSE_ALARMS = 10 / 12, 1
app = typer.Typer(add_completion=False)


@app.command(epilog="Example: python -m liquid_audio_nets.cli.demo --audio ../shared/data/speech_commands")
def run(
    audio: Annotated[
        Path | None, typer.Option(help="folder with one folder per word: half of the words are real")
    ] = None,
    board_name: Annotated[str, typer.Option("--board", help="a virtual board")] = "qemu_m4f",
    model: Annotated[Path | None, typer.Option(help="an .lnn file")] = None,
) -> None:
    """Speak keywords to a virtual board and show what it hears."""
    root = boards.project_dir()
    data = console.read_model_file(model or root / "device" / "models" / "keywords.lnn")
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
    show(port, root / "device" / "kws.py", spoken)


def say(words: str) -> None:
    console.err.print(words + " ...")


def recordings(audio: Path | None) -> Path | None:
    """The folder whose folders are words: the user's, or the one in it that holds Speech Commands."""
    if audio is None:
        return None
    if not audio.is_dir():
        raise console.CommandError(f"{audio}: no such folder; give one with a folder per word")
    return audio / "speech_commands" if (audio / "speech_commands").is_dir() else audio


def show(port: str, script: Path, spoken: list[demo.Spoken]) -> None:
    """The live table and the verdict; raises CommandError where too little was heard."""
    heard: list[demo.Heard] = []
    ending = None
    with Live(console=console.out, refresh_per_second=8, transient=True) as live:
        for line in demo.run_script(port, script):
            if isinstance(line, demo.Ending):
                ending = line
            else:
                heard.append(line)
            if console.out.is_terminal:
                live.update(table(heard, spoken))
    console.out.print(table(heard, spoken, ended=True))
    right = [word for word in demo.match(heard, spoken) if word is not None]
    alarms = len(heard) - len(right)
    console.out.print(
        f"heard {len(right)} of {len(spoken)}, {alarms} false alarm{'' if alarms == 1 else 's'}, "
        f"{ending.work:.1f} M instructions per second of audio"
    )
    if len(right) < ENOUGH * len(spoken) or alarms > FALSE_ALARMS:
        raise console.CommandError("too little was heard, or too much that nobody said", console.Exit.GATE)


def table(heard: list[demo.Heard], spoken: list[demo.Spoken], ended: bool = False) -> Table:
    """What was heard beside what was said; at the end also the words that were missed."""
    result = Table(box=box.SIMPLE_HEAD, padding=0)  # 80 columns have room for the longest voice
    for heading in ("time", "keyword", "confidence", "timestep", "energy", "work", "said by"):
        result.add_column(heading, no_wrap=True, min_width=None if heading == "said by" else max(len(heading), 7))
    matches = demo.match(heard, spoken)
    rows = [(line.time_s, line, word) for line, word in zip(heard, matches, strict=True)]
    if ended:
        rows += [(word.start_s, None, word) for word in spoken if word not in matches]
    for time_s, line, word in sorted(rows, key=lambda row: row[0]):
        if line is None:
            result.add_row(
                f"{time_s:.2f} s",
                Text(f"({word.word})", "dim"),
                "",
                "",
                "",
                "",
                Text.assemble(("missed ", "red"), word.voice),
            )
            continue
        who = word.voice if word else Text("nobody", "red")
        result.add_row(
            f"{time_s:.2f} s",
            Text(line.keyword, "bold"),
            f"{line.confidence:.2f}",
            f"{line.timestep_ms} ms",
            f"{line.energy:.4f}",
            f"{line.work:.2f} M/s",
            who,
        )
    return result


def main() -> None:
    console.run(app)


if __name__ == "__main__":
    main()
