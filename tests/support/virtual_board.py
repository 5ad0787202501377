# SPDX-License-Identifier: MIT
"""A virtual board under test, spoken to as users do."""

import os
import pathlib
import subprocess
import sys

from liquid_audio_nets import board as boards
from liquid_audio_nets import link

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "device/models/keywords.lnn"


def liquid_board(*words, cwd=ROOT, **environment) -> subprocess.CompletedProcess:
    """liquid-board in a process of its own."""
    command = [sys.executable, "-m", "liquid_audio_nets.cli.board", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=os.environ | environment)


class Machine:
    """A running virtual board: mpremote() from a shell, exec() through Link."""

    def __init__(self, board):
        self.board, self._link, self.port = board, None, None

    def start(self, audio=None):
        self.port = boards.start(self.board, audio)
        return self

    def stop(self):
        self.release()
        boards.stop(self.board)

    def release(self):
        if self._link:
            self._link.close()
            self._link = None

    def link(self):
        """The link, opened again where it was released; a busy host may need a second try."""
        for last_try in (False, True):
            try:
                self._link = self._link or link.open_link(self.port)
                return self._link
            except link.LinkError:
                if last_try:
                    raise

    def exec(self, code: str) -> str:
        """Python on the board -> what it printed; RemoteError where it raises."""
        return self.link().exec(code)

    def send(self, data: bytes, path: str = "/models/keywords.lnn") -> None:
        link.upload(self.link(), data, path)

    def mpremote(self, *words, timeout_s=180, check=True) -> str:
        self.release()
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", self.port, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
