# SPDX-License-Identifier: MIT
"""Accuracy of a network on stored clips, played through the engine's gate and policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...audio.dataset import SILENCE
from ..data.augment import LOG_FLOOR
from ..data.frame_store import BLOCK_S, FrameStore, tick_energy
from ..data.own import SOURCE as OWN
from ..data.schedule import Policy, Schedule, engine_schedule
from ..nets.model import Net
from ..settings.recipe import build, default


@dataclass
class Clips:
    """Fixed pieces of a store: of each its first frame, its length in blocks of 10 ms, and the index of its label."""

    start: np.ndarray
    blocks: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def whole(cls, store: FrameStore, clips: np.ndarray, labels: tuple[str, ...]) -> Clips:
        """Stored clips from their beginning to their end."""
        label = np.array([labels.index(store.label[c]) for c in clips], int)
        return cls(store.offset[clips], store.blocks[clips], label)

    @classmethod
    def slices(cls, store: FrameStore, clips: np.ndarray, labels: tuple[str, ...], blocks: int = 100) -> Clips:
        """Consecutive pieces of `blocks` blocks; the windows of a piece see what came before it."""
        start, label = [], []
        for c in clips:
            pieces = range(0, int(store.blocks[c]) - blocks + 1, blocks)
            start += [int(store.offset[c]) + p for p in pieces]
            label += [labels.index(store.label[c])] * len(pieces)
        return cls(np.array(start, int), np.full(len(start), blocks), np.array(label, int))

    def __add__(self, other: Clips) -> Clips:
        return Clips(*(np.concatenate([getattr(self, f), getattr(other, f)]) for f in ("start", "blocks", "label")))


def validation_clips(store: FrameStore, labels: tuple[str, ...]) -> Clips:
    """The clips that are reported: words of validation speakers, held-out synthetic voices for labels without recordings,
    and held-out slices of background noise if `_silence_` is a label."""
    spoken = store.where(source="synthetic", split="validation")
    recorded = store.where(source=("commands", OWN), split="validation")
    never_recorded = np.setdiff1d(labels, store.label[store.source == "commands"])
    spoken = spoken[np.isin(store.label[spoken], never_recorded)]
    words = Clips.whole(store, np.concatenate([recorded, spoken]), labels)
    if SILENCE not in labels:
        return words
    return words + Clips.slices(store, store.where(source="noise", split="validation"), labels)


@torch.no_grad()
def posteriors(
    net: Net,
    store: FrameStore,
    clips: Clips,
    policy: Policy | None = None,
    schedule: Schedule | None = None,
    chunk: int = 512,
) -> np.ndarray:
    """Softmax of the evidence at the end of each clip, from a fresh start; float32 (clips, K).

    A tick is the policy's smallest timestep in whole blocks of 10 ms.  A clip for which no step runs has all probability
    on `_silence_`, or on the first label if the model has no `_silence_`.  schedule: instead of the one that the policy
    gives; chunk: clips that are computed at once."""
    policy = policy or build(Policy, default("policy"))
    labels, tick_blocks = net.config.labels, round(policy.min_timestep_s / BLOCK_S)
    idle = np.eye(len(labels), dtype=np.float32)[labels.index(SILENCE) if SILENCE in labels else 0]
    out = np.empty((len(clips), len(labels)), np.float32)
    for low in range(0, len(clips), chunk):
        part = slice(low, low + chunk)
        blocks = clips.blocks[part]
        at = np.arange(1, blocks.max() // tick_blocks + 1)[:, None] * tick_blocks
        heard: np.ndarray = at <= blocks
        index = np.where(heard, clips.start[part] + at - 1, 0)
        energy = tick_energy(store.energy, index, tick_blocks) * heard
        play = schedule or engine_schedule(energy, policy, tick_s=tick_blocks * BLOCK_S)
        dt = np.where(heard, play.dt[: len(at), : len(blocks)], 0).astype(np.float32)
        log_mel = torch.log(torch.from_numpy(store.mel[index] * heard[..., None]) + LOG_FLOOR)
        inputs = (log_mel, torch.from_numpy(dt), torch.from_numpy(play.closed[: len(at), : len(blocks)] * heard))
        evidence, _ = net(*(x.to(net.mean.device) for x in inputs))
        p = torch.softmax(evidence[-1], -1).cpu().numpy()
        out[part] = np.where((dt > 0).any(0, keepdims=True).T, p, idle)
    return out


def score_and_confusion(truth: np.ndarray, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """What is logged of answers (n,) to clips whose labels are truth (n,), both as indices of labels.

    Returns {"score": accuracy, "clips", "labels", "per_label": {label: recall}, "confusion": rows of the truth}."""
    matrix = confusion_matrix(truth, answer, len(labels))
    recall = matrix.diagonal() / np.maximum(matrix.sum(1), 1)
    return {
        "score": float((truth == answer).mean()),
        "clips": len(truth),
        "labels": list(labels),
        "per_label": dict(zip(labels, recall.round(4).tolist(), strict=True)),
        "confusion": matrix.tolist(),
    }


def confusion_matrix(truth: np.ndarray, answer: np.ndarray, count: int) -> np.ndarray:
    """Rows: truth; columns: answer; int (count, count)."""
    return np.bincount(truth * count + answer, minlength=count * count).reshape(count, count)
