"""Batches made ahead of time in a second process."""

from __future__ import annotations

import signal
from typing import Iterator

import torch
from torch.utils.data import DataLoader, IterableDataset

from .batches import Batch, BatchMaker


class _Batches(IterableDataset):
    def __init__(self, maker: BatchMaker, size: int, first: int, count: int, seed: int):
        self.maker, self.size, self.first, self.count, self.seed = maker, size, first, count, seed

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self.first, self.first + self.count):
            yield self.maker.make(self.size, self.seed * 10_000_000 + step)


def _quiet_worker(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which then stops its worker
    torch.set_num_threads(1)


def batches(maker: BatchMaker, size: int, first: int, count: int, seed: int, ahead: bool = True) -> Iterator[Batch]:
    """Batches first .. first + count - 1 of a run; the same for the same seed, with or without a worker."""
    data = _Batches(maker, size, first, count, seed)
    if not ahead:
        return iter(data)
    return iter(DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=6, worker_init_fn=_quiet_worker))
