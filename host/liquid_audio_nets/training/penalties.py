"""Loss terms: evidence against allowed labels, power as the engine counts it, sparsity."""

from __future__ import annotations

import torch
from torch import Tensor

from .model import LiquidNet

_NEGLIGIBLE = 0.02  # weights well below this cost next to nothing once pruned


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


def power_loss(net: LiquidNet, dt: Tensor) -> Tensor:
    """Expected share of the densest possible work: steps that run times multiplications that remain.

    dt (T, B), 0 where no step runs.  1 = every tick a step with all weights."""
    weights = _matrices(net)
    kept = sum((1 - torch.exp(-(w / _NEGLIGIBLE) ** 2)).sum() for w in weights) / sum(w.numel() for w in weights)
    return (dt > 0).float().mean() * kept
