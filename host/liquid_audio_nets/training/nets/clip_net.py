"""What networks that decide a whole window at once share: normalised log-mel in, one answer at its end out."""

from __future__ import annotations

import torch
from torch import Tensor

from .cells import UnsupportedCell
from .model import Net, StreamState


class ClipNet(Net):
    """A network of windows, called as a LiquidNet is; subclasses give `answer`.

    It has no state and knows no timestep: dt and decay_s are not looked at, log_mel is the window."""

    @property
    def cells(self) -> None:
        """Raises UnsupportedCell: what counts or prunes the weights of cells does not know these networks."""
        raise UnsupportedCell(
            f"'{self.config.cell_kind}' has no cells: leave lambda_power, lambda_sparse and prune_share at 0"
        )

    def initial_state(self, batch: int) -> StreamState:
        """None but zeros for the logits."""
        return StreamState([], self.mean.new_zeros(batch, len(self.config.labels)))

    def forward(
        self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
    ) -> tuple[Tensor, StreamState]:
        """log_mel (T, B, C) -> (logits of the window (1, B, K), a state that is not used)."""
        frames = self.features(log_mel).transpose(0, 1).unsqueeze(1)
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=self.training):
            logits = self.answer(frames)
        logits = logits.float().unsqueeze(0)
        return logits, StreamState([], logits[-1])

    def answer(self, frames: Tensor) -> Tensor:
        """frames (B, 1, T, C) -> logits (B, K)."""
        raise NotImplementedError
