# SPDX-License-Identifier: MIT
"""Finding a board's port and opening a link to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from serial.tools import list_ports

from .errors import LinkError

TRANSPORTS = ("mpremote", "ampy")


class Board(Protocol):
    """Anything that runs Python code on a board."""

    def exec(self, code: str) -> str:
        """Runs MicroPython code to its end and returns what it printed.

        Names stay defined for the next call.  Raises RemoteError for an exception on the board, LinkError if the board
        does not answer or the connection is lost."""


class Link(Board, Protocol):
    """All that a transport must offer."""

    port: str

    def close(self) -> None:
        """Gives the port back.  The board returns to its friendly prompt."""


def find_port(device: str = "auto", virtual: Sequence[str] = ()) -> str:
    """The port of the board to use: `device` itself, or for "auto" the only one there is.

    virtual: ports of running virtual boards, which no list of serial ports shows.
    Raises LinkError if there is no board, or if there are several."""
    if device != "auto":
        return device
    usb: list[str] = [port.device for port in list_ports.comports() if port.vid is not None]
    found = [*sorted(usb), *virtual]
    if not found:
        raise LinkError(
            "no board found: plug one in, start a virtual one with liquid-board start, or name the port with --device"
        )
    if len(found) > 1:
        raise LinkError(f"several boards found ({', '.join(found)}): choose one with --device")
    return found[0]


def usb_ports(ids: Sequence[str]) -> list[str]:
    """Ports of the USB devices with these ids, such as "0483:374b" (vendor and product in hexadecimal), in order."""
    wanted = {tuple(int(part, 16) for part in each.split(":")) for each in ids}
    return sorted(port.device for port in list_ports.comports() if (port.vid, port.pid) in wanted)


def open_link(device: str = "auto", transport: str = "mpremote", virtual: Sequence[str] = ()) -> Link:
    """A link to the board that find_port(device, virtual) finds.  transport: one of TRANSPORTS.

    Raises LinkError if no board answers there, ValueError for another transport."""
    if transport not in TRANSPORTS:
        raise ValueError(f"no transport {transport!r}; choose one of {', '.join(TRANSPORTS)}")
    port = find_port(device, virtual)
    if transport == "ampy":
        from .ampy_link import AmpyLink

        return AmpyLink(port)
    from .mpremote_link import MpremoteLink

    return MpremoteLink(port)
