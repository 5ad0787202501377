# SPDX-License-Identifier: MIT
"""liquid-sign: sign a model, so that a board or a colleague can tell who made it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..lnn.errors import named
from ..lnn.signature import LARGEST_VERSION, BadKey, sign
from ..lnn.whole_file import replacing
from . import console

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    no_args_is_help=True,
    name="sign",
    epilog=console.examples(
        "openssl genpkey -algorithm ed25519 -out key.pem",
        "openssl pkey -in key.pem -pubout -out pub.pem",
        "liquid-sign key.pem keywords.lnn --model-version 3",
        "liquid-info keywords.lnn --verify pub.pem",
    ),
)
def sign_model(
    key: Annotated[Path, typer.Argument(help="The private key, a PEM file for Ed25519.")],
    model: Annotated[Path, typer.Argument(help="An .lnn file.")],
    output: Annotated[Path | None, typer.Option(help="File to write. By default the model is replaced.")] = None,
    model_version: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=LARGEST_VERSION,
            help="A number that grows with each release, so that firmware can refuse older ones. By default the model "
            "keeps its own.",
        ),
    ] = None,
) -> None:
    """Sign a model with Ed25519. The signature covers the whole file and the model version.

    Any later change of the model drops the signature, so sign last.
    """
    data = model.read_bytes()
    try:
        with named(model):
            signed = sign(data, key.read_bytes(), model_version)
    except BadKey as error:
        raise console.CommandError(f"{key}: {error}") from None
    target = output or model
    with replacing(target) as part:
        part.write_bytes(signed)
    console.out.print(f"{target}: signed, {len(signed):,} bytes")


def main() -> None:
    """Entry point of the command."""
    console.run(app)
