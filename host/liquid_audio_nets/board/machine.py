# SPDX-License-Identifier: MIT
"""Virtual boards: QEMU in the background, with a serial port that mpremote opens like any board's."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
import tty
from pathlib import Path
from typing import Any

from .errors import MachineError
from .firmware import need
from .places import Board

QEMU = "qemu-system-arm"
# An instruction takes 32 ns, so that the board's 25 MHz timer counts instructions (1.25 per tick). Time that the
# board sleeps takes none of the host's time.
CLOCK = "shift=5,sleep=off"
# Zephyr wakes every millisecond at the prompt: unless its sleep takes the host's time, an idle board is a busy host.
# The price: a host that is late wakes the board late. A board.toml may say `icount` itself.
ZEPHYR_CLOCK = "shift=5"
START_TIMEOUT_S, STOP_TIMEOUT_S = 30.0, 5.0
PROMPT = b">>> "


def start(board: Board, audio: Path | None = None) -> str:
    """Starts the board, or finds it running with this firmware; returns its serial port.

    audio: the 16-bit mono wav that `liquid_audio.Mic()` hears.  None: a board that starts hears nothing, and one that
    is running goes on hearing what it does.  The files on the board's disk are those of its last run.
    Raises MachineError, FirmwareError.
    """
    plain_c = f"{board.name} runs C without MicroPython, so it has no prompt"
    if not board.is_virtual and not board.has_prompt:
        raise MachineError(f"{plain_c}: make bench, in a checkout of the project, runs it and counts its instructions")
    if not board.is_virtual:
        raise MachineError(f"{board.name} is not a virtual board: plug it in and use its port")
    if not board.firmware.is_file():
        raise MachineError(f"{board.name} has no firmware yet: liquid-board build {board.name}")
    if not board.has_prompt:
        raise MachineError(f"{plain_c}: {' '.join(emulator(board))} -nographic -kernel {board.firmware}")
    need(emulator(board)[0])
    port = running(board)
    if port is None:
        microphone(board).unlink(missing_ok=True)
    elif (board.run_dir / "state.json").stat().st_mtime >= board.firmware.stat().st_mtime:
        set_audio(board, audio)
        return port
    stop(board)
    board.run_dir.mkdir(parents=True, exist_ok=True)
    set_audio(board, audio)
    return launch(board)


def launch(board: Board) -> str:
    """Starts QEMU with both ends of the port, so that the board runs even if nobody is connected; returns the port."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = os.ttyname(theirs)
    # The mux gives the port a buffer, which makes uploads three times faster. 256 is no byte, so nothing escapes to it.
    clock = board.about["qemu"].get("icount", ZEPHYR_CLOCK if board.is_zephyr else CLOCK)
    command = emulator(board) + f"-display none -monitor none -icount {clock} -add-fd fd={ours},set=1".split()
    command += "-chardev serial,path=/dev/fdset/1,id=port,mux=on -serial chardev:port -echr 256".split()
    command += ["-semihosting-config", f"enable=on,target=native,arg=firmware,arg={comma(microphone(board))}"]
    command += ["-kernel", str(board.firmware)]
    with (board.run_dir / "qemu.log").open("w") as log:
        process = subprocess.Popen(
            command,
            pass_fds=(ours, theirs),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    os.close(ours)
    try:
        wait_for_prompt(board, process, theirs)
    finally:
        os.close(theirs)
    state = {"pid": process.pid, "port": port, "born": born(process.pid)}
    (board.run_dir / "state.json").write_text(json.dumps(state))
    return port


def emulator(board: Board) -> list[str]:
    """The program that plays the board, and what makes it this board."""
    about = board.about["qemu"]
    return [about.get("program", QEMU), "-M", about["machine"], *about.get("options", [])]


def wait_for_prompt(board: Board, process: subprocess.Popen[bytes], port: int) -> None:
    """Reads the board's greeting from its port.  Raises MachineError if QEMU ends or nothing comes."""
    greeting, deadline = b"", time.monotonic() + START_TIMEOUT_S
    while PROMPT not in greeting:
        if select.select([port], [], [], 0.1)[0]:
            greeting += os.read(port, 1024)
        elif process.poll() is not None:
            reason = (board.run_dir / "qemu.log").read_text().strip().splitlines()
            raise MachineError(f"{board.name} does not start: {reason[-1] if reason else 'qemu ended'}")
        elif time.monotonic() > deadline:
            process.kill()
            raise MachineError(f"{board.name} does not start: no prompt after {START_TIMEOUT_S:.0f} s")


def comma(path: Path) -> str:
    """A path inside one of QEMU's options, where a comma is written twice."""
    return str(path).replace(",", ",,")


def microphone(board: Board) -> Path:
    """The link to the wav that the board hears; the board's disk, `disk.img`, lies beside it."""
    return board.run_dir / "microphone.wav"


def set_audio(board: Board, audio: Path | None) -> None:
    """Sets the wav that Mic() hears when it is opened next; None leaves it as it is."""
    if audio is not None:
        link = microphone(board)
        link.unlink(missing_ok=True)
        link.symlink_to(audio.resolve())


def born(pid: int) -> str | None:
    """The start time of a process, which tells it from a later one with the same number; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def state(board: Board) -> dict[str, Any] | None:
    """The process number, start time and port of a running board; None if it is not running."""
    try:
        found: dict[str, Any] = json.loads((board.run_dir / "state.json").read_text())
    except (OSError, ValueError):
        return None
    return found if born(found["pid"]) == found["born"] is not None else None


def running(board: Board) -> str | None:
    """The serial port of a running board; None if it is not running."""
    found = state(board)
    return found["port"] if found else None


def stop(board: Board) -> bool:
    """Stops the board; False if it was not running.  Raises MachineError if QEMU does not end."""
    found = state(board)
    (board.run_dir / "state.json").unlink(missing_ok=True)
    if found is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.kill(found["pid"], number)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if born(found["pid"]) != found["born"] or reaped(found["pid"]):
                return True
            time.sleep(0.02)
    raise MachineError(f"{board.name} does not stop (process {found['pid']})")


def reaped(pid: int) -> bool:
    """Collects a child of ours that has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False
