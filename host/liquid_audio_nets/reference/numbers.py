# SPDX-License-Identifier: MIT
"""Rows of numbers in, forecasts out, in float64: what cmodule/core/numbers.c does around the cells."""

from __future__ import annotations

import numpy as np

from ..lnn import FrontEndNone, Model
from ..lnn.arrays import Array
from .cell import Network


class Forecaster(Network):
    """A float model that reads rows of numbers."""

    def __init__(self, model: Model):
        """Raises TypeError for a model that hears audio, or for an integer model."""
        super().__init__(model)
        if not isinstance(model.frontend, FrontEndNone):
            raise TypeError("reference.numbers runs models that read rows of numbers")
        self.numbers = model.frontend

    def step(self, numbers: Array, dt_s: float, heard_s: float | None = None) -> Array:
        """A row of numbers (n_mels,), dt_s after the last one -> forecasts of the first n_labels of them."""
        f, x = self.numbers, np.asarray(numbers, np.float64)
        features = np.clip((x - f.mean) * f.inv_std, -f.feature_clip, f.feature_clip)
        return np.asarray(x[: len(f.scale)] + super().step(features, dt_s * f.time_scale, heard_s) * f.scale)
