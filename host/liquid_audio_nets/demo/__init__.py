# SPDX-License-Identifier: MIT
"""The demo: spoken keywords through the virtual board's microphone."""

from .hear import Ending, Heard, ListenError, match, run_script
from .scene import Spoken, make

__all__ = ["Ending", "Heard", "ListenError", "Spoken", "make", "match", "run_script"]
