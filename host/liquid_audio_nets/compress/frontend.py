# SPDX-License-Identifier: MIT
"""The front-end in 16-bit integers, fitted to the float one channel by channel on real sound."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import FrontEnd, FrontEndQ15, FrontEndS16, LnnError, Model, write
from ..lnn.integer import NUMBER_LIMIT, WINDOW_PAIR_LIMIT
from ..lnn.layout import FFT_Q15_POINTS, RANGES
from ..lnn.ranges import choice
from ..native import LNN, clip_features
from .calibration import Calibration

PREEMPHASIS = 31 / 32
FULL_SCALE_SQUARED = 2.0**30  # full scale 1 is 2**15 steps
LEAST_WIDTH = 7  # as in cmodule/core/frontend_s16.c
SUM_TOLERANCE = 0.01  # of the weights of a bin, which add up to 1
NOT_TRIANGLES = "the mel filters are not triangles of peak 1 that overlap by half"
PROBE_BITS = 9  # levels of up to 64 octaves fit a feature


def require_size(fe: FrontEnd) -> None:
    """Raises LnnError FRONTEND for an FFT size that has no integer form."""
    if fe.fft_points not in FFT_Q15_POINTS or len(fe.window) % 2:
        raise LnnError(
            "FRONTEND", f"{fe.fft_points} points; the integer front-end has {choice(map(str, FFT_Q15_POINTS))}"
        )


def integer_frontend(fe: FrontEnd) -> FrontEndQ15:
    """The tables of kind logmel_q15, without mean and scale.

    Raises LnnError FRONTEND for an FFT size that has no integer form."""
    require_size(fe)
    gain = emphasis_gain(fe, PREEMPHASIS)
    floor = np.maximum(np.rint(fe.log_floor * FULL_SCALE_SQUARED * 256 * gain), 1)
    none = np.zeros(fe.n_mels, np.int32)
    return FrontEndQ15(
        window=np.minimum(np.rint(np.asarray(fe.window, np.float64) * 32768), 32767).astype(np.int16),
        mel_start=fe.mel_start,
        mel_count=fe.mel_count,
        mel_weights=np.minimum(np.rint(np.asarray(fe.mel_weights, np.float64) * 32768), 65535).astype(np.uint16),
        floor=floor.astype(np.uint32),
        mean=none,
        scale=none,
        fft_points=fe.fft_points,
        clip_q12=min(round(fe.feature_clip * 4096), NUMBER_LIMIT),
    )


def triangular_frontend(fe: FrontEnd) -> FrontEndS16:
    """The tables of the cheaper kind, without mean and scale.

    Raises LnnError FRONTEND for an FFT size that has no integer form, and for filters that are not triangles of peak 1
    that overlap by half."""
    require_size(fe)
    first, counts, rising = triangles(fe)
    half, window = fe.fft_points // 2, np.zeros(fe.fft_points)
    window[: len(fe.window)] = fe.window
    gain = WINDOW_PAIR_LIMIT / max(float(np.abs(window).reshape(2, half).sum(0).max()), 1e-9)
    unit = gain**2 * 2.0 / half**2 / 4.0**LEAST_WIDTH  # power of the front-end per square of a 16-bit step
    floor = fe.log_floor * FULL_SCALE_SQUARED * unit * emphasis_gain(fe, 1.0)
    none = np.zeros(fe.n_mels, np.int32)
    return FrontEndS16(
        window=np.trunc(window * gain)[: len(fe.window)].astype(np.int16),
        mel_count=counts.astype(np.uint16),
        mel_weights=rising.astype(np.uint8),
        floor=np.minimum(np.rint(floor), RANGES["frontend_s16"]["floor"].high).astype(np.uint32),
        mean=none,
        scale=none,
        first_bin=first,
        fft_points=fe.fft_points,
        clip_q12=min(round(fe.feature_clip * 4096), NUMBER_LIMIT),
    )


def triangles(fe: FrontEnd) -> tuple[int, np.ndarray, np.ndarray]:
    """The first bin with a weight, the bins between neighbouring middles (n_mels + 1,), and the rising weights in q8.

    Raises LnnError FRONTEND for filters of another shape."""
    mel: np.ndarray = fe.mel_dense().astype(np.float64)
    heard = np.flatnonzero(mel.sum(0))
    bins = [_between(mel, int(k)) for k in heard]
    below = np.array([below for below, _ in bins], int)
    if not len(bins) or np.any(np.diff(heard) != 1) or np.any(np.diff(below) < 0):
        raise LnnError("FRONTEND", NOT_TRIANGLES)
    return int(heard[0]), np.bincount(below, minlength=fe.n_mels + 1), np.array([rising for _, rising in bins], int)


def _between(mel: np.ndarray, k: int) -> tuple[int, int]:
    """How many filters have their middle below bin k or on it, and the bin's weight in the next filter, q8."""
    filters, last = np.flatnonzero(mel[:, k]), len(mel) - 1
    lower, upper = int(filters[0]), int(filters[-1])
    weight, peak = float(mel[upper, k]), int(mel[upper].argmax())
    if upper == lower and upper == 0 and k <= peak:
        below, rising = 0, weight
    elif upper == lower and upper == last and k >= peak:
        below, rising = last + 1, 1.0 - weight
    elif upper - lower <= 1 and abs(mel[:, k].sum() - 1.0) < SUM_TOLERANCE:
        below, rising = upper, weight
    else:
        raise LnnError("FRONTEND", NOT_TRIANGLES)
    rising_q8 = round(256 * rising)
    return (below + 1, 0) if rising_q8 == 256 and below <= last else (below, min(rising_q8, 255))


