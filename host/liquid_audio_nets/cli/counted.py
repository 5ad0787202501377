# SPDX-License-Identifier: MIT
"""The part of liquid-profile that asks a board: counted there, and never beside an estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from ..devices import PORT, connect, named
from ..link import Link, upload
from ..lnn import read
from ..native import LNN
from ..power import Counted, PowerError, count
from ..power.work import built_in, load_sound
from . import console

FOLDER = "models"  # on the board, where liquid-upload puts them


def is_there(device: str) -> bool:
    """Whether the device is a board that can be asked: a serial port, auto, or a virtual board with a prompt."""
    board = named(device)
    return bool(PORT.match(device)) or device == "auto" or (board is not None and board.is_virtual and board.has_prompt)


def on_board(device: str, models: list[Path], audio: Path | None) -> dict[str, Counted]:
    """Each model on the same sound.  Raises LinkError if the board is lost or cannot run it, AudioError, LnnError."""
    contents = {path: console.read_model_file(path) for path in models}  # all of them, before a board is looked for
    link = connect(device)
    try:
        return {str(path): _one(link, path, content, audio) for path, content in contents.items()}
    finally:
        link.close()


def _one(link: Link, path: Path, content: bytes, audio: Path | None) -> Counted:
    sound, name = (load_sound(audio), str(audio)) if audio else built_in(read(content))
    with LNN(content) as lnn:
        if not lnn.info["window_samples"]:
            raise PowerError(f"{path} reads rows of numbers, not audio: liquid-profile plays sound")
        rate, tick = lnn.sample_rate, lnn.tick_samples
    there = f"{FOLDER}/{path.name}"
    upload(link, content, there)
    with console.progress_bar() as bar:
        task = bar.add_task(f"{path.name} on {link.port}", total=100)
        return count(link, there, sound, name, rate, tick, lambda share: bar.update(task, completed=round(100 * share)))


def show(found: dict[str, Counted]) -> None:
    """Prints what was counted, a column per model."""
    first = next(iter(found.values()))
    console.out.print(f"counted on {first.machine or 'the board'}; {first.sound}")
    table = Table(title=f"k {first.unit} per second of audio", title_justify="left", title_style="bold")
    for head in ("", *found):
        table.add_column(head, justify="left" if head == "" else "right")
    for stage in dict.fromkeys(stage for counted in found.values() for stage in counted.work):
        table.add_row(stage, *(f"{counted.per_second.get(stage, 0) / 1e3:,.1f}" for counted in found.values()))
    table.add_row(
        "all", *(f"{sum(counted.per_second.values()) / 1e3:,.1f}" for counted in found.values()), style="bold"
    )
    console.out.print(table)
    for name, counted in found.items():
        console.out.print(
            f"{name}: {counted.steps / counted.seconds:.1f} steps per second, gate open "
            f"{100 * counted.gate_open:.0f} % of the time, {counted.detections} detections"
            + (f", busy {100 * counted.busy:.2f} % of the time" if counted.busy is not None else "")
        )
        if counted.latency_p50_s is not None and counted.latency_p99_s is not None:
            console.out.print(
                f"{name}: latency {1e3 * counted.latency_p50_s:.0f} ms median, {1e3 * counted.latency_p99_s:.0f} ms p99"
            )


def as_json(found: dict[str, Counted]) -> Any:
    """For --json: one object, or a list for several models."""
    every = [{"model": name} | counted.as_json() for name, counted in found.items()]
    return every[0] if len(every) == 1 else every
