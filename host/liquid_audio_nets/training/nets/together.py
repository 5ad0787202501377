# SPDX-License-Identifier: MIT
"""Several networks of one shape on the same sequences: their weights get a leading dimension, and each step of the cells
is one operation for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call

from .cells import LTCCell
from .grid import GridCell
from .model import LiquidNet, Net, StreamState

# On one thread of a CPU a larger batch keeps the machine busy with one network, and the larger arrays leave its caches.
LARGEST_BATCH = 64


def stacks(net: Net, batch: int) -> bool:
    """Whether forward_together() gives such networks a leading dimension: those of fused `ltc` cells and grids, on a CPU if the batch
    is small.  All others run one after the other."""
    fused = isinstance(net, LiquidNet) and all(type(cell) in (LTCCell, GridCell) for cell in net.cells)
    return fused and (batch <= LARGEST_BATCH or net.mean.is_cuda)


def forward_together(
    nets: Sequence[Net], log_mel: Tensor, dt: Tensor, decay_s: Tensor, states: Sequence[StreamState]
) -> list[tuple[Tensor, StreamState]]:
    """Evidence (T, B, K) and state at the end of each network, as its forward() gives them, each from its own state."""
    if len(nets) == 1 or not stacks(nets[0], log_mel.shape[1]):
        return [net(log_mel, dt, decay_s, state) for net, state in zip(nets, states, strict=True)]
    named = [dict(net.named_parameters()) | dict(net.named_buffers()) for net in nets]
    weights = {name: torch.stack([of_net[name] for of_net in named]) for name in named[0]}

    def one(weights: dict[str, Tensor], h: list[Tensor], evidence: Tensor, mean: Tensor) -> tuple[Tensor, ...]:
        start = StreamState(h, evidence, mean)
        out, end = functional_call(nets[0], weights, (log_mel, dt, decay_s, start))
        return out, end.evidence, end.mean, *end.h

    begin = [torch.stack(h) for h in zip(*(state.h for state in states), strict=True)]
    others = (torch.stack([getattr(state, part) for state in states]) for part in ("evidence", "mean"))
    out, evidence, mean, *h = torch.vmap(one, randomness="different")(weights, begin, *others)
    return [(out[k], StreamState([x[k] for x in h], evidence[k], mean[k])) for k in range(len(nets))]
