"""What networks that decide a whole window at once share: normalised log-mel in, one answer at its end out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...reference.frontend import FEATURE_LIMIT
from ..cells import UnsupportedCell
from ..model import ModelConfig, StreamState


class ClipNet(nn.Module):
    """A network of windows, called as a LiquidNet is; subclasses give `answer`.

    It has no state and knows no timestep: dt and decay_s are not looked at, log_mel is the window."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.input_dim))
        self.register_buffer("inv_std", torch.ones(config.input_dim))

    @property
    def cells(self) -> None:
        """Raises UnsupportedCell: what counts or prunes the weights of cells does not know these networks."""
        raise UnsupportedCell(f"'{self.config.cell_kind}' has no cells: "
                              "leave lambda_power, lambda_sparse and prune_share at 0")

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())

    def initial_state(self, batch: int) -> StreamState:
        return StreamState([], self.mean.new_zeros(batch, len(self.config.labels)))

    def features(self, log_mel: Tensor) -> Tensor:
        return ((log_mel - self.mean) * self.inv_std).clamp(-FEATURE_LIMIT, FEATURE_LIMIT)

    def forward(self, log_mel: Tensor, dt: Tensor, decay_s: Tensor, state: StreamState | None = None
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
