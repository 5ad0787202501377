"""What all commands share: two consoles, the exit codes, and errors as one sentence instead of a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape as escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..errors import Exit as Exit
from ..errors import LiquidError
from ..lnn import LnnError

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
EXTRAS = {"torch": "train", "safetensors": "train", "matplotlib": "train"}
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


class CommandError(LiquidError):
    """One clear sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: Exit = Exit.USAGE):
        super().__init__(sentence)
        self.exit_code = code


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


def run(app: typer.Typer) -> None:
    """Runs a command.  An error that the user can mend ends it with one sentence on stderr and the error's exit code."""
    try:
        app()  # wrong options end here with exit code 2
    except BrokenPipeError:  # the reader of our output (head, less) has had enough
        sys.stderr.close()
        sys.exit(Exit.OK)
    except Exception as error:
        known = mendable(error)
        if known is None:
            raise
        err.print(f"[red]error:[/red] {escape(str(known))}")
        sys.exit(known.exit_code)


def mendable(error: Exception) -> LiquidError | None:
    """The error as the user reads it; None for a bug."""
    if isinstance(error, LnnError):
        return CommandError(f"bad model ({error.name}): {error}", error.exit_code)
    if isinstance(error, LiquidError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        return CommandError(
            f"this needs {error.name}, which is not installed: pip install 'liquid-audio-nets[{extra}]'"
        )
    if isinstance(error, OSError):
        return CommandError(f"{error.filename or 'a file'}: {reason(error)}")
    return None
