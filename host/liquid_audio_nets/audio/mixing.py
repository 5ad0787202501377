# SPDX-License-Identifier: MIT
"""Levels and mixtures of int16 or float signals; levels are RMS with full scale 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .files import SAMPLE_RATE_HZ, to_int16

_BLOCK_SAMPLES = SAMPLE_RATE_HZ // 50


def as_float(signal: np.ndarray) -> np.ndarray:
    """int16 -> float64 with full scale 1; floats stay as they are."""
    signal = np.asarray(signal)
    return signal / 32768.0 if signal.dtype == np.int16 else signal.astype(np.float64)


def rms(signal: np.ndarray) -> float:
    """Root of the mean square of int16 or float (n,), full scale 1; 0 for no samples."""
    signal = as_float(signal)
    return float(np.sqrt(np.mean(signal**2))) if len(signal) else 0.0


def active_rms(signal: np.ndarray, range_db: float = 20.0) -> float:
    """RMS over the 20 ms blocks within range_db of the loudest block, so pauses do not count."""
    signal = as_float(signal)
    n = len(signal) // _BLOCK_SAMPLES
    if n == 0:
        return rms(signal)
    power = np.mean(signal[: n * _BLOCK_SAMPLES].reshape(n, -1) ** 2, axis=1)
    loud = power >= power.max() * 10 ** (-range_db / 10)
    return float(np.sqrt(power[loud].mean()))


def fit_noise(noise: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of the noise (samples,); the noise is repeated if it is too short."""
    if len(noise) < samples:
        noise = np.tile(noise, -(-samples // len(noise)))
    start = int(rng.integers(len(noise) - samples + 1))
    return noise[start : start + samples]


def coloured_noise(samples: int, slope: float, seed: int, level: float = 0.05) -> np.ndarray:
    """Noise whose amplitude falls with frequency to the power of slope: 0 white, 0.5 pink, 1 brown; int16 (n,)."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum *= np.maximum(np.arange(len(spectrum)), len(spectrum) / 400) ** -slope
    noise = np.fft.irfft(spectrum, samples)
    return to_int16(noise * level / rms(noise))


def mains_hum(samples: int, mains_hz: float, seed: int, level: float = 0.05) -> np.ndarray:
    """A mains frequency with random harmonics up to the twentieth, a little hiss, and an offset of up to twice the level, as a
    bad power supply and a cheap microphone give them; int16 (n,) of that level without the offset."""
    rng, t = np.random.default_rng(seed), np.arange(samples) / SAMPLE_RATE_HZ
    order = np.arange(1, 21)
    amplitude = rng.exponential(1.0, 20) / order ** rng.uniform(0.3, 1.3)
    phase = rng.uniform(0, 2 * np.pi, 20)
    hum = sum(
        (a * np.sin(2 * np.pi * mains_hz * k * t + p) for a, k, p in zip(amplitude, order, phase, strict=True)), 0.0 * t
    )
    hum += rng.standard_normal(samples) * rms(hum) * 10 ** (rng.uniform(-40, -15) / 20)
    return to_int16(hum * level / rms(hum) + rng.uniform(-2, 2) * level)


def mix_at_snr(
    speech: np.ndarray, noise: np.ndarray, snr_db: float, level_of: Callable[[np.ndarray], float] = active_rms
) -> np.ndarray:
    """speech + noise scaled to snr_db below the level of the speech; int16 (n,), n = len(speech).

    level_of: active_rms, or rms, which counts the pauses of the speech too and so makes the noise quieter.  The noise must
    be at least as long as the speech.  The mixture is turned down if it would clip.
    """
    speech, noise = as_float(speech), as_float(noise)[: len(speech)]
    level = rms(noise)
    gain = level_of(speech) / level * 10 ** (-snr_db / 20) if level > 0 else 0.0
    mixture = speech + gain * noise
    peak = np.abs(mixture).max(initial=0.0)
    return to_int16(mixture / peak * 0.99 if peak > 0.99 else mixture)
