# SPDX-License-Identifier: MIT
"""A network that runs on a board, real or virtual.  The board hears its own microphone and reports block by block.

The host asks for a few blocks at a time, so between two questions it may change any setting.  The driver of the microphone
keeps the sound of that pause.
"""

from __future__ import annotations

import ast
import binascii
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from ..link import Link, LinkError, RemoteError, upload
from ..lnn import read
from ..lnn.arrays import Array
from ..native import LNN
from .errors import MonitorError
from .estimate import Estimate
from .log_mel import LogMel
from .on_host import save_settings
from .reading import BLOCK_MS, Heard, Reading
from .settings import REFRACTORY, THRESHOLD, Value, checked

FOLDER = "models"  # on the board
BLOCKS = 3  # per question: the driver keeps 160 ms while the host is busy
TOO_SLOW = 3  # so many questions in a row in which sound was lost: the port has no room for it

PROLOGUE = """
import gc, binascii, liquid_audio
def _load():
    global _net
    gc.collect()
    _net = liquid_audio.LNN.load({path!r})
    _net.counters(True)
_load()
_mic = liquid_audio.Mic(rate=_net.sample_rate)
_block = bytearray({block_bytes})
_view = memoryview(_block)
_watts = getattr(liquid_audio, 'POWER', '') == 'estimated'
print((liquid_audio.CLOCK, _watts))
def _hear(blocks, with_sound):
    for _ in range(blocks):
        n = _mic.readinto(_block)
        if not n:
            print('end')
            return
        lost = _mic.lost
        if lost:
            _net.skip(lost)
        r = _net.process(_view[:2 * n])
        c = _net.counters(True)
        work = sum(c[k] for k in c if k.endswith('_time'))
        power = _net.current_power_mw() if _watts else None
        events = [(e.label, e.confidence, e.sample) for e in _net.events()]
        print((n, lost, r.energy, r.complexity, r.timestep, r.label, r.confidence, c['ticks'], c['gated_ticks'],
               c['steps'], work, power, r.scores, events))
        if with_sound:
            print(binascii.b2a_base64(_view[:2 * n]).decode(), end='')
def _settings():
    print((dict(_net.policy), list(_net.thresholds), list(_net.refractory)))
"""


class BoardSource:
    """A Source: a board behind a link.  chip: for which power is estimated if the board does not do so itself.

    again: a recording that a virtual board plays starts again at its end.  A virtual board may run faster than the clock on
    the wall, so it is held back."""

    is_recording = False

    def __init__(self, link: Link, path: Path, content: bytes, chip: str | None, again: bool):
        """content: of the model's file at `path`, which is sent unless the board has it.

        Raises LinkError if the board is lost or cannot run the model, PowerError for an unknown chip."""
        self._link, self._path, self._there = link, path, f"{FOLDER}/{path.name}"
        self._again = again
        self._log_mel, here = LogMel(content), LNN(content)
        self.name, self.model_name = f"board on {link.port}", path.name
        self.labels, self.sample_rate = here.labels, here.sample_rate
        self._estimate = Estimate(chip, read(content), here.tick_samples) if chip else None
        upload(link, content, self._there)
        block_bytes = 2 * self.sample_rate * BLOCK_MS // 1000
        self.work_unit: str
        self.work_unit, by_itself = self._ask(PROLOGUE.format(path=self._there, block_bytes=block_bytes))
        self.estimates_power = by_itself or chip is not None
        self._heard, self._with_sound, self._late, self._ended = 0, True, 0, False
        self._open = False
        self._ready: deque[Reading] = deque()
        self._start_s = time.monotonic()

    def read(self) -> Reading | None:
        """Raises LinkError if the connection is lost, MonitorError if the board's program fails."""
        while not self._ready and not self._ended:
            self._listen()
        if not self._ready:
            return None
        reading = self._ready.popleft()
        if self.work_unit == "instructions":  # a virtual board
            time.sleep(max(0.0, self._start_s + reading.time_s - time.monotonic()))
        return reading

    def _listen(self) -> None:
        """Asks for some blocks, or notes that the recording has ended."""
        try:
            lines = self._link.exec(f"_hear({BLOCKS}, {self._with_sound})").split("\n")
        except RemoteError as error:
            raise MonitorError(f"the board on {self._link.port} stopped: {error.last_line}") from None
        lost = 0
        while lines:
            line = lines.pop(0).strip()
            if line == "end":
                self._ended = not self._again
            elif line:
                audio = np.frombuffer(binascii.a2b_base64(lines.pop(0)), "<i2") if self._with_sound else None
                self._ready.append(self._reading(_literal(line), audio))
                lost += self._ready[-1].lost
        self._late = self._late + 1 if lost else 0
        if self._with_sound and self._late == TOO_SLOW:
            self._with_sound = False

    def _reading(self, said: tuple[Any, ...], audio: Array | None) -> Reading:
        (n, lost, level, complexity, timestep, label, confidence, ticks, gated, steps, work, power, scores, events) = (
            said
        )
        self._heard += n + lost
        self._open = gated < ticks if ticks else self._open  # a tick may be longer than a block
        if power is None and self._estimate:
            power = self._estimate((n + lost) / self.sample_rate, ticks, steps)
        return Reading(
            time_s=self._heard / self.sample_rate,
            level=level,
            complexity=complexity,
            gate_open=self._open,
            timestep_s=timestep,
            label=self.labels[label],
            confidence=confidence,
            scores=tuple(scores),
            steps=steps,
            events=tuple(Heard(word, score, sample / self.sample_rate) for word, score, sample in events),
            work=work,
            power_mw=power,
            lost=lost,
            log_mel=None if audio is None else self._log_mel(audio, lost),
            audio=audio,
        )

    @property
    def sends_sound(self) -> bool:
        """False once the port has shown to be too slow for the sound itself."""
        return self._with_sound

    def settings(self) -> dict[str, Value]:
        """From the running network."""
        policy, thresholds, refractory = self._ask("_settings()")
        found: dict[str, Value] = dict(policy)
        for label, threshold, pause in zip(self.labels, thresholds, refractory, strict=True):
            found[f"{THRESHOLD}.{label}"], found[f"{REFRACTORY}.{label}"] = threshold, pause
        return found

    def change(self, name: str, value: Value) -> None:
        """In the running network; the files stay as they are until save()."""
        value, (kind, _, label) = checked(name, value, self.labels), name.partition(".")
        target = f"{kind}[{label!r}]" if label else name
        try:
            self._link.exec(f"_net.{target} = {value!r}")
        except RemoteError as error:
            raise MonitorError(error.last_line.removeprefix("ValueError: ")) from None

    def save(self) -> str:
        """Into the file on this computer, then into the board's.  The network on the board starts again with it."""
        save_settings(self._path, self.settings())
        self._link.exec("_net.deinit()")  # a small board has no room for two
        try:
            upload(self._link, self._path.read_bytes(), self._there)
        finally:
            self._link.exec("_load()")
        return f"{self._path} and {self._there} on the board"

    def _ask(self, code: str) -> Any:
        """What the code prints, a literal."""
        try:
            return _literal(self._link.exec(code))
        except RemoteError as error:
            raise MonitorError(f"the board on {self._link.port} says: {error.last_line}") from None

    def close(self) -> None:
        """Gives the port back."""
        self._link.close()


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        raise LinkError(
            f"the board answered something unreadable ({text.strip()[:40]!r}): reset it, try again"
        ) from None
