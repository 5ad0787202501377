# SPDX-License-Identifier: MIT
"""NumPy reference of the log-mel front-end, written to be read beside the C core.

int16 samples -> power spectrum of the newest window -> mel filterbank -> natural log -> normalised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..lnn.arrays import Array

LOG_FLOOR = 1e-6
FEATURE_LIMIT = 8.0


def hann(n: int) -> Array:
    """Periodic Hann window, float64 (n,)."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n))


def mel_corners_hz(channels: int, low_hz: float, high_hz: float) -> Array:
    """Corners of the triangles in Hz, float64 (channels + 2,); channel c has its middle at corner c + 1.

    They are equidistant on the mel scale of HTK, mel = 2595 log10(1 + f / 700) (The HTK Book, section 5.4).
    """
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (low_hz, high_hz))
    return np.asarray(700.0 * (10.0 ** (np.linspace(low, high, channels + 2) / 2595.0) - 1.0))


def mel_filterbank(channels: int, fft_size: int, sample_rate_hz: int, low_hz: float, high_hz: float) -> Array:
    """Triangles of peak 1, linear in Hz between mel_corners_hz(); float64 (channels, fft_size // 2 + 1)."""
    corners = mel_corners_hz(channels, low_hz, high_hz)
    bins = np.arange(fft_size // 2 + 1) * sample_rate_hz / fft_size
    left, centre, right = (corners[i : i + channels, None] for i in range(3))
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


@dataclass
class FrontEnd:
    """Log-mel features: ln(mel power + LOG_FLOOR), normalised.

    mean, inv_std float32 (channels,), by default 0 and 1; window float32 (window_samples,); mel float32 (channels, window_samples // 2 + 1).
    """

    sample_rate_hz: int = 16000
    window_samples: int = 512
    channels: int = 40
    low_hz: float = 60.0
    high_hz: float = 7600.0
    mean: Array = field(default_factory=lambda: np.zeros(0))
    inv_std: Array = field(default_factory=lambda: np.zeros(0))
    window: Array = field(init=False, repr=False)
    mel: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.window = hann(self.window_samples).astype(np.float32)
        self.mel = mel_filterbank(
            self.channels, self.window_samples, self.sample_rate_hz, self.low_hz, self.high_hz
        ).astype(np.float32)
        self.mean = np.asarray(self.mean if len(self.mean) else np.zeros(self.channels), np.float32)
        self.inv_std = np.asarray(self.inv_std if len(self.inv_std) else np.ones(self.channels), np.float32)

    def windows(self, samples: Array, ends: Array) -> Array:
        """Newest window before each end; int16 (n,), ends (frames,) -> float32 (frames, window).

        Sample positions outside the stream, before 0 or past its end, are zero."""
        x = np.asarray(samples, np.int16).astype(np.float32) / 32768.0
        ends = np.asarray(ends, np.int64)
        tail = max(int(ends.max(initial=0)) - len(x), 0)
        padded = np.concatenate([np.zeros(self.window_samples, np.float32), x, np.zeros(tail, np.float32)])
        return np.lib.stride_tricks.sliding_window_view(padded, self.window_samples)[ends]

    def mel_power(self, samples: Array, ends: Array) -> Array:
        """Mel power of the windows that end at sample counts `ends`; float32 (frames, channels)."""
        spectrum = np.fft.rfft(self.windows(samples, ends) * self.window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return np.asarray(power @ self.mel.T)

    def log_mel(self, mel_power: Array) -> Array:
        """Natural logarithm of mel_power + LOG_FLOOR, float32, of the same shape."""
        return np.asarray(np.log(mel_power + np.float32(LOG_FLOOR), dtype=np.float32))

    def normalise(self, log_mel: Array) -> Array:
        """Log-mel -> features, clipped to +-FEATURE_LIMIT."""
        return np.asarray(np.clip((log_mel - self.mean) * self.inv_std, -FEATURE_LIMIT, FEATURE_LIMIT))

    def features(self, samples: Array, ends: Array) -> Array:
        """int16 (n,), ends (frames,) -> normalised features float32 (frames, channels)."""
        return self.normalise(self.log_mel(self.mel_power(samples, ends)))
