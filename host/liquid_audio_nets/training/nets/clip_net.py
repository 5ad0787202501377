# SPDX-License-Identifier: MIT
"""What networks share that decide a whole window at once: normalised log-mel in, one answer at its end out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..settings.errors import UnsupportedCell
from .cells import Cell
from .model import Net, StreamState


class ClipNet(Net):
    """A network of windows that is called like a LiquidNet; subclasses implement `answer`.

    It has no state and no timestep: dt and decay_s are ignored, and log_mel is the window."""

    @property
    def cells(self) -> Sequence[Cell]:  # type: ignore[override]  # to read it is the mistake that is named
        """Raises UnsupportedCell, because nothing can count or prune the weights of cells here."""
        raise UnsupportedCell(
            f"'{self.config.cell_kind}' has no cells: leave complexity_penalty, sparsity_penalty and prune_share at 0"
        )

    def initial_state(self, batch: int) -> StreamState:
        """Zeros for the logits; there is no other state."""
        return StreamState([], self.mean.new_zeros(batch, len(self.config.labels)), self.mean.new_zeros(batch, 0))

    def forward(
        self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor, StreamState]:
        """log_mel (T, B, C) -> (logits of the window (1, B, K), a state that is never read)."""
        frames = self.features(log_mel).transpose(0, 1).unsqueeze(1)
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=self.training):
            logits = self.answer(frames)
        logits = logits.float().unsqueeze(0)
        return logits, StreamState([], logits[-1], logits.new_zeros(len(logits[-1]), 0))

    def answer(self, frames: Tensor) -> Tensor:
        """frames (B, 1, T, C) -> logits (B, K)."""
        raise NotImplementedError
