# SPDX-License-Identifier: MIT
"""A board that lives in this process: its code is run here, its files are in a folder."""

import io
import sys
import types
from contextlib import redirect_stdout

import pytest
from liquid_audio_nets.link import LinkError, RemoteError
from liquid_audio_nets.native import LNN


@pytest.fixture
def firmware(monkeypatch) -> types.ModuleType:
    """The module liquid_audio, made of the host's C core."""
    module = types.ModuleType("liquid_audio")
    module.LNN = LNN
    monkeypatch.setitem(sys.modules, "liquid_audio", module)
    return module


class LocalBoard:
    """A Link that runs the board's code here.  cut_after: exec calls until the connection is lost."""

    port = "local"

    def __init__(self, cut_after: int | None = None, run_the_last: bool = False):
        self.names, self.calls, self.cut_after, self.run_the_last = {}, 0, cut_after, run_the_last

    def exec(self, code: str) -> str:
        self.calls += 1
        cut = self.cut_after is not None and self.calls > self.cut_after
        if cut and not (self.run_the_last and self.calls == self.cut_after + 1):
            raise LinkError("the connection to local was lost")
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                exec(code, self.names)
        except Exception as error:
            raise RemoteError(f"Traceback\n{type(error).__name__}: {error}") from None
        if cut:
            raise LinkError("the connection to local was lost")
        return printed.getvalue()

    def close(self) -> None:
        pass
