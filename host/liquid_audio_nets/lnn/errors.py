# SPDX-License-Identifier: MIT
"""Errors of the .lnn format, named as in the C core and in SPEC.md."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ..errors import Exit, LiquidError
from .layout import ERRORS


class LnnError(LiquidError, ValueError):
    """A model file or a call on a model is wrong.  The message is that of a board: "CRC: what is wrong (detail)".

    name: the error's name in SPEC.md, such as "CRC".  text: what is wrong.  remedy: what to do.  path: the file, if it is
    known.
    """

    exit_code = Exit.BAD_MODEL
    path = ""

    def __init__(self, name: str, detail: str = ""):
        self.name = name
        self.code, self.text, self.remedy = ERRORS[name]
        super().__init__(f"{name}: {self.text}" + (f" ({detail})" if detail else ""))

    @classmethod
    def from_code(cls, code: int, detail: str = "") -> LnnError:
        """The error of a status of the C core."""
        return cls(next(name for name, (value, *_) in ERRORS.items() if value == code), detail)


@contextlib.contextmanager
def named(path: str | os.PathLike[str]) -> Iterator[None]:
    """In this block an LnnError learns which file is wrong."""
    try:
        yield
    except LnnError as error:
        error.path = str(path)
        raise
