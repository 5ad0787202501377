# SPDX-License-Identifier: MIT
"""A model in memory: what an .lnn file says, as NumPy arrays in the order of the equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from .arrays import Array
from .cells import FloatCell, IntegerCell
from .integer import FrontEndQ15, FrontEndS16, LiquidReadoutS8, ReadoutS8
from .policy import Policy as Policy
from .policy import Timetable


@dataclass
class Label:
    """threshold: posterior (0 to 1) at which it is detected; 0: never.  refractory_us: pause after a detection."""

    name: str
    threshold: float = 0.0
    refractory_us: int = 1_000_000


class DenseFrontEnd(Protocol):
    """What a front-end with a dense filterbank has; see FrontEnd.from_dense()."""

    window: Array
    mel: Array
    mean: Array
    inv_std: Array


@dataclass
class FrontEnd:
    """feature = clip((ln(mel + log_floor) - mean) * inv_std, +-feature_clip).

    window float32 (window_samples,); mel_start, mel_count uint16 (n_mels,) in FFT bins;
    mel_weights float32 (sum of mel_count,); mean, inv_std float32 (n_mels,).
    """

    window: Array
    mel_start: Array
    mel_count: Array
    mel_weights: Array
    mean: Array
    inv_std: Array
    fft_points: int = 512
    log_floor: float = 1e-6
    feature_clip: float = 8.0
    kind: str = "logmel_f32"

    @classmethod
    def from_dense(cls, window: Array, mel: Array, mean: Array, inv_std: Array, **rest: Any) -> FrontEnd:
        """From a dense filterbank: mel (n_mels, fft_points // 2 + 1), where each filter is one run of bins."""
        mel = np.asarray(mel, np.float32)
        used = [np.flatnonzero(row) for row in mel]
        start = np.array([bins[0] if len(bins) else 0 for bins in used])
        count = np.array([bins[-1] + 1 - bins[0] if len(bins) else 0 for bins in used])
        weights = np.concatenate([row[s : s + n] for row, s, n in zip(mel, start, count, strict=True)])
        rest.setdefault("fft_points", 2 * (mel.shape[1] - 1))
        return cls(window, start, count, weights, mean, inv_std, **rest)

    @classmethod
    def from_reference(cls, frontend: DenseFrontEnd) -> FrontEnd:
        """From a reference.frontend.FrontEnd."""
        return cls.from_dense(frontend.window, frontend.mel, frontend.mean, frontend.inv_std)

    def mel_dense(self) -> Array:
        """The filterbank as float32 (n_mels, fft_points // 2 + 1)."""
        mel = np.zeros((len(self.mel_start), self.fft_points // 2 + 1), np.float32)
        at = 0
        for row, start, count in zip(mel, self.mel_start, self.mel_count, strict=True):
            row[start : start + count] = self.mel_weights[at : at + count]
            at += int(count)
        return mel

    @property
    def n_mels(self) -> int:
        """Features per step."""
        return len(self.mel_start)


@dataclass
class FrontEndNone:
    """Rows of numbers instead of audio: feature = clip((number - mean) * inv_std, +-feature_clip).

    The readout gives changes: forecast = number + logit * scale, for the first n_labels numbers of a row.
    mean, inv_std float32 (n_mels,), in the order of a row's numbers; scale float32 (n_labels,).  The dt of the cells is
    the time between rows in s multiplied by time_scale.
    """

    mean: Array
    inv_std: Array
    scale: Array
    time_scale: float = 1.0
    feature_clip: float = 8.0
    kind = "none"
    window, fft_points = np.zeros(0, np.float32), 0  # a row needs neither

    @property
    def n_mels(self) -> int:
        """Features per step."""
        return len(self.mean)


@dataclass
class Traces:
    """A slow mean m of each feature x: m = x at the first step, then m <- m + dt/(dt + tau) (x - m).

    The first cell reads [x; x - m], so that it has twice as many inputs as there are features.
    tau float (n_mels,) in s, 0.001 to 60.
    """

    tau: Array


AnyFrontEnd: TypeAlias = FrontEnd | FrontEndQ15 | FrontEndS16 | FrontEndNone


@dataclass
class Readout:
    """logits = w h + b.  w float (n_labels, N), b float (n_labels,); idle_label: index or None."""

    w: Array
    b: Array
    smoothing_s: float = 0.1
    idle_label: int | None = None
    weight = "float32"

    @property
    def n_inputs(self) -> int:
        """N"""
        return int(np.shape(self.w)[-1])

    @property
    def n_weights(self) -> int:
        """n_labels * N"""
        return int(np.size(self.w))

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.n_weights + int(np.size(self.b))


@dataclass
class LiquidReadout:
    """Evidence e with a conductance that decides when to listen; softmax of e is the posterior.

        g = exp(wg h + bg)            conductance, 1/s (argument clamped to -12 to 8)
        v = wv h + bv                 value
        de/dt = -(1/tau + g) e + g v, in steps e <- (e + dt g v) / (1 + dt/tau + dt g)

    wg, wv float (n_labels, N); bg, bv float (n_labels,); tau float (n_labels,) in s; idle_label: index or None.
    """

    wg: Array
    bg: Array
    wv: Array
    bv: Array
    tau: Array
    idle_label: int | None = None
    weight = "float32"

    @property
    def n_inputs(self) -> int:
        """N, columns of wg and wv."""
        return int(np.shape(self.wg)[-1])

    @property
    def n_weights(self) -> int:
        """2 * n_labels * N"""
        return int(np.size(self.wg) + np.size(self.wv))

    @property
    def n_parameters(self) -> int:
        """Weights, biases and time constants."""
        return self.n_weights + int(np.size(self.bg) + np.size(self.bv) + np.size(self.tau))

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (n_labels,)."""
        return np.asarray(self.tau, np.float64)


@dataclass
class Golden:
    """audio int16 (n_samples,) from reset -> logits float32 (n_labels,) after n_steps steps."""

    audio: Array
    logits: Array
    n_steps: int
    tolerance: float = 1e-3


AnyReadout = Readout | ReadoutS8 | LiquidReadout | LiquidReadoutS8


@dataclass
class Model:
    """All of a file.  Cells and readout are all float32 or all integers; an integer front-end needs integer cells.

    traces: None if the first cell reads the features alone.  every: of each cell the steps from one of its runs to the next,
    1 to 4, see SPEC.md, "rhythm"; None: all cells run at every step.  timetable: a learned policy.  A readout of more columns
    hears all cells.
    metadata: any JSON object.  signature: 64 bytes, see lnn.signature.  signed_digest: SHA-256 of what the signature of the
    file covers, by which a writer knows whether the model was changed.  model_version: counts the releases of a signed
    model; 0: it has none.
    """

    labels: list[Label]
    frontend: AnyFrontEnd
    cells: Sequence[FloatCell] | Sequence[IntegerCell]
    readout: AnyReadout
    policy: Policy = field(default_factory=Policy)
    golden: Golden | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    signature: bytes | None = None
    signed_digest: bytes | None = None
    model_version: int = 0
    sample_rate_hz: int = 16000
    task: str = "keywords"
    target: str = "any"
    traces: Traces | None = None
    every: tuple[int, ...] | None = None
    timetable: Timetable | None = None

    @property
    def rhythm(self) -> tuple[int, ...]:
        """Of each cell the steps from one of its runs to the next."""
        return self.every or (1,) * len(self.cells)

    @property
    def hears_all(self) -> bool:
        """Whether the readout hears the states of all cells, not only those of the last one."""
        return self.readout.n_inputs > self.cells[-1].n_units

    @property
    def label_names(self) -> list[str]:
        """In the order of the labels."""
        return [label.name for label in self.labels]

    @property
    def parameters(self) -> int:
        """Weights, biases and time constants of traces, cells and readout."""
        cells = sum(c.n_weights + 3 * c.n_units for c in self.cells)
        return cells + self.readout.n_parameters + (np.size(self.traces.tau) if self.traces else 0)

    @property
    def macs_per_step(self) -> int:
        """Multiply-accumulates of cells and readout in a step in which every cell runs."""
        return sum(c.macs for c in self.cells) + self.readout.n_weights
