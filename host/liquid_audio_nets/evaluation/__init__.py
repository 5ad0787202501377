"""Measuring a model with the C core on recorded audio."""

from .measure import Measured, Options, labelled_clips, measure, usual_split
from .on_board import Comparison, compare, spread
from .run import Evaluation, evaluate
from .summary import summarise

__all__ = [
    "Comparison",
    "Evaluation",
    "Measured",
    "Options",
    "compare",
    "evaluate",
    "labelled_clips",
    "measure",
    "spread",
    "summarise",
    "usual_split",
]
