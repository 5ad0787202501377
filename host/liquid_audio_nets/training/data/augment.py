# SPDX-License-Identifier: MIT
"""Augmentation on mel power: speed, vocal tract length, channel colour, room echo, masks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LOG_FLOOR = 1e-6


@dataclass(frozen=True)
class Augment:
    """Table [augment] of a recipe.  A setting that the recipe leaves out is off.

    A share is the part of the sequences that are changed.  Synthetic speech has strengths of its own, because it has
    neither room nor noise, by which a network could tell it, and because its few voices are all alike."""

    speed: tuple[float, float] = (1.0, 1.0)
    gain_db: tuple[float, float] = (0.0, 0.0)
    warp: float = 0.0
    warp_share: float = 0.0
    synthetic_warp: float = 0.0
    synthetic_warp_share: float = 0.0
    tilt_db: float = 0.0
    synthetic_tilt_db: float = 0.0
    band_share: float = 0.0
    echo_share: float = 0.0
    noise_share: float = 0.0
    synthetic_echo_share: float = 0.0
    synthetic_noise_share: float = 0.0
    snr_db: tuple[float, float] = (0.0, 0.0)
    mask_channels: int = 0
    mask_share: float = 0.0
    shift_s: float = 0.0

    def strength(self, name: str, synthetic: Tensor | None) -> Tensor:
        """The setting `name` as a scalar; of shape (B,) if synthetic (B,) bool says which sequences take
        `synthetic_<name>`."""
        own = torch.tensor(getattr(self, name))
        return own if synthetic is None else torch.where(synthetic, getattr(self, f"synthetic_{name}"), own)


def warp_matrices(
    batch: int, channels: int, a: Augment, generator: torch.Generator, synthetic: Tensor | None = None
) -> Tensor:
    """(B, C, C): linear interpolation along the mel axis by a factor of 1 +- warp, as of another vocal tract."""
    random = torch.rand(2, batch, generator=generator)
    warped = random[1] < a.strength("warp_share", synthetic)
    factor = 1 + (random[0] * 2 - 1) * a.strength("warp", synthetic) * warped
    at = (torch.arange(channels)[None] * factor[:, None]).clamp(0, channels - 1)
    return (1 - (at[:, None, :] - torch.arange(channels)[None, :, None]).abs()).clamp_min(0)


def channel_gain(
    batch: int, channels: int, a: Augment, generator: torch.Generator, synthetic: Tensor | None = None
) -> Tensor:
    """Power gain (B, C) of a random microphone: a tilt, a gentle bend, and for a share of them a narrow band."""
    tilt_db = a.strength("tilt_db", synthetic).reshape(-1, 1)
    random = torch.randn(2, batch, 1, generator=generator) * tilt_db / 2
    x = torch.linspace(-1, 1, channels)[None]
    gain_db = random[0] * x + random[1] * (x * x - 1 / 3)
    share = torch.rand(3, batch, 1, generator=generator)
    index = torch.arange(channels)[None]
    high = index > 28 + share[1] * 10  # the band ends at about 4 .. 7 kHz
    low = index < 1 + share[2] * 5
    gain_db = gain_db - 30 * ((share[0] < a.band_share) & (high | low))
    return 10 ** (gain_db / 10)


def add_echo(power: Tensor, share: Tensor | float, generator: torch.Generator, tick_s: float) -> Tensor:
    """Power (T, B, C) with a room's tail, an exponential of 0.1 to 0.5 s reverberation time.

    share: of the sequences that get one, or a probability for each (B, 1)."""
    random = torch.rand(3, power.shape[1], 1, generator=generator)
    reverberation_s = 0.1 + 0.4 * random[0]
    decay = 10 ** (-6 * tick_s / reverberation_s)
    level = 0.3 * random[1] * (random[2] < share)
    tail = torch.zeros_like(power[0])
    out = torch.empty_like(power)
    for t in range(len(power)):
        torch.add(power[t], tail, out=out[t])
        tail = (tail + level * power[t]) * decay
    return out


def mask_channels(log_mel: Tensor, a: Augment, generator: torch.Generator) -> Tensor:
    """log_mel (T, B, C) with a band of up to mask_channels channels set to its mean over time, in mask_share of the
    sequences."""
    _, batch, channels = log_mel.shape
    random = torch.rand(3, batch, 1, generator=generator)
    width = random[0] * a.mask_channels * (random[2] < a.mask_share)
    start = random[1] * (channels - width)
    index = torch.arange(channels)[None]
    masked = (index >= start) & (index < start + width)
    return torch.where(masked[None], log_mel.mean(0, keepdim=True), log_mel)
