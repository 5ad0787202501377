"""What a step costs on a board, stage by stage, by the board's own counters."""

from __future__ import annotations

import ast
import binascii

import numpy as np

from .on_board import CHUNK_BYTES, Board

SCRIPT = """
import liquid_audio, binascii
_sound = bytearray({n_bytes})
def _put(at, text):
    piece = binascii.a2b_base64(text)
    _sound[at:at + len(piece)] = piece
def _stages(path):
    net = liquid_audio.LNN.load(path)
    for at in range(0, len(_sound) - 639, 640):
        net.process(memoryview(_sound)[at:at + 640])
    c = net.counters()
    n = max(c['steps'], 1)
    print({{'frontend': c['frontend_time'] // max(c['frontend_runs'], 1), 'cells': c['cell_time'] // n,
           'readout': c['readout_time'] // n, 'steps': c['steps']}})
"""


def send_sound(board: Board, sound: np.ndarray) -> None:
    """int16 (n,), for stages()."""
    data = sound.astype("<i2").tobytes()
    board.exec(SCRIPT.format(n_bytes=len(data)))
    for at in range(0, len(data), CHUNK_BYTES):
        encoded = binascii.b2a_base64(data[at : at + CHUNK_BYTES], newline=False).decode()
        board.exec(f"_put({at}, '{encoded}')")


def stages(board: Board, path: str) -> dict[str, int]:
    """Instructions (or the board's cycles) of a step on the sound that was sent: frontend, cells, readout.

    path: of a model on the board.  Empty where the sound causes no step."""
    found = ast.literal_eval(board.exec(f"_stages({path!r})").strip())
    return found if found.pop("steps") else {}
