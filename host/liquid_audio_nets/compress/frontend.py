# SPDX-License-Identifier: MIT
"""The front-end in 16-bit integers, fitted to the float one channel by channel on real sound."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import FrontEnd, FrontEndQ15, LnnError, Model, write
from ..lnn.integer import NUMBER_LIMIT
from ..lnn.layout import FFT_Q15_POINTS
from ..lnn.ranges import choice
from ..native import LNN, clip_features
from .calibration import Calibration

PREEMPHASIS = 31 / 32
FULL_SCALE_SQUARED_Q8 = 2.0**38  # full scale 1 is 2**15 steps; levels are q8
PROBE_BITS = 9  # levels of up to 64 octaves fit a feature


def integer_frontend(fe: FrontEnd) -> FrontEndQ15:
    """The tables in integers, without mean and scale.  Raises LnnError FRONTEND for an FFT size that has no integer form."""
    if fe.fft_points not in FFT_Q15_POINTS or len(fe.window) % 2:
        raise LnnError(
            "FRONTEND", f"{fe.fft_points} points; the integer front-end has {choice(map(str, FFT_Q15_POINTS))}"
        )
    gain = preemphasis_gain(fe)
    floor = np.maximum(np.rint(fe.log_floor * FULL_SCALE_SQUARED_Q8 * gain), 1)
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


def preemphasis_gain(fe: FrontEnd) -> np.ndarray:
    """The factor by which pre-emphasis changes the power of each channel, (n_mels,)."""
    mel: np.ndarray = fe.mel_dense().astype(np.float64)
    omega = np.pi * np.arange(mel.shape[1]) / (mel.shape[1] - 1)
    power = np.abs(1 - PREEMPHASIS * np.exp(-1j * omega)) ** 2
    gain: np.ndarray = mel @ power / np.maximum(mel.sum(1), 1e-9)
    return gain


def fit_frontend(fe: FrontEnd, model: Model, calibration: Calibration) -> tuple[FrontEndQ15, float]:
    """The integer front-end with least-squares mean and scale per channel, and the RMS error of its features.

    model: any model with integer cells that read as many features; calibration: clips and their float features.
    Raises LnnError FRONTEND as integer_frontend()."""
    blank = integer_frontend(fe)
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
