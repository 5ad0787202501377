# SPDX-License-Identifier: MIT
"""Testing models on boards: clips played there, compared bit for bit with the host."""

from .clips import spread
from .hil import HILTester
from .results import ClipOutcome, Results

__all__ = ["ClipOutcome", "HILTester", "Results", "spread"]
