# SPDX-License-Identifier: MIT
"""Float models to integers: scales by least error on real sound, an integer front-end, and the proof."""

from .errors import CompressError
from .run import Compressed, Request, blame, compress
from .sounds import Sounds, from_folder, synthetic

__all__ = [
    "CompressError",
    "Compressed",
    "Request",
    "Sounds",
    "blame",
    "compress",
    "from_folder",
    "synthetic",
]
