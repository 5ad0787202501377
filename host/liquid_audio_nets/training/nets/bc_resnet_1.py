# SPDX-License-Identifier: MIT
"""`bc_resnet_1`: broadcasted residual learning, the smallest accurate CNN of keyword spotting."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..settings.config import ModelConfig
from .clip_net import ClipNet

STEM, HEAD, BANDS = 16, 32, 5
# Channels, blocks, stride in frequency, dilation in time of each stage.
STAGES = ((8, 2, 1, 1), (12, 2, 2, 2), (16, 4, 2, 4), (20, 4, 1, 8))


class SubSpectralNorm(nn.Module):
    """BatchNorm for each of 5 bands of frequency by itself: Chang et al., arXiv 2103.13620."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels * BANDS)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, F, T)."""
        b, c, f, t = x.shape
        y: Tensor = self.norm(x.reshape(b, c * BANDS, f // BANDS, t)).view(b, c, f, t)
        return y


class Block(nn.Module):
    """y = x + f2(x) + broadcast over frequency of f1(mean over frequency of f2(x)); the first block of a stage
    changes the channels and has no x.  Kim et al., arXiv 2106.04140, equation 2 and figure 2."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int):
        super().__init__()
        self.same = inputs == outputs
        pointwise = [] if self.same else [nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.f2 = nn.Sequential(
            *pointwise,
            nn.Conv2d(outputs, outputs, (3, 1), (stride, 1), (1, 0), groups=outputs, bias=False),
            SubSpectralNorm(outputs),
        )
        self.f1 = nn.Sequential(
            nn.Conv2d(
                outputs, outputs, (1, 3), padding=(0, dilation), dilation=(1, dilation), groups=outputs, bias=False
            ),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 1, bias=False),
            nn.Dropout2d(0.1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, F, T)."""
        spectral = self.f2(x)
        y = self.f1(spectral.mean(2, keepdim=True)) + spectral
        return torch.relu(y + x if self.same else y)


class BCResNet1(ClipNet):
    """BC-ResNet-1: Kim et al., arXiv 2106.04140, table 1 with c = 8.

    The paper has 98 frames of 10 ms; here there are 50 of 20 ms, and so half the work per window."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        layers: list[nn.Module] = [nn.Conv2d(1, STEM, 5, (2, 1), 2, bias=False), nn.BatchNorm2d(STEM), nn.ReLU()]
        heard = STEM
        for channels, blocks, stride, dilation in STAGES:
            for i in range(blocks):
                layers.append(Block(heard, channels, 1 if i else stride, dilation))
                heard = channels
        self.layers = nn.Sequential(
            *layers,
            nn.Conv2d(heard, heard, 5, padding=(0, 2), groups=heard, bias=False),
            nn.Conv2d(heard, HEAD, 1, bias=False),
            nn.BatchNorm2d(HEAD),
            nn.ReLU(),
        )
        self.readout = nn.Linear(HEAD, len(config.labels), bias=False)

    def answer(self, frames: Tensor) -> Tensor:
        """frames (B, 1, T, C), C a multiple of 40 -> logits (B, K)."""
        logits: Tensor = self.readout(self.layers(frames.transpose(2, 3).contiguous()).mean((2, 3)))
        return logits


def macs(frames: int, channels: int, labels: int) -> int:
    """Multiply-accumulates per window, counted from the sizes of the layers."""
    bands, heard = channels // 2, STEM
    total = bands * frames * STEM * 25
    for width, blocks, stride, _ in STAGES:
        total += bands * frames * heard * width  # the pointwise convolution stands before the stride
        bands, heard = bands // stride, width
        total += blocks * (bands * frames * width * 3 + frames * width * (3 + width))
    bands -= 4
    return total + bands * frames * heard * (25 + HEAD) + HEAD * labels
