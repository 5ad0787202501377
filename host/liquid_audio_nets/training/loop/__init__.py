# SPDX-License-Identifier: MIT
"""How networks are trained, measured, saved and exported, the same for every task."""
