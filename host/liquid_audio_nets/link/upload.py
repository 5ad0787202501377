# SPDX-License-Identifier: MIT
"""Uploading a model so that the old one survives until the board has opened the new one.

The model is sent under a temporary name, its SHA-256 is computed on the board, LNN.load opens it there, and then it is
renamed.  The code in PROLOGUE runs on the board and uses only what MicroPython has.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .errors import BoardError, RemoteError, VerificationError
from .ports import Link
from .sender import send

PROLOGUE = """
import os, hashlib, binascii
def _size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return -1
def _sha256(path):
    h, block = hashlib.sha256(), bytearray(512)
    with open(path, 'rb') as f:
        while True:
            n = f.readinto(block)
            if not n:
                return binascii.hexlify(h.digest()).decode()
            h.update(memoryview(block)[:n])
def _folders(path):
    parts = path.split('/')
    for i in range(1 if parts[0] else 2, len(parts)):
        folder = '/'.join(parts[:i])
        if _size(folder) < 0:
            os.mkdir(folder)
def _free(path):
    s = os.statvfs(path or os.getcwd())
    return s[0] * s[3], s[0]
def _remove(path):
    if _size(path) >= 0:
        os.remove(path)
def _try_load(path):
    import gc, liquid_audio
    gc.collect()
    model = liquid_audio.LNN.load(path)
    model.deinit()
"""


@dataclass
class Upload:
    """destination: path on the board; sent_bytes: 0 if the board had the same file already."""

    destination: str
    sent_bytes: int

    @property
    def unchanged(self) -> bool:
        """Whether the board had the same file already."""
        return self.sent_bytes == 0


def upload(link: Link, data: bytes, destination: str, progress: Callable[[int], None] = lambda sent: None) -> Upload:
    """Sends the bytes of a model to a path on the board; check them with native.LNN before.

    A relative path lies in the board's file system, be that / or /flash.

    progress is called with the bytes sent so far.  The old file at `destination` stays untouched until the last step,
    which renames the new one.  The next upload removes what an interrupted one left behind.  On littlefs the rename is
    whole or nothing, also if the power fails in it; on FAT MicroPython first removes the old file, so that for a moment
    only the new one is there, under the name `destination` + ".part".
    Raises BoardError (no module, no room, cannot write), VerificationError, LinkError.
    """
    temporary = destination + ".part"
    _require_module(link)
    _run(link, PROLOGUE, "prepare")
    digest = hashlib.sha256(data).hexdigest()
    if _ask(link, f"_size({destination!r})") == len(data) and _ask(link, f"_sha256({destination!r})") == digest:
        return Upload(destination, 0)
    _run(link, f"_folders({destination!r})\n_remove({temporary!r})", "write")
    _require_room(link, len(data), posixpath.dirname(destination))
    with _doing(link, "write"):
        link.exec(f"_file = open({temporary!r}, 'wb')")
        send(link, data, "_file.write({piece})", progress=progress)
        link.exec("_file.close()")
    if (arrived := _ask(link, f"_sha256({temporary!r})")) != digest:
        _run(link, f"_remove({temporary!r})", "clean up")
        raise VerificationError(f"the file was damaged on its way ({arrived[:8]}, not {digest[:8]}): try again")
    _require_loads(link, temporary)
    _run(link, f"os.rename({temporary!r}, {destination!r})", "rename")
    return Upload(destination, len(data))


@contextlib.contextmanager
def _doing(link: Link, what: str) -> Iterator[None]:
    try:
        yield
    except RemoteError as error:
        raise BoardError(f"the board on {link.port} could not {what}: {error.last_line}") from None


def _run(link: Link, code: str, what: str) -> None:
    with _doing(link, what):
        link.exec(code)


def _ask(link: Link, expression: str) -> Any:
    """The value of an expression on the board, a Python literal."""
    try:
        return ast.literal_eval(link.exec(f"print(repr({expression}))").strip())
    except RemoteError as error:
        raise BoardError(f"the board on {link.port} could not answer: {error.last_line}") from None
    except (ValueError, SyntaxError):
        raise VerificationError(
            f"the board on {link.port} answered something unreadable: reset it, try again"
        ) from None


def _require_module(link: Link) -> None:
    try:
        link.exec("import liquid_audio\nliquid_audio.LNN.load")
    except RemoteError:
        raise BoardError(
            f"the firmware on {link.port} has no liquid_audio module: "
            "build one with liquid-board build, flash it and try again"
        ) from None


def _require_room(link: Link, n_bytes: int, folder: str) -> None:
    free, block = _ask(link, f"_free({folder!r})")
    needed = -(-n_bytes // block) * block + 2 * block  # the file's blocks, its directory entry, the table
    if free < needed:
        raise BoardError(
            f"no room in {folder or 'its file system'} on the board: {needed} bytes are needed, {free} are free; "
            "delete files"
        )


def _require_loads(link: Link, path: str) -> None:
    try:
        link.exec(f"_try_load({path!r})")
    except RemoteError as error:
        _run(link, f"_remove({path!r})", "clean up")
        if "MemoryError" in error.last_line:
            raise BoardError("the model does not fit into the board's memory: use a smaller one") from None
        raise VerificationError(f"the board cannot open the model: {error.last_line}") from None
