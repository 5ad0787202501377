# SPDX-License-Identifier: MIT
"""Class LNN, named and behaving as `liquid_audio.LNN` does on a board."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from .._core import ffi, lib
from ..lnn.arrays import Array
from ..lnn.errors import LnnError
from ..lnn.reader import read
from .result import Event, Result
from .settings import Settings

MOST_RAM_BYTES = 1 << 24  # a damaged header may ask for anything
Samples = Any
"""int16 samples of one channel: NumPy (n,), array("h"), or bytes of an even number, little-endian."""


class Microphone(Protocol):
    """What LNN.listen() needs of a microphone; liquid_audio.Mic of a board has it."""

    rate: int
    """Hz"""
    lost: int
    """Samples lost right before the last block."""

    def readinto(self, block: Array) -> int:
        """Fills the block, int16 (n,); gives the number of samples, and 0 at the end."""


def error_name(code: int) -> str:
    """The C core's name of a status, such as "CRC"."""
    return str(ffi.string(lib.lnn_error_name(code)).decode())


def check(code: int, detail: str = "") -> None:
    """Raises the LnnError of a status of the C core that is not OK."""
    if code != lib.LNN_OK:
        raise LnnError.from_code(code, detail)


def as_samples(block: Samples) -> Array:
    """Any int16 buffer -> contiguous int16 (n,).

    Raises TypeError for samples that are not int16, ValueError for an odd number of bytes.
    """
    if isinstance(block, np.ndarray):
        samples = block
    else:
        view = memoryview(block)
        if view.format in ("B", "b", "c") and view.nbytes % 2:
            raise ValueError(f"{view.nbytes} bytes of audio: 16-bit samples need an even number")
        samples = np.frombuffer(view, np.int16) if view.format in ("B", "b", "c") else np.asarray(view)
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise TypeError(f"audio must be int16 samples of one channel, not {samples.dtype} {samples.shape}")
    return np.ascontiguousarray(samples)


