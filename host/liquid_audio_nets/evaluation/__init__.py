# SPDX-License-Identifier: MIT
"""Measuring a model with the C core on recorded audio."""

from .measure import Measured, Options, labelled_clips, measure, usual_split
from .micro_wake_word import MicroWakeWord, micro_wake_word_test
from .near_misses import fetch
from .run import Evaluation, evaluate
from .streams import StreamTest, stream_test
from .summary import summarise
from .tuning import Tuning, curve, tune

__all__ = [
    "Evaluation",
    "Measured",
    "MicroWakeWord",
    "Options",
    "StreamTest",
    "Tuning",
    "curve",
    "evaluate",
    "fetch",
    "labelled_clips",
    "measure",
    "micro_wake_word_test",
    "stream_test",
    "summarise",
    "tune",
    "usual_split",
]
