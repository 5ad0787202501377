# SPDX-License-Identifier: MIT
"""The parts of an integer model as the file holds them, weights in the order of the equations.

A name ends in the fraction bits of its numbers: q16 is a number times 2**16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array
from .layout import LIMITS

NUMBER_LIMIT = LIMITS["number"]
WINDOW_PAIR_LIMIT = LIMITS["window_pair"]
ROW_LIMIT_S16 = LIMITS["int16_row"]


def tau_s(inv_tau: Array) -> Array:
    """Time constants in s, float64 (n,), of inv_tau uint32 (n,) q16 in 1/s; inf if it is 0."""
    with np.errstate(divide="ignore"):
        return 65536.0 / np.asarray(inv_tau, np.float64)


@dataclass
class FrontEndQ15:
    """feature_q12 = (log2(mel_q8 + floor) - mean) * scale, +-clip_q12.

    window int16 (window_samples,) q15; mel_start, mel_count uint16 (n_mels,); mel_weights uint16 q15;
    floor uint32 (n_mels,) q8; mean int32 (n_mels,) q16; scale int32 (n_mels,) q22.
    """

    window: Array
    mel_start: Array
    mel_count: Array
    mel_weights: Array
    floor: Array
    mean: Array
    scale: Array
    fft_points: int = 512
    clip_q12: int = NUMBER_LIMIT
    kind = "logmel_q15"

    @property
    def n_mels(self) -> int:
        """Features per step."""
        return len(self.mel_start)


@dataclass
class FrontEndS16:
    """feature_q12 = (log2(mel + floor) - mean) * scale, +-clip_q12, of triangles that overlap by half.

    window int16 (window_samples,), at most WINDOW_PAIR_LIMIT, which also bounds the magnitudes of two weights that are
    half an FFT apart, added; mel_count uint16 (n_mels + 1,): bins from first_bin on between the middles of two
    neighbouring filters; mel_weights uint8 q8: of each bin in the upper one of these, the lower one has the rest;
    floor uint32, mean int32 q16 and scale int32 q22 (n_mels,).
    """

    window: Array
    mel_count: Array
    mel_weights: Array
    floor: Array
    mean: Array
    scale: Array
    first_bin: int
    fft_points: int = 512
    clip_q12: int = NUMBER_LIMIT
    kind = "logmel_s16"

    @property
    def n_mels(self) -> int:
        """Features per step."""
        return len(self.mel_count) - 1


INTEGER_FRONTENDS = (FrontEndQ15.kind, FrontEndS16.kind)


@dataclass
class CellS8:
    """One liquid cell of N units on M inputs in integers.  Rows: gate of unit 0, reversal of unit 0, gate of unit 1, ...

    weights_inputs (2N, M), weights_state (2N, N): either int8, each within +-127; or int16, where the magnitudes of each
    row add up to at most ROW_LIMIT_S16.
    scale_inputs, scale_state, bias (q16) int32 (2N,); inv_tau uint32 (N,) q16 in 1/s; layout: of both matrices.
    delta_q15: the product keeps its old value for states that moved by less; 0: all states count at every step.  It
    needs int8 weights in layout rows4x4.
    """

    weights_inputs: Array
    weights_state: Array
    scale_inputs: Array
    scale_state: Array
    bias: Array
    inv_tau: Array
    gate_clamp_q11: int = 15 << 11
    kind: str = "ltc"
    solver: str = "fused"
    layout: str = "rows4x4"
    delta_q15: int = 0
    weight: str = "int8"

    @property
    def n_units(self) -> int:
        """N"""
        return int(np.shape(self.weights_state)[1])

    @property
    def n_inputs(self) -> int:
        """M"""
        return int(np.shape(self.weights_inputs)[1])

    @property
    def n_weights(self) -> int:
        """Weights of both matrices, those in the layout's padding left out."""
        return 2 * self.n_units * (self.n_inputs + self.n_units)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a run."""
        return self.n_weights

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (N,); inf if inv_tau is 0."""
        return tau_s(self.inv_tau)


@dataclass
class LiquidReadoutS8:
    """A liquid readout in integers.  Rows: gate of label 0, value of label 0, gate of label 1, ...

    weights (2 * n_labels, N), int8 or int16 as in a cell; bias (q16), scale int32 (2 * n_labels,); inv_tau uint32
    (n_labels,) q16 in 1/s; idle_label: index or None; layout: a dense one (matrix_s8.DENSE).
    """

    weights: Array
    bias: Array
    scale: Array
    inv_tau: Array
    idle_label: int | None = None
    layout: str = "rows4x4"
    weight: str = "int8"

    @property
    def n_inputs(self) -> int:
        """N, columns of the weights."""
        return int(np.shape(self.weights)[-1])

    @property
    def n_weights(self) -> int:
        """2 * n_labels * N"""
        return int(np.size(self.weights))

    @property
    def n_parameters(self) -> int:
        """Weights, biases and time constants."""
        return self.n_weights + int(np.size(self.bias) + np.size(self.inv_tau))

    @property
    def tau_s(self) -> Array:
        """Time constants in s, float64 (n_labels,); inf if inv_tau is 0."""
        return tau_s(self.inv_tau)


@dataclass
class ReadoutS8:
    """weights (n_labels, N), int8 or int16 as in a cell; bias (q16), scale int32 (n_labels,); idle_label: index or None.

    layout: a dense one (matrix_s8.DENSE).
    """

    weights: Array
    bias: Array
    scale: Array
    smoothing_s: float = 0.1
    idle_label: int | None = None
    layout: str = "rows4x4"
    weight: str = "int8"

    @property
    def n_inputs(self) -> int:
        """N, columns of the weights."""
        return int(np.shape(self.weights)[-1])

    @property
    def n_weights(self) -> int:
        """n_labels * N"""
        return int(np.size(self.weights))

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.n_weights + int(np.size(self.bias))
