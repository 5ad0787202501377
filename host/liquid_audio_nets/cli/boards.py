# SPDX-License-Identifier: MIT
"""Which board a command talks to: a serial port, or for "auto" the only board that is plugged in or running."""

from __future__ import annotations

from .. import board, link


def connect(device: str, transport: str = "mpremote") -> link.Link:
    """A link to the board.  Raises LinkError if there is none that answers, or several for "auto"."""
    return link.open_link(device, transport, virtual_ports() if device == "auto" else ())


def virtual_ports() -> list[str]:
    """Serial ports of the virtual boards that are running."""
    try:
        boards = board.all_boards()
    except board.FirmwareError:  # no board folders here, so none of them runs
        return []
    ports = [board.running(each) for each in boards if each.is_virtual]
    return [port for port in ports if port is not None]
