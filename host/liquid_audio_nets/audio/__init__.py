# SPDX-License-Identifier: MIT
"""Recorded and synthetic audio on the host: 16 kHz mono, int16, full scale 32768."""

from .dataset import Clip, Dataset, label_of, scan, split_of
from .files import AudioError, read_audio, write_wav
from .mixing import active_rms, coloured_noise, mix_at_snr, rms
from .speech import Voice, say, voices

__all__ = [
    "AudioError",
    "Clip",
    "Dataset",
    "Voice",
    "active_rms",
    "coloured_noise",
    "label_of",
    "mix_at_snr",
    "read_audio",
    "rms",
    "say",
    "scan",
    "split_of",
    "voices",
    "write_wav",
]
