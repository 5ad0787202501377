# SPDX-License-Identifier: MIT
"""What all commands share: output, --version, model files, and errors as one sentence instead of a traceback.

The consoles print text as it is: brackets in the names of files are never markup, so nothing needs escaping.  Use
`style` or rich.text.Text for colours.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from .. import __version__
from ..errors import Exit as Exit
from ..errors import LiquidError, LiquidWarning
from ..lnn.errors import LnnError, named

out = Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())
err = Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty(), stderr=True)
EXTRAS = {
    "torch": "train",
    "safetensors": "train",
    "matplotlib": "train",
    "cryptography": "sign",
    "onnxruntime": "voices",
    "cma": "learn",
    "ppk2lab": "meters",
    "pyjls": "meters",
    "pyjoulescope_driver": "meters",
    "otii_tcp_client": "meters",
    "nicegui": "monitor",
    "sounddevice": "monitor",
}


class CommandError(LiquidError):
    """One clear sentence for the user, and the exit code."""

    def __init__(self, sentence: str, code: Exit = Exit.USAGE):
        super().__init__(sentence)
        self.exit_code = code


def examples(*commands: str) -> str:
    """The epilog of a command's --help: one example per line."""
    return "\n\n".join(("[bold]Examples:[/bold]", *commands))


def headed(heading: str, text: str, style: str = "yellow") -> Text:
    """A line that begins with a coloured heading, such as "left out:"."""
    return Text.assemble((f"{heading}:", style), f" {text}")


def note(text: str) -> None:
    """Tells on stderr, in faint letters, what the command is doing."""
    err.print(text, style="dim")


def print_json(value: dict[str, Any] | Sequence[Any]) -> None:
    """Plain JSON on stdout, for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def progress_bar() -> Progress:
    """On stderr, and only if that is a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}", markup=False),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, disable=not sys.stderr.isatty(), transient=True)


def read_model_file(path: Path) -> bytes:
    """The bytes of a model that the C core has checked.

    Raises LnnError, with the file's name, for a bad model, and OSError if the file cannot be read."""
    from ..native import LNN

    data = path.read_bytes()
    with named(path):
        LNN(data).deinit()
    return data


def run(app: typer.Typer) -> None:
    """Runs a command.  An error that the user can mend ends it with one sentence on stderr and the error's exit code."""
    warnings.showwarning = _show_warning
    command = typer.main.get_command(app)
    command.params += typer.main.get_command(_shared).params
    try:
        command()  # wrong options end here with exit code 2
    except BrokenPipeError:  # the reader of our output (head, less) has had enough
        sys.stderr.close()
        sys.exit(Exit.OK)
    except Exception as error:
        sentence = mendable(error)
        if sentence is None:
            raise
        err.print(headed("error", sentence, "red"))
        sys.exit(error.exit_code if isinstance(error, LiquidError) else Exit.USAGE)


def mendable(error: Exception) -> str | None:
    """What the user reads of an error; None for a bug."""
    if isinstance(error, LnnError):
        return f"{error.path + ': ' if error.path else ''}{error}. {error.remedy}"
    if isinstance(error, LiquidError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return f"this needs {error.name}, which is not installed: pip install 'liquid-audio-nets[{EXTRAS[error.name]}]'"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}"
    return None


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        print(f"{context.info_name} {__version__}")
        raise typer.Exit


_shared = typer.Typer(add_completion=False)  # a command only in name: run() adds its options to the others


@_shared.command()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, expose_value=False, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options of every command."""


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if isinstance(message, LiquidWarning):
        err.print(headed("warning", str(message)))
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))
