# SPDX-License-Identifier: MIT
"""Accuracy of a model file, run by the C core, when audio is lost or the hop is longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..audio.dataset import Dataset
from ..native import LNN, run_clip

DROPPED = 0.25
HOP_S = 0.02  # of the frames that networks are trained and compared on
HOPS = {"its own policy": 0, "every hop": 1, "a quarter dropped": 0, "twice the hop": 2, "four times the hop": 4}


@dataclass
class UnderLoss:
    """accuracy: share of clips decided right, by what was lost, in the order of HOPS."""

    accuracy: dict[str, float]
    clips: int


def under_loss(model: bytes, dataset: Dataset, seed: int = 0, progress: Callable[[], None] = lambda: None) -> UnderLoss:
    """Plays every clip once for each of HOPS.

    Every hop, twice and four times the hop: the policy's smallest and largest timestep are that long, in units of HOP_S.
    A quarter dropped: a quarter of the blocks, each one tick long, is replaced by skip().  Raises LnnError if the model
    is not valid."""
    with LNN(model) as lnn:
        rng = np.random.default_rng(seed)
        policy = {name: lnn.policy[name] for name in ("min_timestep", "max_timestep")}
        right, clips = dict.fromkeys(HOPS, 0), 0
        for clip, samples in dataset.read():
            clips += 1
            for loss, hops in HOPS.items():
                fixed = {"min_timestep": HOP_S * hops, "max_timestep": HOP_S * hops} if hops else policy
                lnn.set_adaptive_config(**fixed)
                label = _with_gaps(lnn, samples, rng) if loss == "a quarter dropped" else run_clip(lnn, samples).label
                right[loss] += lnn.labels[label] == clip.label
            progress()
    return UnderLoss({loss: n / max(clips, 1) for loss, n in right.items()}, clips)


def _with_gaps(lnn: LNN, samples: np.ndarray, rng: np.random.Generator) -> int:
    """Index of the label after the last step that ran; the idle label if none did."""
    lnn.reset()
    label = lnn.info["idle_label"] if lnn.info["idle_label"] < len(lnn.labels) else 0
    steps, block = 0, lnn.tick_samples
    for at in range(0, len(samples), block):
        part = samples[at : at + block]
        if rng.random() < DROPPED:
            lnn.skip(len(part))
            continue
        result = lnn.process(part)
        if result.steps > steps:
            steps, label = result.steps, int(np.argmax(result.scores))
    return label
