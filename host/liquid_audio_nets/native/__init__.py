# SPDX-License-Identifier: MIT
"""The C core on the host: the same code that runs on the boards, behind the same names."""

from .clips import ClipResult, Detection, clip_features, run_clip
from .engine import LNN, error_name
from .golden import add_golden, replay, step_ends
from .result import Event, Result

__all__ = [
    "LNN",
    "ClipResult",
    "Detection",
    "Event",
    "Result",
    "add_golden",
    "clip_features",
    "error_name",
    "replay",
    "run_clip",
    "step_ends",
]
