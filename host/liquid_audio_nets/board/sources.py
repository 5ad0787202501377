# SPDX-License-Identifier: MIT
"""MicroPython, CMSIS-DSP and Monocypher for the firmware: pinned, unless the user names other folders."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..user_files import alone
from . import debian
from .errors import FirmwareError
from .places import build_dir, project_dir
from .sdists import Sdist, unpack

MICROPYTHON_RELEASE = "v1.25.0"
"""Both a tag of MicroPython's git repository and, without some of its binary files, Debian stable's source package."""
MICROPYTHON_STAMP = {
    "MICROPY_GIT_TAG": MICROPYTHON_RELEASE,
    "MICROPY_GIT_HASH": "f498a16c7d",
    "SOURCE_DATE_EPOCH": "1744727310",
}
"""What the firmware says of its version: without it, MicroPython's makefile asks git about the project's own checkout."""
MICROPYTHON_PARTS = ("drivers", "extmod", "lib", "mpy-cross", "ports/qemu", "py", "shared", "tools")
"""The folders that a firmware of the qemu port is made from."""
MICROPYTHON_SHA256 = "f5ad48d3388eab625be5f5070c3c5b5c18ab05ae58461845d8ce3098087b9441"
"""Of MICROPYTHON_PARTS, by tree_sha256()."""
MICROPYTHON_GIT = "https://github.com/micropython/micropython"
DEBIAN_SUITE = "trixie"
OLDEST_MICROPYTHON = (1, 25)
CMSIS_DSP = Sdist(
    "CMSIS-DSP",
    "cmsisdsp==1.10.3",
    "307d32298faa7c58db912851027fce35f886fec7eb1a27c4b309ce1a97f47519",
    holds="Include/arm_math.h",
    variable="CMSIS_DSP_DIR",
)
MONOCYPHER = Sdist(
    "Monocypher",
    "pymonocypher==4.0.3.4",
    "5e56e3d3eb770a53e0b9f6274146663c11a11f3d0de5cd48e3be0428d1b07a4a",
    holds="monocypher.c",
    variable="MONOCYPHER_DIR",
)

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Takes the place of `say` if nobody wants to be told."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A folder of somebody else's source, where it came from in a few words, and variables for its makefile."""

    folder: Path
    origin: str
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def micropython(say: Say = silent) -> Source:
    """MicroPython from MICROPY_DIR, else from the workspace around ZEPHYR_BASE, else the pinned release.

    The pinned release is fetched once, by git or as Debian's source package, and is the same either way.
    say: told, in a few words, before something slow.  Raises FirmwareError if it cannot be downloaded.
    """
    given = os.environ.get("MICROPY_DIR")
    if given:
        if not is_micropython(Path(given)):
            raise FirmwareError(f"MICROPY_DIR={given} is not MicroPython 1.25 or newer with its qemu port")
        return Source(Path(given).resolve(), "MICROPY_DIR")
    for top in named_workspace():
        for folder in (top / "micropython", top / "modules" / "lib" / "micropython"):
            if is_micropython(folder):
                return Source(folder, "the workspace of ZEPHYR_BASE")
    kept = build_dir() / "sources" / f"micropython-{MICROPYTHON_RELEASE}"
    with alone(kept):
        if not kept.is_dir():
            fetch_micropython(kept, say)
    return Source(kept, f"the pinned release {MICROPYTHON_RELEASE}", MICROPYTHON_STAMP)


def micropython_version(folder: Path) -> tuple[int, int] | None:
    """(major, minor) of a checkout of MicroPython; None if the folder is none."""
    try:
        text = (folder / "py" / "mpconfig.h").read_text()
    except OSError:
        return None
    major, minor = (re.search(rf"define MICROPY_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR"))
    return (int(major[1]), int(minor[1])) if major and minor else None


def is_micropython(folder: Path) -> bool:
    """Whether a folder is a MicroPython that is new enough and has the qemu port."""
    version = micropython_version(folder)
    return version is not None and version >= OLDEST_MICROPYTHON and (folder / "ports" / "qemu").is_dir()


def named_workspace() -> list[Path]:
    """The west workspace that the user named with ZEPHYR_BASE; empty if ZEPHYR_BASE is not set."""
    base = os.environ.get("ZEPHYR_BASE")
    return [Path(base).resolve().parent] if base else []


