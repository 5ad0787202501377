# SPDX-License-Identifier: MIT
"""What can go wrong between host and board; every message is one sentence for the user."""

from ..errors import Exit, LiquidError


class LinkError(LiquidError):
    """There is no board, it does not answer, or the connection was lost."""

    exit_code = Exit.NO_DEVICE


class BoardError(LinkError):
    """The board cannot do what was asked, for example because it has no liquid_audio module, no room, or a read-only file
    system."""


class VerificationError(LinkError):
    """The file that arrived on the board differs from the one that was sent, or the board cannot open it."""

    exit_code = Exit.VERIFICATION


class RemoteError(LinkError):
    """Code on the board raised an exception.  traceback: the board's own text."""

    def __init__(self, traceback: str):
        self.traceback = traceback.strip()
        super().__init__(f"the board says: {self.last_line}")

    @property
    def last_line(self) -> str:
        """The exception itself, such as "OSError: [Errno 2] ENOENT"; "nothing" if the board said nothing."""
        return self.traceback.splitlines()[-1] if self.traceback else "nothing"
