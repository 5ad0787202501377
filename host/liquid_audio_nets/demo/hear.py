# SPDX-License-Identifier: MIT
"""Runs device/kws.py on a board and reads the lines it prints."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import Exit, LiquidError
from .scene import Spoken

LINE = re.compile(
    r"\s*(?P<time_s>[\d.]+) s  (?P<keyword>\S+) +(?P<confidence>[\d.]+)  timestep +(?P<timestep_ms>\d+) ms"
    r"  energy (?P<energy>[\d.]+)  (?P<work>[\d.]+) M (?P<unit>\w+)/s"
)
LAST_LINE = re.compile(
    r"(?P<seconds>[\d.]+) s of audio, (?P<work>[\d.]+) M (?P<unit>\w+) per second, (?P<overruns>\d+) ov"
)
EARLY_S, LATE_S = 0.1, 1.0  # a word may be heard from EARLY_S before its start to LATE_S after its end


class ListenError(LiquidError):
    """The script on the board failed; the message is the board's last line."""

    exit_code = Exit.NO_DEVICE


@dataclasses.dataclass(frozen=True)
class Heard:
    """A line of device/kws.py.

    timestep_ms and work are means since the line before; work is in millions of instructions per second of audio.
    """

    time_s: float
    keyword: str
    confidence: float
    timestep_ms: int
    energy: float
    work: float


@dataclasses.dataclass(frozen=True)
class Ending:
    """The last line of device/kws.py.  work: millions of instructions per second of audio, over all of it."""

    seconds: float
    work: float
    overruns: int


def run_script(port: str, script: Path) -> Iterator[Heard | Ending]:
    """Runs a script on a board with mpremote, and yields its lines as they come.

    Raises ListenError if the script ends without its last line.
    """
    command = [sys.executable, "-m", "mpremote", "connect", port, "run", str(script)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None  # it is a pipe
    last = "nothing"
    try:
        for line in process.stdout:
            last = line.strip() or last
            parsed = parse(line)
            if parsed is not None:
                yield parsed
            if isinstance(parsed, Ending):
                return
        raise ListenError(f"the board on {port} says: {last}")
    finally:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def parse(line: str) -> Heard | Ending | None:
    """What a line of device/kws.py says; None for any other line."""
    match = LINE.match(line)
    if match:
        return Heard(
            float(match["time_s"]),
            match["keyword"],
            float(match["confidence"]),
            int(match["timestep_ms"]),
            float(match["energy"]),
            float(match["work"]),
        )
    match = LAST_LINE.match(line)
    return Ending(float(match["seconds"]), float(match["work"]), int(match["overruns"])) if match else None


def match(heard: Sequence[Heard], spoken: Sequence[Spoken]) -> list[Spoken | None]:
    """For each line the spoken word that it heard, or None for a false alarm.  A word counts once."""
    left = list(spoken)
    found: list[Spoken | None] = []
    for line in heard:
        fits = [
            word
            for word in left
            if word.word == line.keyword and word.start_s - EARLY_S <= line.time_s <= word.end_s + LATE_S
        ]
        found.append(fits[0] if fits else None)
        if fits:
            left.remove(fits[0])
    return found
