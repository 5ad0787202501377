# SPDX-License-Identifier: MIT
"""Measuring a model with the C core on recorded audio."""

from .measure import Measured, Options, labelled_clips, measure, usual_split
from .on_board import Comparison, compare, spread
from .run import Evaluation, evaluate
from .streams import StreamTest, stream_test
from .summary import summarise
from .tuning import Tuning, tune

__all__ = [
    "Comparison",
    "Evaluation",
    "Measured",
    "Options",
    "StreamTest",
    "Tuning",
    "compare",
    "evaluate",
    "labelled_clips",
    "measure",
    "spread",
    "stream_test",
    "summarise",
    "tune",
    "usual_split",
]
