"""Rows of numbers in, forecasts out, in float64: what cmodule/core/numbers.c does around the cells."""

from __future__ import annotations

import numpy as np

from .cell import Network


class Forecaster(Network):
    """An lnn.Model whose front-end is an lnn.FrontEndNone."""

    def __init__(self, model):
        super().__init__(model)
        self.numbers = model.frontend

    def step(self, numbers: np.ndarray, dt_s: float) -> np.ndarray:
        """A row of numbers (n_mels,), dt_s after the last one -> what the first n_labels of them will be."""
        f, x = self.numbers, np.asarray(numbers, np.float64)
        features = np.clip((x - f.mean) * f.inv_std, -f.feature_clip, f.feature_clip)
        return x[: len(f.scale)] + super().step(features, dt_s * f.time_scale) * f.scale
