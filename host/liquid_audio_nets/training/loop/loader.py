# SPDX-License-Identifier: MIT
"""Batches made ahead of time in a second process."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

_SEEDS = 10_000_000  # more than a run has batches


class _Batches(IterableDataset[Any]):
    def __init__(self, make: Callable[[int, int], Any], size: int, seeds: range):
        self.make, self.size, self.seeds = make, size, seeds

    def __iter__(self) -> Iterator[Any]:
        for seed in self.seeds:
            yield self.make(self.size, seed)


def _quiet_worker(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which then stops its worker
    torch.set_num_threads(1)


def batches(
    make: Callable[[int, int], Any],
    size: int,
    first: int,
    count: int,
    seed: int,
    ahead: bool = True,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Any]:
    """Batches first .. first + count - 1 of a run, make(size, seed) each; the same for the same seed, with or without a
    worker.  Of `world` processes each has a rank and batches of its own."""
    start = seed * _SEEDS + rank
    data = _Batches(make, size, range(start + first * world, start + (first + count) * world, world))
    if not ahead:
        return iter(data)
    return iter(DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=6, worker_init_fn=_quiet_worker))
