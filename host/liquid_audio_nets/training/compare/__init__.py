# SPDX-License-Identifier: MIT
"""Comparison of this project's networks with other small ones, all trained and measured alike."""
