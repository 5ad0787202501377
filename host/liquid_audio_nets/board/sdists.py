# SPDX-License-Identifier: MIT
"""C sources that pip has as a pinned source distribution (sdist)."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .errors import FirmwareError


@dataclasses.dataclass(frozen=True)
class Sdist:
    """What it is called, the requirement for pip with its version, and the SHA-256 of the file that pip brings."""

    title: str
    requirement: str
    sha256: str
    holds: str
    """A file by which its folder is known."""
    variable: str
    """The environment variable that names another folder."""

    def is_in(self, folder: Path) -> bool:
        """Whether a folder holds these sources."""
        return (folder / self.holds).is_file()

    def download(self, into: Path) -> None:
        """Unpacks the file that pip downloads.  Raises FirmwareError if pip cannot, or brings another file."""
        with tempfile.TemporaryDirectory(dir=into.parent, prefix="pip-") as folder:
            # pip insists on the package's metadata, for which it fetches its build requirements as wheels: so this
            # package alone is asked for as source
            name = self.requirement.split("=")[0]
            command = [*"-m pip download -q --no-deps --no-binary".split(), name, "-d", folder, self.requirement]
            subprocess.run([sys.executable, *command], capture_output=True, stdin=subprocess.DEVNULL)
            tarball = next(Path(folder).glob("*.tar.gz"), None)
            if tarball is None:
                raise FirmwareError(
                    f"Could not download {self.requirement} by pip. Check the network, or set {self.variable} to a "
                    f"copy of {self.title}."
                )
            if hashlib.sha256(tarball.read_bytes()).hexdigest() != self.sha256:
                raise FirmwareError(f"{tarball.name} is not the pinned file: its SHA-256 differs")
            unpack(tarball, into)


def unpack(tarball: Path, into: Path) -> None:
    """A tarball with one folder at its top becomes `into`, at once or not at all."""
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="unpack-") as folder:
        with tarfile.open(tarball) as tar:
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.3 has none
            tar.extractall(folder)
        (top,) = Path(folder).iterdir()
        shutil.rmtree(into, ignore_errors=True)
        top.rename(into)
