# SPDX-License-Identifier: MIT
"""A session: one thread reads a source, and between two blocks it does what others ask for."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from .near_misses import NearMiss, NearMisses
from .reading import Reading, Source
from .recording import Recorder
from .settings import Value

KEPT = 1500  # readings: a minute


class Session:
    """run() yields the readings in the caller's own thread; start() reads them in a thread of the session's.

    settings: of the running network, as they are now.  near: the near-misses so far.  error: what ended the thread."""

    def __init__(self, source: Source, keep: Path | None = None, record: Path | None = None):
        """keep: folder of recordings in which near-misses are kept.  record: a .jsonl to write.

        Raises LiquidError or OSError if a file cannot be written."""
        self.source, self.settings = source, source.settings()
        self.near: list[NearMiss] = []
        self.error: Exception | None = None
        self.recorder: Recorder | None = None
        self.ended = False
        self._near_misses = NearMisses(source.labels, source.sample_rate, keep)
        self._readings: deque[tuple[int, Reading]] = deque(maxlen=KEPT)
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._time_s = 0.0
        if record:
            self.recorder = Recorder(record, source, self.settings)

    def run(self) -> Iterator[Reading]:
        """Yields every reading until the source ends or stop() is called.  Raises what the source raises."""
        n = 0
        while not self._stop.is_set():
            self._answer()
            reading = self.source.read()
            if reading is None:
                break
            self._time_s = reading.time_s
            if self.source.is_recording:  # its settings change by themselves
                self.settings = self.source.settings()
            if self.recorder:
                self.recorder.reading(reading)
            found = self._near_misses.see(reading, self.settings)
            if found:
                self.near.append(found)
                if self.recorder:
                    self.recorder.near_miss(found)
            n += 1
            self._readings.append((n, reading))
            yield reading

    def start(self) -> None:
        """Reads in a thread; an error that ends it is kept in `error`."""

        def work() -> None:
            try:
                for _ in self.run():
                    pass
            except Exception as error:
                self.error = error
            self.ended = True
            self._answer()

        self._thread = threading.Thread(target=work, name="liquid-monitor", daemon=True)
        self._thread.start()

    def after(self, n: int) -> list[tuple[int, Reading]]:
        """The numbered readings that came after number n; 0: all that are kept."""
        return [(number, reading) for number, reading in list(self._readings) if number > n]

    def change(self, name: str, value: Value) -> Future[None]:
        """Changes a setting between two blocks.  The future raises LiquidError if it is impossible."""

        def act() -> None:
            self.source.change(name, value)
            self.settings = self.source.settings()
            if self.recorder:
                self.recorder.change(self._time_s, name, self.settings[name])

        return self._ask(act)

    def save(self) -> Future[str]:
        """Saves the settings into the model's file between two blocks; gives where."""
        return self._ask(self.source.save)

    def record(self, path: Path | None) -> Future[Path | None]:
        """Begins a recording, or ends it (None); gives the path of the one that ended."""

        def act() -> Path | None:
            ended, self.recorder = self.recorder, None
            if ended:
                ended.close()
            if path:
                self.recorder = Recorder(path, self.source, self.settings)
            return ended.path if ended else None

        return self._ask(act)

    def _ask(self, act: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._asked.put((act, future))
        if self.ended:
            self._answer()
        return future

    def _answer(self) -> None:
        """Does what was asked for."""
        with contextlib.suppress(queue.Empty):
            while True:
                act, future = self._asked.get_nowait()
                try:
                    future.set_result(act())
                except Exception as error:
                    future.set_exception(error)

    def close(self) -> None:
        """Stops, and closes recording and source.  What was recorded is whole."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)
        if self.recorder:
            self.recorder.close()
        self.source.close()
