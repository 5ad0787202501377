# SPDX-License-Identifier: MIT
"""Builds MicroPython with the liquid_audio module on Zephyr, with west, in a workspace that is there."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .errors import FirmwareError
from .places import Board, project_dir
from .sources import micropython_version, monocypher, workspaces
from .trust import Trust

OLDEST_ZEPHYR, NEWEST_ZEPHYR = (4, 1), (4, 4)
DEAF_ZEPHYRS = (4, 2), (4, 3)
"""Of Arm's MPS machines: uart_cmsdk_apb.c calls an interrupt pending whenever the transmitter is empty (4.3.0 was run)."""
OLDEST_MICROPYTHON = (1, 29)
"""The first whose Zephyr port takes user modules."""
SETUP = (
    "west init -l --mf cmodule/zephyr/west.yml . in the project, west update in the folder around it, "
    "or ZEPHYR_BASE set to a workspace's zephyr"
)
ARM = "arm-none-eabi"
VERIFIER = "PUBLIC_KEY_FILE", "MINIMUM_MODEL_VERSION", "MONOCYPHER_DIR"


@dataclasses.dataclass(frozen=True)
class Workspace:
    """top: folder of the workspace; zephyr: its Zephyr; micropython: the Zephyr port of MicroPython; west: the program."""

    top: Path
    zephyr: Path
    micropython: Path
    west: str


def workspace() -> Workspace:
    """The west workspace.  Raises FirmwareError, with a remedy, if there is none or if its Zephyr has another version."""
    base = os.environ.get("ZEPHYR_BASE")
    if base and not ((Path(base) / "VERSION").is_file() and (Path(base).resolve().parent / ".west").is_dir()):
        raise FirmwareError(f"ZEPHYR_BASE={base} is not the zephyr of a west workspace: set it to one, or not at all")
    found = next((top for top in workspaces() if (top / "zephyr" / "VERSION").is_file()), None)
    if found is None:
        raise FirmwareError(f"no west workspace with Zephyr: {SETUP}")
    zephyr = found / "zephyr"
    version = zephyr_version(zephyr)
    if not OLDEST_ZEPHYR <= version <= NEWEST_ZEPHYR:
        raise FirmwareError(
            f"{zephyr} is Zephyr {dotted(version)}: {dotted(OLDEST_ZEPHYR)} to {dotted(NEWEST_ZEPHYR)} "
            "will do, west update fetches the pinned one"
        )
    return Workspace(found, zephyr, port_of(found), west_of(found))


def dotted(version: tuple[int, int]) -> str:
    """(4, 1) -> "4.1"."""
    return ".".join(map(str, version))


def zephyr_version(zephyr: Path) -> tuple[int, int]:
    """Major and minor version of a Zephyr tree."""
    text = (zephyr / "VERSION").read_text()
    numbers = dict(re.findall(r"VERSION_(MAJOR|MINOR)\s*=\s*(\d+)", text))
    return int(numbers.get("MAJOR", 0)), int(numbers.get("MINOR", 0))


def port_of(top: Path) -> Path:
    """The Zephyr port of MicroPython that belongs to a workspace.  Raises FirmwareError if it is missing or too old."""
    given = os.environ.get("MICROPY_DIR")
    places = [Path(given)] if given else [top / "micropython", top / "modules" / "lib" / "micropython"]
    folder = next((p for p in places if (p / "ports" / "zephyr" / "CMakeLists.txt").is_file()), None)
    if folder is None:
        raise FirmwareError(f"no MicroPython in {places[0]}: west update fetches it, MICROPY_DIR names another")
    version = micropython_version(folder)
    if version is None or version < OLDEST_MICROPYTHON:
        raise FirmwareError(
            f"{folder} is MicroPython {dotted(version or (0, 0))}: its Zephyr port takes user modules "
            f"from {dotted(OLDEST_MICROPYTHON)} on"
        )
    if not (folder / "lib" / "micropython-lib" / "README.md").is_file():
        raise FirmwareError(
            f"{folder}/lib/micropython-lib is empty: git submodule update --init lib/micropython-lib there"
        )
    return folder / "ports" / "zephyr"


def west_of(top: Path) -> str:
    """The west program of a workspace, else the one on the PATH.  Raises FirmwareError if there is none."""
    own = top / ".venv" / "bin" / "west"
    found = str(own) if own.is_file() else shutil.which("west")
    if found is None:
        raise FirmwareError(
            "west is missing: pip install west -r zephyr/scripts/requirements-base.txt in the workspace"
        )
    return found


