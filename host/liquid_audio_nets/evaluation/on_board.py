# SPDX-License-Identifier: MIT
"""The same clips on a board and on the host: whether labels and scores agree, and what they cost on the board."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..audio.dataset import Clip, Dataset
from ..link import Board, send
from ..native import LNN, run_clip

CHUNK_BYTES = 3072
PROLOGUE = """
import liquid_audio
_audio = bytearray({most_bytes})
_net = liquid_audio.LNN.load({path!r})
_idle = {idle}
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
    work = sum(c[k] for k in c if k.endswith('_time'))
    print((label, steps, scores, work, getattr(liquid_audio, 'CLOCK', 'cycles')))
"""


@dataclass
class Comparison:
    """How many clips got the same label and as many steps, and how many labels were right on the host and on the board.

    largest_difference: of two scores.  work: of all clips together, `seconds` of audio; unit: "instructions" or
    "cycles"."""

    clips: int = 0
    same_label: int = 0
    same_steps: int = 0
    right_here: int = 0
    right_there: int = 0
    largest_difference: float = 0.0
    seconds: float = 0.0
    work: int = 0
    unit: str = ""

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json."""
        rates = {"accuracy_host": self.right_here / self.clips, "accuracy_device": self.right_there / self.clips}
        return vars(self) | rates | {"work_per_second": self.work / self.seconds if self.seconds else 0.0}


def spread(dataset: Dataset, clips: int) -> Dataset:
    """At most so many clips, spread evenly over the labels of the dataset; always the same ones."""
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
    """Runs every clip on the host and on the board.

    path: of the model on the board.  most_seconds: longer clips are cut.  Raises LinkError if the board is lost."""
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


def _run_there(board: Board, samples: np.ndarray, tick_samples: int) -> tuple[int, int, list[float] | None, int, str]:
    data = samples.astype("<i2").tobytes()
    send(board, data, "_audio[{at}:{end}] = {piece}", CHUNK_BYTES)
    found = ast.literal_eval(board.exec(f"_run({len(data)}, {2 * tick_samples})").strip())
    label, steps, scores, work, unit = found
    return label, steps, scores, work, unit
