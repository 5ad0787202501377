# SPDX-License-Identifier: MIT
"""Whole recordings through the C core.  Other Python threads run while C does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core import ffi, lib
from ..lnn.arrays import Array
from .engine import LNN, Samples, as_samples, check

MAX_DETECTIONS = 4096


@dataclass
class Detection:
    """A label that passed its threshold.  time_s: seconds since the beginning of the clip."""

    time_s: float
    label: str
    confidence: float


@dataclass
class ClipResult:
    """label: index of the decision.  scores: posterior after the last step, float32 (n_labels,); None if no step ran."""

    label: int
    scores: Array | None
    detections: list[Detection]
    steps: int


def clip_features(lnn: LNN, audio: Samples, ends: Array) -> Array:
    """Features of the windows that end at the sample counts `ends`, by the core's own front-end.

    audio int16 (n,), ends int (frames,) -> float32 (frames, n_features).  Samples outside the audio count as zeros.
    """
    samples, ends = as_samples(audio), np.ascontiguousarray(ends, np.int64)
    out = np.empty((len(ends), lnn.info["n_features"]), np.float32)
    check(
        lib.lnn_batch_features(
            lnn.model,
            ffi.from_buffer("int16_t[]", samples),
            len(samples),
            ffi.from_buffer("int64_t[]", ends),
            len(ends),
            ffi.from_buffer("float[]", out),
        )
    )
    return out


def run_clip(lnn: LNN, audio: Samples, block_samples: int | None = None) -> ClipResult:
    """Resets the model and runs one clip, int16 (n,).

    The decision is the likeliest label after the last step that ran the cells.  If the gate let nothing through, it is
    the idle label, or the first label if there is no idle one.  block_samples: default one tick of the policy.
    """
    samples, n_labels = as_samples(audio), len(lnn.labels)
    block = block_samples or lnn.tick_samples
    scores, found = np.zeros(n_labels, np.float32), ffi.new("lnn_event_t[]", MAX_DETECTIONS)
    n_found, steps = ffi.new("size_t *"), ffi.new("uint32_t *")
    check(
        lib.lnn_batch_clip(
            lnn.model,
            ffi.from_buffer("int16_t[]", samples),
            len(samples),
            block,
            ffi.from_buffer("float[]", scores),
            found,
            MAX_DETECTIONS,
            n_found,
            steps,
        )
    )
    idle = lnn.info["idle_label"]
    idle = idle if idle < n_labels else 0
    label = int(scores.argmax()) if steps[0] else idle
    detections = [
        Detection(d.sample / lnn.sample_rate, lnn.labels[d.label], d.confidence)
        for d in ffi.unpack(found, min(n_found[0], MAX_DETECTIONS))
    ]
    return ClipResult(label, scores if steps[0] else None, detections, steps[0])
