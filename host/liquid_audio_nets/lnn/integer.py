"""The parts of an integer model as the file holds them, weights in the order of the equations.

A name ends in the fraction bits of its numbers: q16 is a number times 2**16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NUMBER_LIMIT = 32639  # of features and states: LNN_NUMBER_LIMIT in cmodule/core/matvec_s8.h
ROW_LIMIT_S16 = (2**31 - 1) // NUMBER_LIMIT  # of the magnitudes of a row of int16 weights


@dataclass
class FrontEndQ15:
    """feature_q12 = (log2(mel_q8 + floor) - mean) * scale, +-clip_q12.

    window int16 (window_samples,) q15; mel_start, mel_count uint16 (n_mels,); mel_weights uint16 q15;
    floor uint32 (n_mels,) q8; mean int32 (n_mels,) q16; scale int32 (n_mels,) q22.
    """

    window: np.ndarray
    mel_start: np.ndarray
    mel_count: np.ndarray
    mel_weights: np.ndarray
    floor: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    fft_points: int = 512
    clip_q12: int = NUMBER_LIMIT
    kind = "logmel_q15"

    @property
    def n_mels(self) -> int:
        return len(self.mel_start)


@dataclass
class CellS8:
    """One liquid cell of N units on M inputs in integers.  Rows: gate of unit 0, reversal of unit 0, gate of unit 1, ...

    weights_inputs (2N, M), weights_state (2N, N): int8, each within +-127, or int16, the magnitudes of a row of either
    adding up to at most ROW_LIMIT_S16;
    scale_inputs, scale_state, bias (q16) int32 (2N,); inv_tau uint32 (N,) q16 in 1/s; layout: of both matrices.
    delta_q15: states that moved less do not count anew, 0: all count at every step; int8 in layout rows4x4 only.
    """

    weights_inputs: np.ndarray
    weights_state: np.ndarray
    scale_inputs: np.ndarray
    scale_state: np.ndarray
    bias: np.ndarray
    inv_tau: np.ndarray
    gate_clamp_q11: int = 15 << 11
    kind: str = "ltc"
    solver: str = "fused"
    layout: str = "rows4x4"
    delta_q15: int = 0
    weight: str = "int8"

    @property
    def n_units(self) -> int:
        return np.shape(self.weights_state)[1]

    @property
    def n_inputs(self) -> int:
        return np.shape(self.weights_inputs)[1]

    @property
    def n_weights(self) -> int:
        return 2 * self.n_units * (self.n_inputs + self.n_units)

    @property
    def tau_s(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return 65536.0 / np.asarray(self.inv_tau, np.float64)


@dataclass
class ReadoutS8:
    """weights (n_labels, N) as of a cell; bias (q16), scale int32 (n_labels,); idle_label: index or None.

    layout: a dense one.
    """

    weights: np.ndarray
    bias: np.ndarray
    scale: np.ndarray
    smoothing_s: float = 0.1
    idle_label: int | None = None
    layout: str = "rows4x4"
    weight: str = "int8"

    @property
    def n_weights(self) -> int:
        return int(np.size(self.weights))
