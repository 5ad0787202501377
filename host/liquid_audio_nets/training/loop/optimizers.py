# SPDX-License-Identifier: MIT
"""The optimiser: AdamW, or Muon for the cells' matrices with AdamW for everything else."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

OPTIMIZERS = ("adamw", "muon")
MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer", "step")  # what optimisers remember of a parameter


class Together:
    """Several optimisers, each with its own parameters, that act as one and keep their state in one place."""

    def __init__(self, *optimizers: Optimizer):
        self.optimizers = optimizers
        self.param_groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        self.state: dict[Tensor, dict[str, Any]] = optimizers[0].state
        for optimizer in optimizers:
            optimizer.state = self.state

    def step(self) -> None:
        """One step of every optimiser."""
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clears the gradients of all parameters, as torch's optimisers do."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none)


def make_optimizer(net: nn.Module, kind: str, learning_rate: float, weight_decay: float) -> AdamW | Together:
    """kind: one of OPTIMIZERS.  Muon (https://kellerjordan.github.io/posts/muon) takes steps of orthogonal matrices, here
    as large as AdamW's would be, so that one learning rate serves both (Liu et al., arXiv 2502.16982).

    Raises ValueError for another kind."""
    if kind not in OPTIMIZERS:
        raise ValueError(f"no optimizer '{kind}'; give {' or '.join(OPTIMIZERS)}")
    named = dict(net.named_parameters())
    orthogonal = [name for name, p in named.items() if kind == "muon" and name.startswith("cells.") and p.dim() == 2]
    others = [p for name, p in named.items() if name not in orthogonal]
    groups = [
        {"params": [p for p in others if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in others if p.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = AdamW(groups, lr=learning_rate, betas=(0.9, 0.99))
    if not orthogonal:
        return adamw
    cells = [named[name] for name in orthogonal]
    return Together(Muon(cells, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"), adamw)
