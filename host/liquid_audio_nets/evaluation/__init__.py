"""Measuring a model with the C core on recorded audio."""

from .on_board import Comparison, compare, spread
from .run import Evaluation, evaluate
from .summary import summarise

__all__ = ["Comparison", "Evaluation", "compare", "evaluate", "spread", "summarise"]
