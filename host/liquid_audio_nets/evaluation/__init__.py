"""Measuring a model with the C core on recorded audio."""

from .run import Evaluation, evaluate
from .summary import summarise

__all__ = ["Evaluation", "evaluate", "summarise"]
