"""The same clips on a board and on the host: same labels, how near the scores, what a second costs there.

The board is any object with exec(code) -> printed text, such as a link of liquid_audio_nets.link.
"""

from __future__ import annotations

import ast
import binascii
from dataclasses import dataclass
from typing import Callable, Protocol

import numpy as np

from ..audio.dataset import Clip, Dataset
from ..native import LNN, run_clip

CHUNK_BYTES = 3072
PROLOGUE = """
import liquid_audio, binascii
_audio = bytearray({most_bytes})
_net = liquid_audio.LNN.load({path!r})
_idle = {idle}
def _put(at, text):
    piece = binascii.a2b_base64(text)
    _audio[at:at + len(piece)] = piece
def _run(n_bytes, tick_bytes):
    view, steps, label, scores = memoryview(_audio), 0, _idle, None
    _net.reset()
    _net.counters(True)
    for at in range(0, n_bytes, tick_bytes):
        r = _net.process(view[at:min(at + tick_bytes, n_bytes)])
        if r.steps != steps:
            steps, scores = r.steps, r.scores
            label = max(range(len(scores)), key=lambda i: scores[i])
    c = _net.counters()
    work = sum(c[k] for k in ('gate_time', 'frontend_time', 'cell_time', 'readout_time'))
    print((label, steps, scores, work, getattr(liquid_audio, 'CLOCK', 'cycles')))
"""


class Board(Protocol):
    """What runs Python code on a board."""

    def exec(self, code: str) -> str: ...


@dataclass
class Comparison:
    """same_label, right_here, right_there: clips.  work: in `unit`, for `seconds` of audio."""

    clips: int = 0
    same_label: int = 0
    same_steps: int = 0
    right_here: int = 0
    right_there: int = 0
    largest_difference: float = 0.0
    seconds: float = 0.0
    work: int = 0
    unit: str = ""

    def as_json(self) -> dict:
        rates = {"accuracy_host": self.right_here / self.clips, "accuracy_device": self.right_there / self.clips}
        return vars(self) | rates | {"work_per_second": self.work / self.seconds if self.seconds else 0.0}


def spread(dataset: Dataset, clips: int) -> Dataset:
    """At most so many clips, evenly over the dataset's labels, always the same ones."""
    by_label: dict[str, list[Clip]] = {}
    for clip in dataset.clips:
        by_label.setdefault(clip.label, []).append(clip)
    share = -(-clips // max(len(by_label), 1))
    rng, chosen = np.random.default_rng(0), []
    for found in by_label.values():
        chosen += [found[i] for i in rng.permutation(len(found))[:share]]
    order = {id(clip): i for i, clip in enumerate(dataset.clips)}
    picked = sorted(rng.permutation(len(chosen))[:clips].tolist())
    return Dataset(dataset.root, dataset.labels, sorted((chosen[i] for i in picked), key=lambda c: order[id(c)]))


def compare(
    board: Board,
    path: str,
    model: bytes,
    dataset: Dataset,
    progress: Callable[[], None] = lambda: None,
    most_seconds: float = 1.0,
) -> Comparison:
    """Runs every clip here and there; longer clips are cut.  path: where the model already is on the board."""
    result = Comparison()
    with LNN(model) as lnn:
        most, idle = int(most_seconds * lnn.sample_rate), lnn.info["idle_label"]
        idle = idle if idle < len(lnn.labels) else 0
        board.exec(PROLOGUE.format(most_bytes=2 * most, path=path, idle=idle))
        for clip, samples in dataset.read():
            here = run_clip(lnn, samples[:most])
            label, steps, scores, work, unit = _run_there(board, samples[:most], lnn.tick_samples)
            true = lnn.labels.index(clip.label)
            result.clips += 1
            result.same_label += label == here.label
            result.same_steps += steps == here.steps
            result.right_here += here.label == true
            result.right_there += label == true
            result.seconds += len(samples[:most]) / lnn.sample_rate
            result.work, result.unit = result.work + work, unit
            if scores is not None and here.scores is not None:
                difference = float(np.abs(np.array(scores) - here.scores).max())
                result.largest_difference = max(result.largest_difference, difference)
            progress()
    return result


def _run_there(board: Board, samples: np.ndarray, tick_samples: int) -> tuple:
    data = samples.astype("<i2").tobytes()
    for at in range(0, len(data), CHUNK_BYTES):
        encoded = binascii.b2a_base64(data[at : at + CHUNK_BYTES], newline=False).decode()
        board.exec(f"_put({at}, '{encoded}')")
    return ast.literal_eval(board.exec(f"_run({len(data)}, {2 * tick_samples})").strip())