def environment(board: Board) -> dict[str, str]:
    """Environment of a build: Zephyr's SDK or the caller's own toolchain if one is set up, else Debian's compiler.

    Raises FirmwareError if there is no compiler."""
    # objects that one build folder or checkout compiled serve the others
    env = dict(os.environ) | {"CCACHE_BASEDIR": str(project_dir()), "CCACHE_NOHASHDIR": "1"}
    prefix = board.about["zephyr"].get("toolchain", ARM)
    own_arm = prefix == ARM and {"ZEPHYR_TOOLCHAIN_VARIANT", "GNUARMEMB_TOOLCHAIN_PATH"} <= env.keys()
    if own_arm or env.get("ZEPHYR_SDK_INSTALL_DIR") or env.get("ZEPHYR_TOOLCHAIN_VARIANT", "gnuarmemb") != "gnuarmemb":
        return env
    compiler = shutil.which(f"{prefix}-gcc")
    if compiler is None:
        raise FirmwareError(
            f"no toolchain: sudo apt-get install gcc-{prefix}, or install Zephyr's SDK and set ZEPHYR_SDK_INSTALL_DIR"
        )
    if prefix == ARM:
        return env | {
            "ZEPHYR_TOOLCHAIN_VARIANT": "gnuarmemb",
            "GNUARMEMB_TOOLCHAIN_PATH": str(Path(compiler).parent.parent),
        }
    return env | {"ZEPHYR_TOOLCHAIN_VARIANT": "cross-compile", "CROSS_COMPILE": compiler.removesuffix("gcc")}


def settings(board: Board, model: Path | None = None, trust: Trust | None = None) -> list[str]:
    """CMake's, beyond what the board's snippet says.  model: an .lnn file to bake into flash.  trust: whose models it takes."""
    found = list(board.about["zephyr"].get("settings", []))
    flags, env = board.about["zephyr"].get("libgcc"), environment(board)
    if flags and env.get("ZEPHYR_TOOLCHAIN_VARIANT") == "cross-compile" and "CROSS_COMPILE" in env:
        # Debian's compiler takes its 64-bit libgcc for an architecture that names zicsr, as Zephyr does
        named = subprocess.run(
            [env["CROSS_COMPILE"] + "gcc", *flags, "-print-libgcc-file-name"],
            text=True,
            capture_output=True,
            check=True,
        )
        found.append(f"-DEXTRA_LDFLAGS=-L{Path(named.stdout.strip()).parent}")
    baked = "CONFIG_LIQUID_AUDIO_MODEL_FILE"
    if model is None:
        found.append(f"-U*{baked}")  # CMake remembers the model of the last build, also as CLI_CONFIG...
    else:
        path = model.resolve()
        # relative where it can be, so that checkouts share what ccache knows
        found.append(f'-D{baked}="{path.relative_to(project_dir()) if path.is_relative_to(project_dir()) else path}"')
    if trust is None:
        found += [f"-U*CONFIG_LIQUID_AUDIO_{name}" for name in VERIFIER]
    else:
        values = f'"{trust.public_key.resolve()}"', trust.minimum_version, f'"{monocypher().folder}"'
        found += [f"-DCONFIG_LIQUID_AUDIO_{name}={value}" for name, value in zip(VERIFIER, values, strict=True)]
    return found


def check_modules(board: Board, place: Workspace) -> None:
    """Raises FirmwareError where the workspace lacks a module that the board needs."""
    for name in ["cmsis-dsp", "picolibc", *board.about["zephyr"].get("modules", [])]:
        folder = name.removeprefix("hal_")
        if not any((place.top / "modules").glob(f"*/{folder}/zephyr/module.yml")):
            raise FirmwareError(f"{place.top} lacks Zephyr's module {name}: west update {name}")


def check_prompt(board: Board, place: Workspace) -> None:
    """Raises FirmwareError where MicroPython would build, but take no input."""
    version = zephyr_version(place.zephyr)
    if (
        board.about.get("qemu", {}).get("machine", "").startswith("mps")
        and DEAF_ZEPHYRS[0] <= version <= DEAF_ZEPHYRS[1]
    ):
        raise FirmwareError(
            f"on {board.name} Zephyr {dotted(version)}'s serial driver (uart_cmsdk_apb.c) never returns from the "
            "first key, so MicroPython would take no input: build it with Zephyr 4.1, or another board"
        )


