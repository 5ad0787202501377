# SPDX-License-Identifier: MIT
"""Which board a user means: a serial port, a board of boards/ by its name, or "auto" for the only one there is."""

from __future__ import annotations

import re

from . import board, link

PORT = re.compile(r"/|COM\d|[a-z0-9]+://")
"""How the name of a serial port begins."""


def connect(device: str, transport: str = "mpremote") -> link.Link:
    """A link to the board.  transport: one of link.ports.TRANSPORTS.

    device: a port; the name of a virtual board, such as qemu_m4f, which is started unless it runs; the name of a real
    board, such as nucleo-f446re, which is found by its USB ids (`usb` in board.toml); or "auto".
    Raises LinkError if there is no such board, none that answers, or several; MachineError or FirmwareError if a virtual
    board does not start."""
    return link.open_link(port_of(device), transport, virtual_ports() if device == "auto" else ())


def port_of(device: str) -> str:
    """The port of a board; "auto" stays as it is.  Raises what connect() raises."""
    if device == "auto" or PORT.match(device):
        return device
    found = named(device)
    if found is None:
        names = ", ".join(known_names()) or "none here"
        raise link.LinkError(
            f"no board {device!r}: name a serial port such as /dev/ttyACM0, auto for the only board plugged in, or one of "
            f"{names}"
        )
    if found.is_virtual:
        if found.has_prompt and not found.firmware.is_file():
            board.build(found)
        return board.start(found)
    ids = found.about.get("usb", [])
    ports = link.usb_ports(ids)
    if not ports:
        looked = f"no USB device {' or '.join(ids)}" if ids else "its board.toml names no USB ids"
        raise link.LinkError(f"{found.name} is not plugged in ({looked}): connect it by USB, or name its serial port")
    if len(ports) > 1:
        raise link.LinkError(f"several ports may be {found.name} ({', '.join(ports)}): name one of them as the device")
    return ports[0]


def named(device: str) -> board.Board | None:
    """The board with this name, in which - and _ are the same; None if there is none."""
    try:
        return board.find_board(device.lower().replace("-", "_"))
    except board.FirmwareError:
        return None


def known_names() -> list[str]:
    """Boards that a program can talk to: those with a prompt."""
    try:
        return [each.name for each in board.all_boards() if each.has_prompt]
    except board.FirmwareError:  # no board folders here
        return []


def virtual_ports() -> list[str]:
    """Serial ports of the virtual boards that are running."""
    try:
        boards = board.all_boards()
    except board.FirmwareError:  # no board folders here, so none of them runs
        return []
    ports = [board.running(each) for each in boards if each.is_virtual]
    return [port for port in ports if port is not None]
