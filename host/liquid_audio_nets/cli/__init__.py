# SPDX-License-Identifier: MIT
"""The commands; the only part of the package that prints."""
