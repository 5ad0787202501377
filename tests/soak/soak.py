# SPDX-License-Identifier: MIT
"""Seven days of a virtual board: `make soak`.

The board plays recordings through its microphone at the pace of its own clock; QEMU skips the time that the board sleeps, so
that a simulated day takes minutes. Every sample is computed, silence too. Meanwhile models are swapped, settings change at
the REPL, the microphone fails, and 32-bit counters wrap. A copy of the network on the host hears the same. It must find the
same events, bit for bit, and the heap must not grow.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Callable

from figures import Broken, Figures, report
from life import Soak
from liquid_audio_nets import board as boards
from liquid_audio_nets.errors import Exit
from virtual_board import Machine


def soak(folder: pathlib.Path, hours: float, seed: int, scene_s: float, say: Callable[[str], None]) -> Figures:
    """Raises Broken."""
    board = dataclasses.replace(boards.find_board("qemu_m4f"), running_in=folder)
    boards.build(board, say)
    machine = Machine(board).start()
    try:
        return Soak(machine, folder, seed, scene_s).run(hours * 3600, say)
    finally:
        machine.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=7.0, help="how long to simulate")
    parser.add_argument("--seed", type=int, default=1, help="of recordings and of what happens")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        try:
            figures = soak(
                pathlib.Path(folder), 24 * options.days, options.seed, 600, lambda text: print(text, flush=True)
            )
        except Broken as broken:
            print(f"broken: {broken}")
            return Exit.GATE
    print(report(figures))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
