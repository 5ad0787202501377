# SPDX-License-Identifier: MIT
"""Fixtures of the host's tests."""

from local_board import firmware as firmware
