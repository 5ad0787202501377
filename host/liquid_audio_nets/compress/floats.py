# SPDX-License-Identifier: MIT
"""The float model that an integer one stands for, so that training can go on from any shipped model."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import Cell, FrontEnd, FrontEndNone, Grid, Model, write
from ..native import LNN, clip_features
from ..reference.frontend import LOG_FLOOR
from ..reference.frontend import FrontEnd as DenseFrontEnd
from .errors import CompressError
from .parts import integer_parts
from .sounds import synthetic
from .weights import dequantise_cell, dequantise_readout

LARGEST_ERROR = 0.25  # RMS, in deviations of a feature; rounding leaves 0.04 to 0.1
ABOVE_FLOOR = 3.0  # in the logarithm: closer to the floor the integers are coarse


def as_float(model: Model) -> Model:
    """The model itself if its cells are float, else one with the rounded weights as float cells and with the float front-end
    whose features fit those of the integer one best, channel by channel, on synthetic sound.

    Raises CompressError for windows or filters that the packaged front-end does not have."""
    if all(isinstance(cell, Cell | Grid) for cell in model.cells):
        return model
    cells, readout = integer_parts(model)
    return dataclasses.replace(
        model,
        frontend=_float_frontend(model),
        cells=[dequantise_cell(cell, k) for k, cell in enumerate(cells)],
        readout=dequantise_readout(readout),
        golden=None,
    )


def _float_frontend(model: Model) -> FrontEnd | FrontEndNone:
    fe = model.frontend
    if isinstance(fe, FrontEnd | FrontEndNone):
        return fe
    dense = DenseFrontEnd(channels=fe.n_mels)
    if len(fe.window) != dense.window_samples:
        raise CompressError(
            f"its window has {len(fe.window)} samples; only one of {dense.window_samples} can be trained"
        )
    limit = fe.clip_q12 / 4096
    with LNN(write(model)) as lnn:
        tick = lnn.tick_samples
        pairs = [
            (dense.log_mel(dense.mel_power(clip, ends)), clip_features(lnn, clip, ends))
            for clip in synthetic(model).calibration
            for ends in [np.arange(tick, len(clip) + 1, tick)]
        ]
    level, feature = (np.concatenate(parts).astype(np.float64) for parts in zip(*pairs, strict=True))
    heard = (np.abs(feature) < 0.99 * limit) & (level > np.log(LOG_FLOOR) + ABOVE_FLOOR)
    mean, inv_std = np.empty(fe.n_mels), np.empty(fe.n_mels)
    for c in range(fe.n_mels):
        slope, start = np.polyfit(level[heard[:, c], c], feature[heard[:, c], c], 1)
        mean[c], inv_std[c] = -start / slope, slope
    if np.sqrt(np.mean(((level - mean) * inv_std - feature)[heard] ** 2)) > LARGEST_ERROR:
        raise CompressError("its filters are not those of the packaged front-end, so that it cannot be trained")
    dense.mean, dense.inv_std = mean.astype(np.float32), inv_std.astype(np.float32)
    return FrontEnd.from_reference(dense)
