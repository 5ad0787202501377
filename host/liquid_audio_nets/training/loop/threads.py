# SPDX-License-Identifier: MIT
"""How torch uses this machine."""

import torch


def use_threads(threads: int) -> None:
    """So many for an operation; denormal numbers, slow and without meaning here, become zero."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
