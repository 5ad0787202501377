"""What all commands share: two consoles, the exit codes, and errors as one sentence instead of a traceback."""

from __future__ import annotations

import enum
import json
import sys
from pathlib import Path
from typing import Callable

import typer
from rich.console import Console
from rich.markup import escape as escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..lnn import LnnError

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


class Exit(enum.IntEnum):
    OK = 0
    USAGE = 2
    NO_DEVICE = 3
    BAD_MODEL = 4
    VERIFICATION = 5
    GATE = 6


class CommandError(Exception):
    """One clear sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: Exit = Exit.USAGE):
        super().__init__(sentence)
        self.code = code


def print_json(value: dict) -> None:
    """Plain JSON on stdout, for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def progress_bar() -> Progress:
    """On stderr, and only where that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, disable=not sys.stderr.isatty(), transient=True)


def read_model_file(path: Path) -> bytes:
    """The bytes of a model file; raises CommandError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {reason(error)}") from None


def reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def run(app: typer.Typer, expected: Callable[[Exception], CommandError | None] = lambda _: None) -> None:
    """Runs a command; `expected` turns further errors of the command into sentences (None: a bug, raise it)."""
    try:
        app()  # wrong options end here with exit code 2
    except BrokenPipeError:  # the reader of our output (head, less) has had enough
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        known = error if isinstance(error, CommandError) else model_error(error) or expected(error)
        if known is None:
            raise
        err.print(f"[red]error:[/red] {escape(str(known))}")
        sys.exit(known.code)


def model_error(error: Exception) -> CommandError | None:
    if not isinstance(error, LnnError):
        return None
    return CommandError(f"bad model ({error.name}): {error}", Exit.BAD_MODEL)
