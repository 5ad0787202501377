# SPDX-License-Identifier: MIT
"""Liquid Audio Nets on the host: read, write, test, train, upload `.lnn` models."""

__version__ = "0.1.0"
