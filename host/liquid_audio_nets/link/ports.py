"""Finding a board's port and opening a link to it."""

from __future__ import annotations

from typing import Protocol

from serial.tools import list_ports

from .errors import LinkError


class Link(Protocol):
    """All that a transport must offer."""

    port: str

    def exec(self, code: str) -> str:
        """Runs MicroPython code to its end and returns what it printed.

        Names stay defined for the next call.  Raises RemoteError for an exception on the board,
        LinkError where the board does not answer or the connection is lost."""

    def close(self) -> None: ...


def find_port(device: str = "auto") -> str:
    """`device` itself, or for "auto" the one port with a USB board.  Raises LinkError for none or several."""
    if device != "auto":
        return device
    found = sorted(port.device for port in list_ports.comports() if port.vid is not None)
    if not found:
        raise LinkError("no board found: plug one in, or name its port with --device")
    if len(found) > 1:
        raise LinkError(f"several boards found ({', '.join(found)}): choose one with --device")
    return found[0]


def open_link(device: str = "auto", transport: str = "mpremote") -> Link:
    """transport: "mpremote" or "ampy".  Raises LinkError where there is no board that answers."""
    port = find_port(device)
    if transport == "mpremote":
        from .mpremote_link import MpremoteLink

        return MpremoteLink(port)
    if transport == "ampy":
        from .ampy_link import AmpyLink

        return AmpyLink(port)
    raise ValueError(f"no transport {transport!r}; there are mpremote and ampy")