def workspaces() -> list[Path]:
    """West workspaces for boards on Zephyr: around ZEPHYR_BASE, around the project, in the home folder."""
    candidates = [*named_workspace(), *project_dir().parents, Path.home() / "zephyrproject"]
    return [folder for folder in candidates if (folder / ".west").is_dir()]


def fetch_micropython(into: Path, say: Say) -> None:
    """Fetches the pinned release, by git or from Debian.  Raises FirmwareError if neither answers, or with other files."""
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="fetch-") as folder:
        found = Path(folder) / "micropython"
        if clone_micropython(found, say):
            origin = MICROPYTHON_GIT
        elif debian_micropython(found, say):
            origin = f"Debian {DEBIAN_SUITE}"
        else:
            raise FirmwareError(
                f"Could not download MicroPython {MICROPYTHON_RELEASE} by git or apt. Check the network, or set "
                "MICROPY_DIR to a checkout of MicroPython 1.25 or newer."
            )
        if tree_sha256(found, MICROPYTHON_PARTS) != MICROPYTHON_SHA256:
            raise FirmwareError(
                f"MicroPython {MICROPYTHON_RELEASE} from {origin} has other files than the pinned ones (their SHA-256 "
                "differs). Set MICROPY_DIR if you want to build with another MicroPython."
            )
        found.rename(into)


def tree_sha256(folder: Path, parts: tuple[str, ...]) -> str:
    """SHA-256 over the names and contents of all files in these parts of a folder, in the order of their names."""
    files = [file for part in parts for file in (folder / part).rglob("*") if file.is_file()]
    total = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        total.update(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def clone_micropython(into: Path, say: Say) -> bool:
    """A shallow clone, without its history; False, quickly and quietly, if the network has no way there."""
    remote = ["ls-remote", "--exit-code", MICROPYTHON_GIT, f"refs/tags/{MICROPYTHON_RELEASE}"]
    if not git(*remote, timeout_s=15):
        return False
    say(f"cloning MicroPython {MICROPYTHON_RELEASE}")
    if not git("clone", "--depth", "1", "--branch", MICROPYTHON_RELEASE, MICROPYTHON_GIT, str(into), timeout_s=600):
        shutil.rmtree(into, ignore_errors=True)
        return False
    shutil.rmtree(into / ".git")
    return True


def git(*words: str, timeout_s: float) -> bool:
    """Runs git, which neither asks for a password nor changes the ends of lines; False if it fails."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "-c", "core.eol=lf", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
            timeout=timeout_s,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def debian_micropython(into: Path, say: Say) -> bool:
    """Debian's source package; False on a machine without apt or Debian's archive."""
    archive = debian.archive()
    if archive is None or shutil.which("apt-get") is None:
        return False
    say(f"fetching MicroPython's source package from Debian {DEBIAN_SUITE}")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="apt-") as folder:
        tarball = debian.fetch_source("micropython", DEBIAN_SUITE, Path(folder), archive)
        if tarball is not None:
            unpack(tarball, into)
    return tarball is not None


def cmsis_dsp(say: Say = silent) -> Source:
    """CMSIS-DSP from CMSIS_DSP_DIR, else from the workspace around ZEPHYR_BASE, else the pinned sdist of pip.

    say: told, in a few words, before something slow.  Raises FirmwareError if it cannot be downloaded.
    """
    modules = [top / "modules" / "lib" / "cmsis-dsp" for top in named_workspace()]
    return from_sdist(CMSIS_DSP, say, [Source(folder, "the workspace of ZEPHYR_BASE") for folder in modules])


def monocypher(say: Say = silent) -> Source:
    """Monocypher, which checks signatures, from MONOCYPHER_DIR, else from the pinned sdist of pip; as cmsis_dsp()."""
    return from_sdist(MONOCYPHER, say)


def from_sdist(sdist: Sdist, say: Say, others: Sequence[Source] = ()) -> Source:
    """The folder that the user names, else the first of `others` that has the files, else the sdist, fetched once."""
    given = os.environ.get(sdist.variable)
    if given:
        if not sdist.is_in(Path(given)):
            raise FirmwareError(f"{sdist.variable}={given} has no {sdist.holds}")
        return Source(Path(given).resolve(), sdist.variable)
    for other in others:
        if sdist.is_in(other.folder):
            return other
    kept = build_dir() / "sources" / sdist.requirement.replace("==", "-")
    with alone(kept):
        if not kept.is_dir():
            say(f"fetching {sdist.requirement}")
            sdist.download(kept)
    return Source(kept, f"the sdist {sdist.requirement}")