def build(
    board: Board, say: Callable[[str], None] = lambda _: None, model: Path | None = None, trust: Trust | None = None
) -> Path:
    """Builds what is out of date; returns the ELF file.

    say: told, in a few words, before something slow.  model: an .lnn file to bake into flash.  trust: whose models it takes.
    Raises FirmwareError; the log is in the build folder.
    """
    place = workspace()
    check_modules(board, place)
    check_prompt(board, place)
    env = environment(board)
    for tool in ("cmake", "ninja", "dtc"):
        if shutil.which(tool) is None:
            raise FirmwareError(f"{tool} is missing: sudo apt-get install cmake ninja-build device-tree-compiler")
    if not board.firmware.is_file():
        say(f"building the firmware of {board.name} with Zephyr {dotted(zephyr_version(place.zephyr))}")
    log = build_in(board.build, command(board, place, model, trust), place, env)
    if log is not None:
        raise FirmwareError(f"the firmware of {board.name} does not build: {reason(log, model)} (all in {log})")
    return board.firmware


TOOLCHAIN = ("ZEPHYR_TOOLCHAIN_VARIANT", "GNUARMEMB_TOOLCHAIN_PATH", "CROSS_COMPILE", "ZEPHYR_SDK_INSTALL_DIR")


def build_in(folder: Path, words: list[str], place: Workspace, env: dict[str, str]) -> Path | None:
    """Runs west; returns None, or the log of a build that failed.

    CMake keeps what it once found, also if the configuration then failed. So the folder is emptied for another toolchain
    or workspace, and a configuration that fails in a folder with an older one is tried again in an empty folder.
    """
    log, mark = folder / "build.log", folder / "made_with"
    made_with = "\n".join([str(place.zephyr), *(f"{name}={env.get(name, '')}" for name in TOOLCHAIN)])
    if not mark.is_file() or mark.read_text() != made_with:
        empty(folder)
        mark.write_text(made_with)
    was_configured = (folder / "CMakeCache.txt").is_file()
    with log.open("w") as out:
        done = subprocess.run(
            words, cwd=place.top, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    if done.returncode != 0 and was_configured and INCOMPLETE in log.read_text(errors="replace"):
        empty(folder)
        return build_in(folder, words, place, env)
    return log if done.returncode != 0 else None


def empty(folder: Path) -> None:
    """Makes the folder, without anything in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def command(board: Board, place: Workspace, model: Path | None, trust: Trust | None = None) -> list[str]:
    """What an engineer types in the workspace, with absolute paths."""
    module, about = project_dir(), board.about["zephyr"]
    application = about.get("application")
    source = module / "cmodule" / "zephyr" / application if application else place.micropython
    snippets = ["liquid-audio"] if application else ["liquid-audio", "liquid-audio-micropython"]
    return [
        place.west,
        "build",
        "-p",
        "auto",
        "-b",
        about["board"],
        *(word for snippet in snippets for word in ("-S", snippet)),
        "-d",
        str(board.build),
        str(source),
        "--",
        f"-DEXTRA_ZEPHYR_MODULES={module}",
        *settings(board, model, trust),
    ]


INCOMPLETE = "Configuring incomplete"
KCONFIG_ABORTS = "error: Aborting due to Kconfig warnings"


def reason(log: Path, model: Path | None = None) -> str:
    """Why a build failed, from its log."""
    text = log.read_text(errors="replace")
    overflow = re.search(r"region [`'](\w+)' overflowed by (\d+) bytes", text)
    if overflow and model is not None and overflow[1] != "RAM":  # a model is in flash
        size = model.stat().st_size
        return f"{model} has {size} bytes, {overflow[1]} has room for {max(size - int(overflow[2]), 0)}"
    if overflow:
        return f"{overflow[2]} bytes too many for {overflow[1]}: CONFIG_MICROPY_HEAP_SIZE, or a smaller model"
    lines = text.splitlines()
    at = next((i for i, line in enumerate(lines) if re.search(r"\berror:|CMake Error|undefined reference", line)), -1)
    if at >= 0 and lines[at].startswith("CMake Error"):
        message = " ".join(line.strip() for line in lines[at + 1 : at + 4] if line.strip())
        if not message.startswith("command failed"):
            return message
        at = last_said(lines, at)  # a program that CMake ran gave the reason before
    elif at >= 0 and lines[at] == KCONFIG_ABORTS:
        at = last_said(lines, at, but="was assigned the value")  # which Kconfig prints, but accepts
    return lines[at].strip() if lines else "no output"


def last_said(lines: list[str], at: int, but: str = "\n") -> int:
    """The last line before this one that is not empty and does not hold the words `but`."""
    return next((i for i in range(at - 1, -1, -1) if lines[i].strip() and but not in lines[i]), at)
