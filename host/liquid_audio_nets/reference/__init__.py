# SPDX-License-Identifier: MIT
"""NumPy references, in float64 and written to be read beside the C core, which is tested against them."""
