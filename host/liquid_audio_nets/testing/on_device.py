# SPDX-License-Identifier: MIT
"""One clip on a board and on the host, step by step: the code that runs there, and its twin here."""

from __future__ import annotations

import ast
import hashlib
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluation.stages import CHUNK_BYTES
from ..link import Board, LinkError, RemoteError, send
from ..lnn.arrays import Array
from ..native import LNN

STAGES = ("gate", "frontend", "trace", "cell", "readout")
PROLOGUE = """
import hashlib, liquid_audio, time
from array import array
_audio = bytearray({most_bytes})
_net = liquid_audio.LNN.load({path!r})
_idle = {idle}
_us = getattr(time, 'ticks_us', None)
def _run(n_bytes, tick_bytes):
    view, steps, label, scores, spent = memoryview(_audio), 0, _idle, None, []
    digest = hashlib.sha256()
    _net.reset()
    _net.counters(True)
    for at in range(0, n_bytes, tick_bytes):
        begin = _us() if _us else 0
        r = _net.process(view[at:min(at + tick_bytes, n_bytes)])
        end = _us() if _us else 0
        if r.steps != steps:
            steps, scores = r.steps, r.scores
            label = max(range(len(scores)), key=lambda i: scores[i])
            digest.update(array('f', scores))
            if _us:
                spent.append(time.ticks_diff(end, begin))
    c = _net.counters()
    work = [c.get(stage + '_time', 0) for stage in {stages}]
    heard = [(e.label, e.sample) for e in _net.events()]
    print((label, steps, scores, digest.digest(), heard, work, getattr(liquid_audio, 'CLOCK', 'cycles'), spent))
def _listen(n_bytes, tick_bytes, tick_us, blocks):
    view, begin = memoryview(_audio), time.ticks_ms()
    for k in range(blocks):
        at = k * tick_bytes % n_bytes
        _net.process(view[at:at + tick_bytes])
        left = tick_us * (k + 1) // 1000 - time.ticks_diff(time.ticks_ms(), begin)
        if left > 0:
            time.sleep_ms(left)
"""
ABOUT = "import sys\nprint(getattr(sys.implementation, '_machine', ''))"


@dataclass(frozen=True)
class Outcome:
    """What a model made of a clip.

    label: index of the likeliest label after the last step.  scores: then, (n_labels,); None if no step ran.  digest: of the
    scores of every step.  events: (label, sample) of each detection."""

    label: int
    steps: int
    scores: tuple[float, ...] | None
    digest: bytes
    events: list[tuple[str, int]]

    def same(self, other: Outcome, tolerance: float) -> bool:
        """tolerance: 0 compares the bits of every step; above 0 the last scores may differ by so much."""
        alike = (self.label, self.steps, self.events) == (other.label, other.steps, other.events)
        return alike and (self.digest == other.digest if tolerance == 0 else self.difference(other) <= tolerance)

    def difference(self, other: Outcome) -> float:
        """The largest difference of a score after the last step."""
        if self.scores is None or other.scores is None:
            return 0.0 if self.scores is other.scores else 1.0
        return float(np.abs(np.subtract(self.scores, other.scores)).max())


@dataclass(frozen=True)
class Cost:
    """Of a clip on the board.

    work: by stage, in `unit`.  spent_us (steps,): how long each block took in which a step ran; empty if the board has no
    clock for it."""

    work: dict[str, int]
    unit: str
    spent_us: list[int]


@dataclass(frozen=True)
class Twin:
    """A clip on the host.  opened, stepped bool (ticks,): the gate was open, and the cells ran."""

    outcome: Outcome
    opened: Array
    stepped: Array


def idle_label(lnn: LNN) -> int:
    """The label of a clip in which no step ran."""
    idle = lnn.info["idle_label"]
    return idle if idle < len(lnn.labels) else 0


def prepare(board: Board, path: str, lnn: LNN, most_samples: int) -> str:
    """Loads the model at `path` on the board and makes room for clips; gives the board's name for itself."""
    board.exec(PROLOGUE.format(most_bytes=2 * most_samples, path=path, idle=idle_label(lnn), stages=STAGES))
    return board.exec(ABOUT).strip()


def run_there(board: Board, samples: Array, tick_samples: int) -> tuple[Outcome, Cost]:
    """Sends a clip, int16 (n,), and plays it tick by tick.  Raises LinkError if the board is lost or garbles its answer."""
    data = samples.astype("<i2").tobytes()
    send(board, data, "_audio[{at}:{end}] = {piece}", CHUNK_BYTES)
    said = board.exec(f"_run({len(data)}, {2 * tick_samples})").strip()
    try:
        label, steps, scores, digest, events, work, unit, spent = ast.literal_eval(said)
    except (ValueError, SyntaxError, TypeError):
        raise LinkError("the board's answer did not arrive whole: try again") from None
    outcome = Outcome(label, steps, scores, digest, [tuple(event) for event in events])
    return outcome, Cost(dict(zip(STAGES, work, strict=True)), unit, spent)


def run_here(lnn: LNN, samples: Array) -> Twin:
    """The same with the host's C core."""
    lnn.reset()
    tick, steps, label, digest = lnn.tick_samples, 0, idle_label(lnn), hashlib.sha256()
    scores: tuple[float, ...] | None = None
    opened, stepped = [], []
    before: dict[str, Any] = lnn.counters()
    for at in range(0, len(samples), tick):
        result = lnn.process(samples[at : at + tick])
        now = lnn.counters()
        if now["ticks"] > before["ticks"]:
            opened.append(now["gated_ticks"] == before["gated_ticks"])
            stepped.append(result.steps != steps)
        if result.steps != steps:
            steps, scores = result.steps, result.scores
            label = max(enumerate(scores), key=operator.itemgetter(1))[0]
            digest.update(np.array(scores, np.float32).tobytes())
        before = now
    events = [(event.label, event.sample) for event in lnn.events()]
    return Twin(Outcome(label, steps, scores, digest.digest(), events), np.array(opened, bool), np.array(stepped, bool))


def listen_there(board: Board, n_samples: int, tick_samples: int, rate_hz: int, seconds: float) -> None:
    """Plays the clip that was sent last over and over, at the pace of sound, while a meter measures.  Raises LinkError."""
    whole = max(n_samples // tick_samples, 1) * tick_samples
    tick_us = round(1e6 * tick_samples / rate_hz)
    try:
        board.exec(f"_listen({2 * whole}, {2 * tick_samples}, {tick_us}, {int(1e6 * seconds / tick_us)})")
    except RemoteError as error:
        raise LinkError(f"the board cannot play at the pace of sound: {error.last_line}") from None
