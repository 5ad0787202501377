# SPDX-License-Identifier: MIT
"""Terms of the loss that concern the weights: power as the engine counts it, and sparsity."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .grid import GridCell
from .model import Net
from .pruning import block_mean

FRONTEND_MACS = 19_000  # 24.6 k instructions on the Cortex-M4F, 1.3 per multiply-accumulate
_NEGLIGIBLE = 0.02  # blocks with a root mean square well below this cost nothing once pruned


def sparsity_loss(net: Net) -> Tensor:
    """Mean absolute weight of cells and readout, a scalar; it pulls small weights to zero."""
    return torch.cat([w.flatten() for w in (*(cell.weight for cell in net.cells), net.readout.weight)]).abs().mean()


@dataclass
class Work:
    """What the engine's counters would say per second of audio: steps, runs of the front-end, and multiply-accumulates
    that are not skipped; scalars."""

    steps_per_s: Tensor
    frontend_runs_per_s: Tensor
    macs_per_s: Tensor


def macs_per_step(net: Net) -> Tensor:
    """Expected multiply-accumulates per step, a scalar; a cell that waits counts less.  A block of four by four counts as soon as one weight in it does."""
    readouts = 2 if net.config.liquid_readout else 1  # values and conductance have a matrix of the same size each
    total = net.readout.weight.new_tensor(float(readouts * net.readout.weight.numel()))
    for cell, every in zip(net.cells, net.config.rhythm, strict=True):
        if isinstance(cell, GridCell):
            total = total + cell.macs / every
        elif isinstance(cell.weight, nn.Parameter) and len(cell.weight) == 2 * cell.units:
            mean, index = block_mean(cell, cell.weight.square())
            total = total + (mean / (mean + _NEGLIGIBLE**2))[index].sum() / every  # pulls at large weights, too
        else:
            total = total + cell.weight.numel() / every
    return total


def expected_work(net: Net, dt: Tensor, tick_s: float) -> Work:
    """The work on audio with ticks of tick_s seconds, of which those with dt (T, B) > 0 run a step.

    Every step runs the front-end once, because the complexity `energy` needs no features to decide."""
    rate = (dt > 0).float().mean() / tick_s
    return Work(rate, rate, rate * macs_per_step(net))


def power_loss(net: Net, dt: Tensor, tick_s: float) -> Tensor:
    """Millions of multiply-accumulates per second of audio, a scalar; the front-end's instructions count as such."""
    work = expected_work(net, dt, tick_s)
    return (work.macs_per_s + FRONTEND_MACS * work.frontend_runs_per_s) * 1e-6
