# SPDX-License-Identifier: MIT
"""The log-mel picture of what a network hears, by the model's own front-end."""

from __future__ import annotations

import numpy as np

from ..lnn.arrays import Array
from ..native import LNN
from .errors import MonitorError

SPAN = 3.0  # features are normalised, so nearly all lie within so many standard deviations


class LogMel:
    """Blocks of audio -> the features of the window that ends with each, as shades of grey."""

    def __init__(self, content: bytes):
        """content: of the model's file.  Raises MonitorError for a model that hears no audio."""
        self._net = LNN(content)  # a second one, so that the running one is left alone
        if not self._net.info["window_samples"]:
            raise MonitorError("this model reads rows of numbers, not audio, so there is nothing to listen to")
        self._window = np.zeros(self._net.info["window_samples"], np.int16)

    def __call__(self, audio: Array, lost: int = 0) -> Array:
        """audio int16 (n,), after so many lost samples, which count as silence -> uint8 (n_mels,)."""
        gap = np.zeros(min(lost, len(self._window)), np.int16)
        self._window = np.concatenate([self._window, gap, audio])[-len(self._window) :]
        features = self._net.features(self._window)
        shades: Array = np.clip(127.5 * (1 + features / SPAN), 0, 255).astype(np.uint8)
        return shades
