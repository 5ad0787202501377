"""Class LNN, named and behaving as `liquid_audio.LNN` does on a board."""

from __future__ import annotations

import os
import pathlib
from typing import Iterator

import numpy as np

from .._core import ffi, lib
from ..lnn.errors import LnnError
from .settings import Settings

MOST_RAM_BYTES = 1 << 24  # a damaged header may ask for anything


def error_name(code: int) -> str:
    """The C core's name of a status, such as "CRC"."""
    return ffi.string(lib.lnn_error_name(code)).decode()


def check(code: int, detail: str = "") -> None:
    if code != lib.LNN_OK:
        raise LnnError.from_code(code, detail)


def as_samples(block) -> np.ndarray:
    """Any int16 buffer (NumPy, array, or bytes of even length) -> contiguous int16 (n,).

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


class Result:
    """What the last block brought; one object, filled again by each call."""

    def __init__(self, labels: tuple[str, ...]):
        self._labels, self._c = labels, ffi.new("lnn_result_t *")

    keyword_detected = property(lambda self: self._c.keyword_detected)
    is_speech = property(lambda self: self._c.is_speech)
    keyword = property(lambda self: self._labels[self._c.label])
    label = property(lambda self: self._c.label, doc="Index of keyword.")
    confidence = property(lambda self: self._c.confidence, doc="Posterior of keyword.")
    timestep = property(lambda self: self._c.timestep_us * 1e-6, doc="The policy's choice for the next step, s.")
    energy = property(lambda self: self._c.energy, doc="RMS of the last tick, full scale 1.")
    flux = property(lambda self: self._c.flux, doc="Spectral flux of the last step.")
    complexity = property(lambda self: self._c.complexity)
    steps = property(lambda self: self._c.steps, doc="Steps of the cells since the reset.")

    @property
    def scores(self) -> tuple[float, ...]:
        """Posterior of every label, in the order of the labels."""
        return tuple(ffi.unpack(self._c.scores, self._c.n_scores)) if self._c.n_scores else ()

    def __repr__(self) -> str:
        return f"<{self.keyword} {self.confidence:.2f}{' detected' if self.keyword_detected else ''}>"


class LNN(Settings):
    """A loaded model.  Not for two threads at once.  Policy fields are attributes (see Settings)."""

    def __init__(self, source: str | os.PathLike | bytes | bytearray | memoryview):
        """From a path or a buffer.  Raises OSError where a path cannot be read, LnnError for a bad model."""
        is_path = isinstance(source, (str, os.PathLike))
        raw = np.frombuffer(pathlib.Path(source).read_bytes() if is_path else source, np.uint8)
        self._file = np.zeros(max(-(-len(raw) // 8), 1), np.uint64)  # aligned, and ours
        self._file.view(np.uint8)[: len(raw)] = raw
        pointer, need = ffi.from_buffer(self._file), ffi.new("uint32_t *")
        check(lib.lnn_ram_bytes(pointer, len(raw), need))
        self._memory = np.zeros(min(need[0], MOST_RAM_BYTES) // 8 + 1, np.uint64)
        model = ffi.new("lnn_model_t **")
        status = lib.lnn_load(pointer, len(raw), ffi.from_buffer(self._memory), self._memory.nbytes, model)
        refused = lib.lnn_refused_name(pointer, status)
        check(status, ffi.string(refused).decode() if refused else "")
        self._model = model[0]
        info = ffi.new("lnn_info_t *")
        lib.lnn_get_info(self._model, info)
        self.info = {name: getattr(info, name) for name, _ in ffi.typeof("lnn_info_t").fields}
        """Sizes of the model: the fields of lnn_info_t."""
        names = (lib.lnn_label_name(self._model, i) for i in range(info.n_labels))
        self.labels = tuple(ffi.string(name).decode() for name in names)
        self._result = Result(self.labels)

    @classmethod
    def load(cls, source: str | os.PathLike | bytes | bytearray | memoryview) -> "LNN":
        """LNN(source), as on a board."""
        return cls(source)

    from_file = load

    sample_rate = property(lambda self: self.info["sample_rate_hz"], doc="Hz")
    ram_bytes = property(lambda self: self.info["ram_bytes"])
    model_bytes = property(lambda self: self.info["model_bytes"])

    @property
    def model(self):
        """The C model; raises ValueError after deinit()."""
        if self._model is None:
            raise ValueError("the model was closed by deinit()")
        return self._model

    def process(self, block) -> Result:
        """Takes int16 samples of any number and runs the steps that fall due; the same Result each time."""
        samples = as_samples(block)
        check(lib.lnn_process(self.model, ffi.from_buffer("int16_t[]", samples), len(samples), self._result._c))
        return self._result

    detect_activity = process

    def listen(self, mic, block_ms: int = 20) -> Iterator[Result]:
        """Reads block after block from mic and processes each; ends where readinto() gives 0.

        mic: what has rate (Hz), lost (samples, right before the last block) and readinto(int16 buffer) -> samples, as
        liquid_audio.Mic does.  Raises ValueError where its rate is not the model's, or for a block not of 1 to 1000 ms."""
        if not 1 <= block_ms <= 1000:
            raise ValueError("block_ms is 1 to 1000")
        if mic.rate != self.sample_rate:
            raise ValueError(f"the microphone has {mic.rate} Hz, the model needs {self.sample_rate} Hz")
        return self._listen(mic, np.empty(self.sample_rate * block_ms // 1000, np.int16))

    def _listen(self, mic, block: np.ndarray) -> Iterator[Result]:
        while n := mic.readinto(block):
            self.skip(mic.lost)
            yield self.process(block[:n])

    def skip(self, lost_samples: int) -> None:
        """Audio was lost: the next step's dt is larger by that."""
        check(lib.lnn_skip(self.model, lost_samples))

    def features(self, window) -> np.ndarray:
        """One front-end run: int16 (window_samples,) -> float32 (n_features,)."""
        samples = as_samples(window)
        if len(samples) != self.info["window_samples"]:
            raise ValueError(f"a window has {self.info['window_samples']} samples, not {len(samples)}")
        out = np.empty(self.info["n_features"], np.float32)
        check(lib.lnn_features(self.model, ffi.from_buffer("int16_t[]", samples), ffi.from_buffer("float[]", out)))
        return out

    def step(self, features, dt_s: float) -> np.ndarray:
        """One step of cells and readout without the engine: float (n_features,) -> logits float32 (n_labels,)."""
        x = np.ascontiguousarray(features, np.float32)
        if x.shape != (self.info["n_features"],):
            raise ValueError(f"features are ({self.info['n_features']},), not {x.shape}")
        logits = ffi.new("float const **")
        check(lib.lnn_step(self.model, ffi.from_buffer("float[]", x), dt_s, logits))
        return np.array(ffi.unpack(logits[0], len(self.labels)), np.float32)

    def counters(self, clear: bool = False) -> dict[str, int]:
        """Where the work went: the fields of lnn_counters_t."""
        counters = lib.lnn_get_counters(self.model)
        found = {name: getattr(counters, name) for name, _ in ffi.typeof("lnn_counters_t").fields}
        if clear:
            lib.lnn_clear_counters(self.model)
        return found

    def reset(self) -> None:
        """Back to the state after loading; policy, thresholds and counters stay."""
        lib.lnn_reset(self.model)

    def selftest(self) -> float:
        """Largest difference of a logit.  Raises LnnError NO_GOLDEN, or SELFTEST where it is too large."""
        difference = ffi.new("float *")
        check(lib.lnn_selftest(self.model, difference), f"largest difference {difference[0]:.2g}")
        return difference[0]

    def deinit(self) -> None:
        self._model = None

    def __enter__(self) -> "LNN":
        return self

    def __exit__(self, *_) -> None:
        self.deinit()

    def __repr__(self) -> str:
        return f"<LNN {' '.join(self.labels)}, {self.model_bytes} bytes>"
