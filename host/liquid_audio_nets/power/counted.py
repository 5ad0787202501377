# SPDX-License-Identifier: MIT
"""What a model costs on a board that is there, by its own counters and clock: nothing is estimated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..link import Board, BoardError, LinkError, RemoteError, send
from ..lnn.arrays import Array
from .profile import waits_s

CHUNK_BYTES = 3072
PIECE_S = 0.5  # of sound that the board holds at a time
STAGES = {"gate": "gate", "front-end": "frontend", "traces": "trace", "cells": "cell", "readout": "readout"}
PROLOGUE = """
import liquid_audio, sys, time
_audio = bytearray({piece_bytes})
_net = liquid_audio.LNN.load({path!r})
_net.counters(True)
_us = getattr(time, 'ticks_us', None) or (lambda: 0)
def _play(n_bytes, tick_bytes):
    view, work, seen, gated, steps = memoryview(_audio), 0, [], _net.counters()['gated_ticks'], _net.counters()['steps']
    for at in range(0, n_bytes, tick_bytes):
        block, start, begin = view[at:at + tick_bytes], _us(), liquid_audio.clock()
        _net.process(block)
        end, took = liquid_audio.clock(), _us() - start
        work += end - begin
        c = _net.counters()
        seen.append((c['gated_ticks'] == gated, c['steps'] > steps, took))
        gated, steps = c['gated_ticks'], c['steps']
    print((work, seen, _net.counters()))
print((liquid_audio.CLOCK, getattr(sys.implementation, '_machine', ''), hasattr(time, 'ticks_us')))
"""
WRAP_US = 1 << 30  # of ticks_us() on boards


@dataclass(frozen=True)
class Counted:
    """One sound on a board.

    unit: of work, "instructions" on a virtual board, else "cycles".  work: of each stage, and of the call from Python around
    them.  gate_open: share of the ticks.  busy: share of the time that the processor worked; latency_p50_s and
    latency_p99_s: from a sound to the end of the step that hears it; None if the board has no clock in us, or if nothing
    opened the gate."""

    machine: str
    unit: str
    sound: str
    seconds: float
    work: dict[str, int]
    steps: int
    gate_open: float
    detections: int
    busy: float | None
    latency_p50_s: float | None
    latency_p99_s: float | None

    @property
    def per_second(self) -> dict[str, float]:
        """Work of each stage per second of audio."""
        return {stage: work / self.seconds for stage, work in self.work.items()}

    def as_json(self) -> dict[str, Any]:
        """All figures, for --json; what was not counted is not in it."""
        counted = {name: value for name, value in vars(self).items() if value is not None}
        rates = {"work_per_s": self.per_second, "total_per_s": sum(self.per_second.values())}
        return {"figures_are": "counted on the board"} | counted | rates


def count(
    board: Board,
    path: str,
    sound: Array,
    name: str,
    rate_hz: int,
    tick_samples: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Counted:
    """Plays a sound, int16 (n,), tick by tick on the board.  path: of the model there.  progress takes the share that is done.

    Raises BoardError if the board cannot run the model, or if the sound is shorter than a tick; LinkError if it is lost."""
    piece = max(1, int(PIECE_S * rate_hz) // tick_samples) * tick_samples
    sound = sound[: len(sound) // tick_samples * tick_samples]
    if not len(sound):
        raise BoardError(f"{name}: shorter than {1000 * tick_samples / rate_hz:g} ms; take a longer sound")
    work, counters = 0, {}
    seen: list[tuple[bool, bool, int]] = []  # of each tick: the gate was open, the cells ran, us
    try:
        unit, machine, timed = _ask(board, PROLOGUE.format(piece_bytes=2 * piece, path=path))
        for at in range(0, len(sound), piece):
            data = sound[at : at + piece].astype("<i2").tobytes()
            send(board, data, "_audio[{at}:{end}] = {piece}", CHUNK_BYTES)
            worked, ticks, counters = _ask(board, f"_play({len(data)}, {2 * tick_samples})")
            work, seen = work + worked, seen + ticks
            progress(min(1.0, (at + piece) / len(sound)))
    except RemoteError as error:
        raise BoardError(f"the board cannot run the model: {error.last_line}") from None
    opened, stepped, took_us = (np.array(column) for column in zip(*seen, strict=True))
    busy_s = took_us % WRAP_US * 1e-6
    seconds = len(sound) / rate_hz
    waits = waits_s(opened, stepped, busy_s, tick_samples / rate_hz) if timed else np.zeros(0)
    p50, p99 = map(float, np.percentile(waits, [50, 99])) if len(waits) else (None, None)
    stages = {stage: counters.get(f"{key}_time", 0) for stage, key in STAGES.items()}
    stages = {stage: spent for stage, spent in stages.items() if spent} | {"call": work - sum(stages.values())}
    return Counted(
        machine,
        unit,
        name,
        seconds,
        stages,
        counters["steps"],
        1 - counters["gated_ticks"] / max(counters["ticks"], 1),
        counters["detections"],
        float(busy_s.sum()) / seconds if timed else None,
        p50,
        p99,
    )


def _ask(board: Board, code: str) -> Any:
    """What the code prints, a literal."""
    try:
        return ast.literal_eval(board.exec(code).strip())
    except (ValueError, SyntaxError):
        raise LinkError("the board's answer did not arrive whole: try again") from None
