# SPDX-License-Identifier: MIT
"""The same trained weights if frames are lost, or come more seldom than in training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..nets.model import Net
from ..nets.registry import DROPPING, named
from .windows import Windows, answers

LOSSES = ("none", "a quarter dropped", "twice the hop", "four times the hop")


def fills(name: str) -> tuple[str, ...]:
    """What may replace lost frames in a network of this name."""
    if named(name).liquid:
        return ("true dt",)
    if name.endswith(DROPPING):
        return ("skip",)
    return ("zero", "hold") if named(name).windowed else ("zero", "hold", "skip")


def arrived(windows: Windows, loss: str, seed: int = 0) -> np.ndarray:
    """Which frames come, (T, N) bool."""
    ticks, clips = windows.heard.shape
    if loss == "a quarter dropped":
        return windows.heard & (np.random.default_rng(seed).random((ticks, clips)) >= 0.25)
    every = {"none": 1, "twice the hop": 2, "four times the hop": 4}[loss]
    came: np.ndarray = windows.heard & ((np.arange(ticks)[:, None] + 1) % every == 0)
    return came


def elapsed(came: np.ndarray, tick_s: float) -> np.ndarray:
    """Seconds since the frame before, 0 for ticks without a frame; (T, N)."""
    index = np.arange(len(came))[:, None]
    last = np.maximum.accumulate(np.where(came, index, -1), axis=0)
    before = np.vstack([np.full((1, came.shape[1]), -1), last[:-1]])
    return np.where(came, (index - before) * tick_s, 0.0).astype(np.float32)


def filled(windows: Windows, came: np.ndarray, fill: str, mean: Tensor) -> Tensor:
    """log_mel (T, N, C) with a value for every lost frame: `zero` puts normalised features of 0, the mean (C,) of
    training; `hold` the last frame that came."""
    log_mel, lost = windows.log_mel, torch.from_numpy(windows.heard & ~came).unsqueeze(-1)
    if fill == "hold":
        index = np.maximum.accumulate(np.where(came | ~windows.heard, np.arange(len(came))[:, None], -1), axis=0)
        held = torch.from_numpy(np.maximum(index, 0)).unsqueeze(-1).expand_as(log_mel)
        first = torch.from_numpy(index < 0).unsqueeze(-1)  # nothing to hold yet
        return torch.where(first, mean, torch.where(lost, log_mel.gather(0, held), log_mel))
    return torch.where(lost, mean, log_mel)


def accuracy(net: Net, windows: Windows, loss: str, fill: str) -> float:
    """Share of clips decided right with frames lost; fill: `true dt` steps over the time that passed, `skip` steps as if
    none had, `zero` and `hold` step at every tick."""
    came = arrived(windows, loss)
    if fill == "true dt":
        answer = answers(net, windows, elapsed(came, windows.tick_s))
    elif fill == "skip":
        answer = answers(net, windows, came * np.float32(windows.tick_s))
    else:
        answer = answers(net, windows, log_mel=filled(windows, came, fill, net.mean))
    return float((answer == windows.label).mean())
