# SPDX-License-Identifier: MIT
"""Sound as telephones and calls over the internet pass it on: encoded and decoded again."""

from __future__ import annotations

import io

import numpy as np

from .files import SAMPLE_RATE_HZ, resample, to_int16

# Sample rate in Hz, container, coding, and how far it is compressed (0 to 1) for those that can be told.
CODECS: dict[str, tuple[int, str, str, float | None]] = {
    "telephone": (8000, "WAV", "ULAW", None),  # ITU-T G.711: a narrow band, 8 bits per sample on a logarithmic scale
    "gsm": (8000, "WAV", "GSM610", None),  # the full rate of mobile telephones, 13 kbit/s
    "opus": (SAMPLE_RATE_HZ, "OGG", "OPUS", 0.98),  # a poor connection, 11 kbit/s
    "mp3": (SAMPLE_RATE_HZ, "MP3", "MPEG_LAYER_III", 0.9),
}


def coded(samples: np.ndarray, codec: str) -> np.ndarray:
    """int16 (n,) at SAMPLE_RATE_HZ as one of CODECS gives it back; int16 (n,)."""
    import soundfile

    rate_hz, container, coding, compression = CODECS[codec]
    file = io.BytesIO()
    signal = to_int16(resample(samples / 32768.0, SAMPLE_RATE_HZ, rate_hz))
    soundfile.write(file, signal, rate_hz, coding, format=container, compression_level=compression)
    file.seek(0)
    decoded = soundfile.read(file, dtype="int16")[0]
    back = to_int16(resample(decoded / 32768.0, rate_hz, SAMPLE_RATE_HZ))[: len(samples)]
    return np.pad(back, (0, len(samples) - len(back)))
