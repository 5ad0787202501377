# SPDX-License-Identifier: MIT
"""Where a run computes: CPU or GPU, alone or as one of the processes that torchrun started."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from ..settings.errors import TrainingError

_PATIENCE = timedelta(hours=2)  # the first process may be reading a data set


@dataclass(frozen=True)
class Place:
    """device: what computes; rank: number of this process among `world` processes, of which number 0 writes the files;
    local: number of this process on its own machine."""

    device: torch.device
    rank: int = 0
    world: int = 1
    local: int = 0

    def wait(self) -> None:
        """Returns when every process has called it."""
        if self.world > 1:
            distributed.barrier()

    def in_turn(self, work: Callable[[], None]) -> None:
        """Runs `work` in the first process, then in the first process of every other machine, then in all others.

        What an earlier process put into a cache is there for the next ones, whether the machines share a disk or not."""
        turn = 0 if self.rank == 0 else 1 if self.local == 0 else 2
        for now in range(3 if self.world > 1 else 1):
            if now == turn:
                work()
            self.wait()

    def same(self, number: int) -> bool:
        """Whether all processes call this with the same number."""
        if self.world == 1:
            return True
        numbers = [torch.zeros(1, dtype=torch.int64, device=self.device) for _ in range(self.world)]
        distributed.all_gather(numbers, torch.tensor([number], device=self.device))
        return len({int(n) for n in numbers}) == 1

    def leave(self) -> None:
        """Leaves the group of processes, if there is one."""
        if self.world > 1:
            distributed.destroy_process_group()


def join(device: str = "auto") -> Place:
    """The place of this process.  device: auto, cpu or cuda.  Under torchrun the process joins the group (nccl on GPUs, else gloo).

    Raises TrainingError if this machine has no such device."""
    gpu = torch.cuda.is_available()
    if device not in ("auto", "cpu", "cuda"):
        raise TrainingError(f"no device '{device}'; give auto, cpu or cuda")
    if device == "cuda" and not gpu:
        raise TrainingError("no GPU that this torch can use; give --device cpu")
    on_gpu = gpu and device != "cpu"
    local = int(os.environ.get("LOCAL_RANK", 0))
    if on_gpu:
        torch.cuda.set_device(local)
        torch.set_float32_matmul_precision("high")  # TF32
    here = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world == 1:
        return Place(here)
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    return Place(here, distributed.get_rank(), world, local)
