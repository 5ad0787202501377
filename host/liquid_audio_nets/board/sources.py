"""Where the firmware's parts come from: MicroPython and CMSIS-DSP, first place that answers."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Callable

from . import debian
from .errors import FirmwareError
from .places import build_dir, project_dir

MICROPYTHON_RELEASE = "v1.29.0"
MICROPYTHON_GIT = "https://github.com/micropython/micropython"
OLDEST_MICROPYTHON = (1, 25)
DEBIAN_SUITES = ("trixie", "forky", "sid")
CMSIS_DSP = "cmsisdsp==1.10.3"
CMSIS_DSP_SHA256 = "307d32298faa7c58db912851027fce35f886fec7eb1a27c4b309ce1a97f47519"


@dataclasses.dataclass(frozen=True)
class Source:
    """A folder of somebody else's source, and where it came from, in a few words."""

    folder: Path
    origin: str


def micropython(say: Callable[[str], None] = lambda _: None) -> Source:
    """MICROPY_DIR; a west workspace; a clone of the pinned release; Debian's source package.

    say: told, in a few words, before something slow.  Raises FirmwareError where none answers.
    """
    given = os.environ.get("MICROPY_DIR")
    if given:
        if not is_micropython(Path(given)):
            raise FirmwareError(f"MICROPY_DIR={given} is not MicroPython 1.25 or newer with its qemu port")
        return Source(Path(given).resolve(), "MICROPY_DIR")
    for top in workspaces():
        for folder in (top / "micropython", top / "modules" / "lib" / "micropython"):
            if is_micropython(folder):
                return Source(folder, "west workspace")
    kept = build_dir() / "sources" / "micropython"
    if is_micropython(kept):
        origin = kept / "origin.txt"
        return Source(kept, origin.read_text().strip() if origin.is_file() else "build folder")
    found = clone_micropython(kept, say) or debian_micropython(kept, say)
    if found is None:
        raise FirmwareError(
            "MicroPython is not to be had: no network? Set MICROPY_DIR to a checkout of it (1.25 or newer)"
        )
    return found


def micropython_version(folder: Path) -> tuple[int, int] | None:
    """(major, minor) of a checkout, None where it is none."""
    try:
        text = (folder / "py" / "mpconfig.h").read_text()
    except OSError:
        return None
    numbers = [re.search(rf"define MICROPY_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR")]
    return (int(numbers[0][1]), int(numbers[1][1])) if all(numbers) else None


def is_micropython(folder: Path) -> bool:
    version = micropython_version(folder)
    return version is not None and version >= OLDEST_MICROPYTHON and (folder / "ports" / "qemu").is_dir()


def workspaces() -> list[Path]:
    """West workspaces: around ZEPHYR_BASE, around the project, in the home folder."""
    base = os.environ.get("ZEPHYR_BASE")
    candidates = [Path(base).resolve().parent] if base else []
    candidates += [*project_dir().parents, Path.home() / "zephyrproject"]
    return [folder for folder in candidates if (folder / ".west").is_dir()]


def clone_micropython(into: Path, say: Callable[[str], None]) -> Source | None:
    """A shallow clone; None, quickly and quietly, where the network has no way there."""
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "env": os.environ | {"GIT_TERMINAL_PROMPT": "0"}}
    try:
        asked = subprocess.run(
            ["git", "ls-remote", "--exit-code", MICROPYTHON_GIT, f"refs/tags/{MICROPYTHON_RELEASE}"],
            timeout=15,
            **quiet,
        )
        if asked.returncode != 0:
            return None
        say(f"cloning MicroPython {MICROPYTHON_RELEASE}")
        shutil.rmtree(into, ignore_errors=True)
        subprocess.run(
            ["git", "clone", "--depth", "1", "--branch", MICROPYTHON_RELEASE, MICROPYTHON_GIT, str(into)],
            timeout=600,
            check=True,
            **quiet,
        )
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(into, ignore_errors=True)
        return None
    return keep_origin(into, f"git {MICROPYTHON_RELEASE}")


def debian_micropython(into: Path, say: Callable[[str], None]) -> Source | None:
    archive = debian.archive()
    if archive is None or shutil.which("apt-get") is None:
        return None
    into.parent.mkdir(parents=True, exist_ok=True)
    for suite in DEBIAN_SUITES:
        say(f"fetching MicroPython's source package from Debian {suite}")
        with tempfile.TemporaryDirectory(dir=into.parent, prefix="apt-") as folder:
            tarball = debian.fetch_source("micropython", suite, Path(folder), archive)
            if tarball is None:
                continue
            unpack(tarball, into)
            if is_micropython(into):
                return keep_origin(into, f"Debian {suite}, {tarball.name}")
    return None


def keep_origin(folder: Path, origin: str) -> Source | None:
    if not is_micropython(folder):
        return None
    (folder / "origin.txt").write_text(origin + "\n")
    return Source(folder, origin)


def unpack(tarball: Path, into: Path) -> None:
    """A tarball with one folder at its top becomes `into`, at once or not at all."""
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="unpack-") as folder:
        with tarfile.open(tarball) as tar:
            tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # since 3.11.4
        (top,) = Path(folder).iterdir()
        shutil.rmtree(into, ignore_errors=True)
        top.rename(into)


def cmsis_dsp(say: Callable[[str], None] = lambda _: None) -> Source:
    """CMSIS_DSP_DIR; a west workspace; the pinned sdist.  Raises FirmwareError where none answers."""
    given = os.environ.get("CMSIS_DSP_DIR")
    if given:
        if not is_cmsis_dsp(Path(given)):
            raise FirmwareError(f"CMSIS_DSP_DIR={given} has no Include/arm_math.h")
        return Source(Path(given).resolve(), "CMSIS_DSP_DIR")
    for top in workspaces():
        if is_cmsis_dsp(top / "modules" / "lib" / "cmsis-dsp"):
            return Source(top / "modules" / "lib" / "cmsis-dsp", "west workspace")
    kept = build_dir() / "sources" / "cmsis-dsp"
    if not is_cmsis_dsp(kept):
        say(f"fetching {CMSIS_DSP}")
        download_cmsis_dsp(kept)
    return Source(kept, f"sdist {CMSIS_DSP}")


def is_cmsis_dsp(folder: Path) -> bool:
    return (folder / "Include" / "arm_math.h").is_file()


def download_cmsis_dsp(into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="pip-") as folder:
        # pip insists on the package's metadata, for which it fetches its build requirements as wheels:
        # so this package alone is asked for as source
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "--no-binary",
                CMSIS_DSP.split("=")[0],
                "-d",
                folder,
                CMSIS_DSP,
            ],
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        tarball = next(Path(folder).glob("*.tar.gz"), None)
        if tarball is None:
            raise FirmwareError(
                f"pip cannot download {CMSIS_DSP}: no network? Set CMSIS_DSP_DIR to a copy of CMSIS-DSP"
            )
        if hashlib.sha256(tarball.read_bytes()).hexdigest() != CMSIS_DSP_SHA256:
            raise FirmwareError(f"{tarball.name} is not the file that was pinned: its SHA-256 differs")
        unpack(tarball, into)
