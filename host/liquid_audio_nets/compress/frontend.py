"""The float front-end in 16-bit integers, fitted channel by channel to the float one on real sound."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import FrontEnd, FrontEndQ15, LnnError, Model, write
from ..lnn.integer import NUMBER_LIMIT
from ..native import LNN, clip_features
from .calibration import Calibration

PREEMPHASIS = 31 / 32
FULL_SCALE_SQUARED_Q8 = 2.0**38  # full scale 1 is 2**15 steps; levels are q8
PROBE_BITS = 9  # levels of up to 64 octaves fit a feature


def integer_frontend(fe: FrontEnd) -> FrontEndQ15:
    """Tables in integers, mean and scale not yet fitted.  Raises LnnError FRONTEND for an FFT of another size."""
    if fe.fft_points not in (256, 512) or len(fe.window) % 2:
        raise LnnError("FRONTEND", f"{fe.fft_points} points; the integer front-end has 256 and 512")
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
    """What pre-emphasis does to the power of each channel, (n_mels,)."""
    mel = fe.mel_dense().astype(np.float64)
    omega = np.pi * np.arange(mel.shape[1]) / (mel.shape[1] - 1)
    power = np.abs(1 - PREEMPHASIS * np.exp(-1j * omega)) ** 2
    return mel @ power / np.maximum(mel.sum(1), 1e-9)


def fit_frontend(fe: FrontEnd, model: Model, calibration: Calibration) -> tuple[FrontEndQ15, float]:
    """The integer front-end, least squares to the float features of the calibration, and what is left (RMS).

    model: any with integer cells behind as many features.
    """
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