class LNN(Settings):
    """A loaded model.  Use it from one thread at a time.  Policy fields are attributes (see Settings)."""

    def __init__(self, source: str | os.PathLike[str] | bytes | bytearray | memoryview):
        """From a path or a buffer.  Raises OSError if a path cannot be read, LnnError for a bad model."""
        data = pathlib.Path(source).read_bytes() if isinstance(source, (str, os.PathLike)) else bytes(source)
        self._file = np.zeros(max(-(-len(data) // 8), 1), np.uint64)  # a copy, aligned to 8 bytes
        self._file.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
        pointer, need = ffi.from_buffer(self._file), ffi.new("uint32_t *")
        _check_file(lib.lnn_ram_bytes(pointer, len(data), need), data)
        self._memory = np.zeros(min(need[0], MOST_RAM_BYTES) // 8 + 1, np.uint64)
        memory, model = ffi.from_buffer(self._memory), ffi.new("lnn_model_t **")
        _check_file(lib.lnn_load(pointer, len(data), memory, self._memory.nbytes, model), data)
        self._model = model[0]
        info = ffi.new("lnn_info_t *")
        lib.lnn_get_info(self._model, info)
        self.info: dict[str, int] = {name: getattr(info, name) for name, _ in ffi.typeof("lnn_info_t").fields}
        """Sizes of the model: the fields of lnn_info_t."""
        names = (lib.lnn_label_name(self._model, i) for i in range(info.n_labels))
        self.labels = tuple(ffi.string(name).decode() for name in names)
        self.sample_rate = self.info["sample_rate_hz"]
        self._result = Result(self.labels, self._memory)

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> LNN:
        """LNN(source), as on a board."""
        return cls(source)

    from_file = load

    @property
    def ram_bytes(self) -> int:
        """Memory that the model needs on every core."""
        return self.info["ram_bytes"]

    @property
    def model_bytes(self) -> int:
        """Length of the file."""
        return self.info["model_bytes"]

    @property
    def model_version(self) -> int:
        """Counts the releases of a signed model."""
        return self.info["model_version"]

    @property
    def model(self) -> Any:
        """The C model.  Raises ValueError after deinit()."""
        if self._model is None:
            raise ValueError("the model was closed by deinit()")
        return self._model

    def process(self, block: Samples) -> Result:
        """Takes any number of samples and runs the steps that become due; gives the same Result object each time.

        Raises TypeError for samples that are not int16, ValueError for an odd number of bytes or after deinit().
        """
        samples = as_samples(block)
        check(lib.lnn_process(self.model, ffi.from_buffer("int16_t[]", samples), len(samples), self._result.c))
        return self._result

    detect_activity = process

    def events(self) -> list[Event]:
        """Every detection that was not given before, the oldest first.

        The model keeps the newest eight; counters()["lost_events"] counts those that it had to drop.  listen() takes
        them and yields a Result for each, so events() is for process().
        """
        return [
            Event(
                self.labels[e.label], e.confidence, e.sample / self.sample_rate, float(e.timestep_us) * 1e-6, e.sample
            )
            for e in self._events()
        ]

    def _events(self) -> Iterator[Any]:
        event = ffi.new("lnn_event_t *")
        while lib.lnn_next_event(self.model, event):
            yield event

    def listen(self, mic: Microphone, block_ms: int = 20) -> Iterator[Result]:
        """Reads block after block from mic and processes each, until readinto() gives 0.

        Yields a Result for each block, and for each detection if several fall into one block.

        Raises ValueError if the rate of mic is not the model's, or if a block is not 1 to 1000 ms long.
        """
        if not 1 <= block_ms <= 1000:
            raise ValueError("block_ms is 1 to 1000")
        if mic.rate != self.sample_rate:
            raise ValueError(f"the microphone has {mic.rate} Hz, the model needs {self.sample_rate} Hz")
        return self._listen(mic, np.empty(self.sample_rate * block_ms // 1000, np.int16))

    def _listen(self, mic: Microphone, block: Array) -> Iterator[Result]:
        self.events()  # those of earlier calls
        while n := mic.readinto(block):
            self.skip(mic.lost)
            result, shown = self.process(block[:n]), False
            for event in self._events():
                shown = True
                yield result.show(event)
            if not shown:
                yield result

    def skip(self, lost_samples: int) -> None:
        """Tells the model that audio was lost.  The gap counts as silence, and the dt of the next step includes it."""
        check(lib.lnn_skip(self.model, lost_samples))

    def features(self, window: Samples) -> Array:
        """One run of the front-end: int16 (window_samples,) -> float32 (n_features,).

        Raises ValueError for another number of samples, LnnError NO_AUDIO if the model reads rows of numbers.
        """
        samples = as_samples(window)
        if len(samples) != self.info["window_samples"]:
            raise ValueError(f"a window has {self.info['window_samples']} samples, not {len(samples)}")
        out = np.empty(self.info["n_features"], np.float32)
        check(lib.lnn_features(self.model, ffi.from_buffer("int16_t[]", samples), ffi.from_buffer("float[]", out)))
        return out

    def step(self, features: Any, dt_s: float) -> Array:
        """One step of cells and readout without the engine: float (n_features,) -> logits float32 (n_labels,).

        A model of task series takes a row of numbers and gives the forecasts.  Raises ValueError for another shape,
        LnnError ARGUMENT if dt_s is not above 0 or a number of a row is not finite.
        """
        x = np.ascontiguousarray(features, np.float32)
        if x.shape != (self.info["n_features"],):
            raise ValueError(f"features are ({self.info['n_features']},), not {x.shape}")
        logits = ffi.new("float const **")
        check(lib.lnn_step(self.model, ffi.from_buffer("float[]", x), dt_s, logits))
        return np.array(ffi.unpack(logits[0], len(self.labels)), np.float32)

    def logits(self) -> Array:
        """Logits of the last step, float32 (n_labels,).  Of a liquid readout they are the evidence."""
        return np.array(ffi.unpack(lib.lnn_logits(self.model), len(self.labels)), np.float32)

    def counters(self, clear: bool = False) -> dict[str, int]:
        """Where the work went: the fields of lnn_counters_t.  clear: then start again from 0."""
        counters = lib.lnn_get_counters(self.model)
        found = {name: getattr(counters, name) for name, _ in ffi.typeof("lnn_counters_t").fields}
        if clear:
            lib.lnn_clear_counters(self.model)
        return found

    def current_power_mw(self) -> float:
        """On a board: mean power over the last whole second of audio, estimated.  Here, where no board runs: 0."""
        return float(lib.lnn_current_power_mw(self.model, ffi.NULL))

    def reset(self) -> None:
        """Returns to the state after loading; policy, thresholds, refractory times and counters stay."""
        lib.lnn_reset(self.model)

    def selftest(self) -> float:
        """Runs the golden vectors; gives the largest difference of a logit, and resets the model.

        Raises LnnError NO_GOLDEN if the model has none, SELFTEST if the difference is too large.
        """
        difference = ffi.new("float *")
        check(lib.lnn_selftest(self.model, difference), f"largest difference {difference[0]:.2g}")
        return float(difference[0])

    def deinit(self) -> None:
        """Closes the model; calls on it then raise ValueError."""
        self._model = None

    def __enter__(self) -> LNN:
        return self

    def __exit__(self, *_: object) -> None:
        self.deinit()

    def __repr__(self) -> str:
        return f"<LNN {' '.join(self.labels)}, {self.model_bytes} bytes>"


def _check_file(code: int, data: bytes) -> None:
    """Raises LnnError if the C core refused a file; the reader of the host says the same with more detail."""
    if code != lib.LNN_OK:
        read(data)
        check(code)