def emphasis_gain(fe: FrontEnd, coefficient: float) -> np.ndarray:
    """The factor by which x[i] - coefficient * x[i - 1] changes the power of each channel, (n_mels,)."""
    mel: np.ndarray = fe.mel_dense().astype(np.float64)
    omega = np.pi * np.arange(mel.shape[1]) / (mel.shape[1] - 1)
    power = np.abs(1 - coefficient * np.exp(-1j * omega)) ** 2
    gain: np.ndarray = mel @ power / np.maximum(mel.sum(1), 1e-9)
    return gain


def blank_frontend(fe: FrontEnd, kind: str) -> FrontEndQ15 | FrontEndS16:
    """A front-end of a kind, or of the cheapest one that can do the work of fe if kind is "integer".

    Raises LnnError FRONTEND if there is none."""
    if kind == FrontEndQ15.kind:
        return integer_frontend(fe)
    try:
        return triangular_frontend(fe)
    except LnnError:
        if kind == FrontEndS16.kind:
            raise
        return integer_frontend(fe)


def fit_frontend(
    fe: FrontEnd, model: Model, calibration: Calibration, kind: str = "integer"
) -> tuple[FrontEndQ15 | FrontEndS16, float]:
    """The integer front-end with least-squares mean and scale per channel, and the RMS error of its features.

    model: any model with integer cells that read as many features; calibration: clips and their float features; kind: see
    blank_frontend(), whose errors it raises."""
    blank = blank_frontend(fe, kind)
    probe = dataclasses.replace(
        blank, scale=np.full(fe.n_mels, 1 << (PROBE_BITS + 10), np.int32), clip_q12=NUMBER_LIMIT
    )
    with LNN(write(dataclasses.replace(model, frontend=probe, golden=None))) as lnn:
        levels = [
            clip_features(lnn, samples, ends) for samples, ends in zip(calibration.clips, calibration.ends, strict=True)
        ]
    level = np.concatenate(levels).astype(np.float64) * 2.0 ** (12 - PROBE_BITS)
    wanted = np.concatenate(calibration.features).astype(np.float64)
    used = np.abs(wanted) < fe.feature_clip
    slope, start = np.empty(fe.n_mels), np.empty(fe.n_mels)
    for c in range(fe.n_mels):
        x, y = level[used[:, c], c], wanted[used[:, c], c]
        moves = len(x) > 1 and np.ptp(x) > 0.1
        slope[c] = np.polyfit(x, y, 1)[0] if moves else np.log(2) * fe.inv_std[c]
        start[c] = x.mean() - y.mean() / slope[c] if len(x) else 0.0
    left = (wanted - (level - start) * slope)[used]
    fitted = dataclasses.replace(
        blank, mean=np.rint(start * 65536).astype(np.int32), scale=np.rint(slope * 2.0**22).astype(np.int32)
    )
    return fitted, float(np.sqrt(np.mean(left**2)))
