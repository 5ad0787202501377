# SPDX-License-Identifier: MIT
"""Learning from a larger network's answers beside the labels (Hinton et al., arXiv 1503.02531)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..nets.model import Net, StreamState


class Teacher:
    """A trained network at work on the student's batches.  Raises ValueError where it cannot teach the student."""

    def __init__(self, net: Net, student: Net):
        ours, theirs = student.config, net.config
        missing = [label for label in ours.labels if label not in theirs.labels]
        if missing:
            raise ValueError(f"the teacher does not know the label '{missing[0]}'")
        if ours.input_dim != theirs.input_dim:
            raise ValueError(f"the teacher hears {theirs.input_dim} channels, the student {ours.input_dim}")
        self.net = net.requires_grad_(False).to(student.mean.device)
        self.columns = torch.tensor([theirs.labels.index(label) for label in ours.labels], device=student.mean.device)

    @torch.no_grad()
    def evidence(self, batch: Any, state: StreamState) -> tuple[Tensor, StreamState]:
        """The teacher's evidence (T, B, K) for the student's labels, from a state of its own streams, and the state after."""
        evidence, end = self.net(batch.log_mel, batch.dt, batch.closed_s, state)
        return evidence[..., self.columns], end


def distillation_loss(evidence: Tensor, teacher: Tensor, weight: Tensor, temperature: float) -> Tensor:
    """temperature^2 times the divergence of the softened answers, evidence and teacher (T, B, K), weight (T, B).

    Half of the weight is spread evenly: a teacher has something to say at every tick."""
    wanted = torch.log_softmax(teacher / temperature, -1)
    given = torch.log_softmax(evidence / temperature, -1)
    divergence = (wanted.exp() * (wanted - given)).sum(-1)
    share = 0.5 * weight / weight.sum().clamp_min(1e-6) + 0.5 / weight.numel()
    return temperature**2 * (divergence * share).sum()
