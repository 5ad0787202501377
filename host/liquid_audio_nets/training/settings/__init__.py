# SPDX-License-Identifier: MIT
"""Recipes, the ranges of settings, and errors.  Nothing here imports torch."""
