"""Loss terms: evidence against allowed labels, power as the engine counts it, sparsity."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .model import LiquidNet
from .pruning import block_mean

FRONTEND_MACS = 19_000  # 24.6 k instructions on the Cortex-M4F at 1.3 a product
_NEGLIGIBLE = 0.02  # blocks with a root mean square well below this cost nothing once pruned


def allowed_loss(evidence: Tensor, allowed: Tensor, weight: Tensor, smoothing: float) -> Tensor:
    """-log of the probability of the allowed labels; evidence and allowed (T, B, K), weight (T, B).

    smoothing spreads that share of the target over all labels, which keeps confidences honest."""
    log_p = torch.log_softmax(evidence, -1)
    right = torch.logsumexp(log_p.masked_fill(~allowed, -30.0), -1)
    loss = (1 - smoothing) * right + smoothing * log_p.mean(-1)
    return -(loss * weight).sum() / weight.sum().clamp_min(1e-6)


def _matrices(net: LiquidNet) -> list[Tensor]:
    return [cell.weight for cell in net.cells] + [net.readout.weight]


def sparsity_loss(net: LiquidNet) -> Tensor:
    """Mean absolute weight: pushes small weights to zero."""
    weights = _matrices(net)
    return sum(w.abs().sum() for w in weights) / sum(w.numel() for w in weights)


@dataclass
class Work:
    """What the engine's counters would say of a second of audio: steps, front-end runs and multiply-accumulates that are
    not skipped, scalars."""

    steps_per_s: Tensor
    frontend_runs_per_s: Tensor
    macs_per_s: Tensor


def macs_per_step(net: LiquidNet) -> Tensor:
    """Expected multiply-accumulates of a step: a block of four by four counts as soon as one of its weights does."""
    total = net.readout.weight.new_tensor(float(net.readout.weight.numel()))
    for cell in net.cells:
        if isinstance(cell.weight, nn.Parameter) and len(cell.weight) == 2 * cell.units:
            mean, index = block_mean(cell, cell.weight.square())
            total = total + (mean / (mean + _NEGLIGIBLE**2))[index].sum()  # pulls at large weights, too
        else:
            total = total + cell.weight.numel()
    return total


def expected_work(net: LiquidNet, dt: Tensor, tick_s: float) -> Work:
    """Work on audio whose ticks of tick_s run steps where dt (T, B) > 0.

    Every step runs the front-end once: complexity `energy` needs none to decide."""
    rate = (dt > 0).float().mean() / tick_s
    return Work(rate, rate, rate * macs_per_step(net))


def power_loss(net: LiquidNet, dt: Tensor, tick_s: float) -> Tensor:
    """Millions of multiply-accumulates a second, the front-end's instructions counted as such."""
    work = expected_work(net, dt, tick_s)
    return (work.macs_per_s + FRONTEND_MACS * work.frontend_runs_per_s) * 1e-6
