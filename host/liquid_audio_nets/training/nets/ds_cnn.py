# SPDX-License-Identifier: MIT
"""`ds_cnn`: the depthwise-separable CNN of MLPerf Tiny's keyword spotting."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..settings.config import ModelConfig
from .clip_net import ClipNet

COEFFICIENTS, CHANNELS, BLOCKS = 10, 64, 4


def dct(channels: int, coefficients: int) -> Tensor:
    """(coefficients, channels): orthonormal DCT-II, which makes cepstra of log-mel channels."""
    k, n = torch.arange(coefficients)[:, None], torch.arange(channels)[None]
    matrix = torch.cos(math.pi * k * (2 * n + 1) / (2 * channels)) * math.sqrt(2 / channels)
    matrix[0] /= math.sqrt(2)
    return matrix


def _convolution(inputs: int, outputs: int, size: int | tuple[int, int], **shape: Any) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, bias=False, **shape), nn.BatchNorm2d(outputs), nn.ReLU()]


class DSCNN(ClipNet):
    """Convolution 10x4 in steps of 2x2, then 4 blocks of depthwise 3x3 and pointwise convolution, 64 channels each,
    mean over the window, linear readout.  Banbury et al., MLPerf Tiny Benchmark, arXiv 2106.07597, from the DS-CNN of
    Zhang et al., arXiv 1711.07128, table 1.

    The benchmark has 49 frames of 10 cepstra.  Here the 10 cepstra are a DCT of our 40 log-mel channels, and 50 frames of
    20 ms cost 2.66 M multiply-accumulates per window, as in the benchmark.  BatchNorm would be folded into the convolutions
    on a device."""

    dct: Tensor

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.register_buffer("dct", dct(config.input_dim, COEFFICIENTS))
        layers = [*_convolution(1, CHANNELS, (10, 4), stride=2, padding=(4, 1)), nn.Dropout(0.2)]
        for _ in range(BLOCKS):
            layers += _convolution(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS)
            layers += _convolution(CHANNELS, CHANNELS, 1)
        self.layers = nn.Sequential(*layers, nn.Dropout(0.4))
        self.layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types lack it
        self.readout = nn.Linear(CHANNELS, len(config.labels))

    def answer(self, frames: Tensor) -> Tensor:
        """frames (B, 1, T, C) -> logits (B, K)."""
        cepstra = nn.functional.linear(frames, self.dct)
        maps = self.layers(cepstra.contiguous(memory_format=torch.channels_last))
        logits: Tensor = self.readout(maps.mean((2, 3)))
        return logits


def macs(frames: int, channels: int, labels: int) -> int:
    """Multiply-accumulates per window, counted from the sizes of the layers, with the DCT."""
    positions = -(-frames // 2) * (COEFFICIENTS // 2)
    block = positions * CHANNELS * (9 + CHANNELS)
    return frames * channels * COEFFICIENTS + positions * CHANNELS * 40 + BLOCKS * block + CHANNELS * labels
