# SPDX-License-Identifier: MIT
"""What a step costs on a board, stage by stage, measured by the board's own counters."""

from __future__ import annotations

import ast

import numpy as np

from ..link import Board, send

CHUNK_BYTES = 3072  # of audio per call of the board
SCRIPT = """
import liquid_audio
_sound = bytearray({n_bytes})
def _stages(path):
    net = liquid_audio.LNN.load(path)
    for at in range(0, len(_sound) - 639, 640):
        net.process(memoryview(_sound)[at:at + 640])
    c = net.counters()
    n = max(c['steps'], 1)
    print({{'frontend': c['frontend_time'] // max(c['frontend_runs'], 1), 'traces': c.get('trace_time', 0) // n,
           'cells': c['cell_time'] // n, 'readout': c['readout_time'] // n, 'steps': c['steps']}})
"""


def send_sound(board: Board, sound: np.ndarray) -> None:
    """Sends the sound that stages() plays.  sound: int16 (n,) at the model's rate."""
    data = sound.astype("<i2").tobytes()
    board.exec(SCRIPT.format(n_bytes=len(data)))
    send(board, data, "_sound[{at}:{end}] = {piece}", CHUNK_BYTES)


def stages(board: Board, path: str) -> dict[str, int]:
    """Mean cost of a step on the sound that was sent: {"frontend", "traces", "cells", "readout"} in ticks of the board's
    clock, which counts instructions on virtual boards and cycles on others.  "traces" is missing if the model has none.

    path: of a model on the board.  Empty if the sound causes no step."""
    found: dict[str, int] = ast.literal_eval(board.exec(f"_stages({path!r})").strip())
    if not found.pop("steps"):
        return {}
    return {stage: cost for stage, cost in found.items() if cost or stage != "traces"}
