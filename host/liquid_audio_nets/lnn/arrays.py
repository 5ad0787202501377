# SPDX-License-Identifier: MIT
"""The types that signatures of this package share."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; docstrings give its dtype and shape."""

Record = dict[str, Any]
"""The fields of one record of a file, by name."""
