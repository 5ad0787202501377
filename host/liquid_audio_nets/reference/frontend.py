"""NumPy reference of the log-mel front-end, written to be read beside the C core.

int16 samples -> power spectrum of the newest window -> mel filterbank -> natural log -> normalised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LOG_FLOOR = 1e-6
FEATURE_LIMIT = 8.0


def hann(n: int) -> np.ndarray:
    """Periodic Hann window, float64 (n,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def mel_corners_hz(channels: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Corners of the triangles, HTK-mel spaced, in Hz (channels + 2,); the middle of channel c is corner c + 1."""
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (low_hz, high_hz))
    return 700.0 * (10.0 ** (np.linspace(low, high, channels + 2) / 2595.0) - 1.0)


def mel_filterbank(channels: int, fft_size: int, sample_rate_hz: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Triangles of peak 1, linear in Hz between HTK-mel spaced corners; (channels, fft_size//2 + 1)."""
    corners = mel_corners_hz(channels, low_hz, high_hz)
    bins = np.arange(fft_size // 2 + 1) * sample_rate_hz / fft_size
    left, centre, right = (corners[i : i + channels, None] for i in range(3))
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


@dataclass
class FrontEnd:
    """Log-mel features.  mean and inv_std are per channel, float32 (channels,)."""

    sample_rate_hz: int = 16000
    window_samples: int = 512
    channels: int = 40
    low_hz: float = 60.0
    high_hz: float = 7600.0
    mean: np.ndarray | None = None
    inv_std: np.ndarray | None = None
    window: np.ndarray = field(init=False, repr=False)
    mel: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.window = hann(self.window_samples).astype(np.float32)
        self.mel = mel_filterbank(
            self.channels, self.window_samples, self.sample_rate_hz, self.low_hz, self.high_hz
        ).astype(np.float32)
        self.mean = np.zeros(self.channels, np.float32) if self.mean is None else np.asarray(self.mean, np.float32)
        self.inv_std = (
            np.ones(self.channels, np.float32) if self.inv_std is None else np.asarray(self.inv_std, np.float32)
        )

    def windows(self, samples: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Newest window before each end; int16 (n,), ends (frames,) -> float32 (frames, window).

        Sample positions outside the stream, before 0 or past its end, are zero."""
        x = np.asarray(samples, np.int16).astype(np.float32) / 32768.0
        ends = np.asarray(ends, np.int64)
        tail = max(int(ends.max(initial=0)) - len(x), 0)
        padded = np.concatenate([np.zeros(self.window_samples, np.float32), x, np.zeros(tail, np.float32)])
        return np.lib.stride_tricks.sliding_window_view(padded, self.window_samples)[ends]

    def mel_power(self, samples: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Mel power of the windows that end at sample counts `ends`; float32 (frames, channels)."""
        spectrum = np.fft.rfft(self.windows(samples, ends) * self.window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        return power @ self.mel.T

    def log_mel(self, mel_power: np.ndarray) -> np.ndarray:
        return np.log(mel_power + np.float32(LOG_FLOOR), dtype=np.float32)

    def normalise(self, log_mel: np.ndarray) -> np.ndarray:
        """Log-mel -> features, clipped to +-FEATURE_LIMIT."""
        return np.clip((log_mel - self.mean) * self.inv_std, -FEATURE_LIMIT, FEATURE_LIMIT)

    def features(self, samples: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """int16 (n,), ends (frames,) -> normalised features float32 (frames, channels)."""
        return self.normalise(self.log_mel(self.mel_power(samples, ends)))
