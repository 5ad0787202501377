# SPDX-License-Identifier: MIT
"""How torch uses this machine."""

import torch


def use_threads(threads: int) -> None:
    """Lets each operation use so many threads.  Denormal numbers become zero: they are slow, and too small to matter."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
