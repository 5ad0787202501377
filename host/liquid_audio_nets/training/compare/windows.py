# SPDX-License-Identifier: MIT
"""The validation clips as one block of frames, and the answer of any network to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..data.augment import LOG_FLOOR
from ..data.frame_store import BLOCK_S, FrameStore
from ..loop.evaluation import Clips


@dataclass
class Windows:
    """log_mel (T, N, C) of N clips, silence after a clip's end; heard (T, N): not after it; label (N,); tick_s."""

    log_mel: Tensor
    heard: np.ndarray
    label: np.ndarray
    tick_s: float

    @classmethod
    def of(cls, store: FrameStore, clips: Clips, tick_blocks: int, blocks: int = 100) -> Windows:
        """Of stored clips; blocks: length of the longest one, in blocks of 10 ms."""
        at = np.arange(1, blocks // tick_blocks + 1)[:, None] * tick_blocks
        heard = at <= clips.blocks
        power = store.mel[np.where(heard, clips.start + at - 1, 0)] * heard[..., None]
        return cls(torch.from_numpy(np.log(power + np.float32(LOG_FLOOR))), heard, clips.label, tick_blocks * BLOCK_S)


@torch.no_grad()
def answers(
    net: nn.Module, windows: Windows, dt: np.ndarray | None = None, log_mel: Tensor | None = None, chunk: int = 512
) -> np.ndarray:
    """Index of the likeliest label at the end of each clip, (N,).

    dt (T, N) s, 0 = no step: by default a step every tick until the clip's end.  log_mel: instead of the windows' own."""
    log_mel = windows.log_mel if log_mel is None else log_mel
    steps = torch.from_numpy(windows.heard * np.float32(windows.tick_s) if dt is None else dt.astype(np.float32))
    net.eval()
    parts = [slice(low, low + chunk) for low in range(0, len(windows.label), chunk)]
    ends = [net(log_mel[:, p], steps[:, p], torch.zeros_like(steps[:, p]))[0][-1] for p in parts]
    answer: np.ndarray = torch.cat(ends).argmax(1).numpy()
    return answer
