# SPDX-License-Identifier: MIT
"""Golden vectors: audio in, logits out, computed by the C core and stored in the model."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..lnn import Golden, LnnError, Model, unsigned, write
from ..lnn.arrays import Array
from ..lnn.layout import LIMITS
from .clips import clip_features
from .engine import LNN, Samples, as_samples


def step_ends(lnn: LNN, audio: Samples) -> Array:
    """Resets the model and streams audio, int16 (n,); gives the sample count at the end of each step, int64 (steps,)."""
    samples, tick = as_samples(audio), lnn.tick_samples
    lnn.reset()
    ends, steps = [], 0
    for end in range(tick, len(samples) + 1, tick):
        now = lnn.process(samples[end - tick : end]).steps
        if now != steps:
            ends.append(end)
        steps = now
    return np.array(ends, np.int64)


def replay(lnn: LNN, audio: Samples, ends: Array) -> Array:
    """Resets the model and steps at the sample counts `ends`, without the engine -> logits float32 (steps, n_labels).

    No gate closes between the steps, so that the evidence of a liquid readout does not fade there."""
    features = clip_features(lnn, audio, ends)
    seconds = np.diff(ends, prepend=0).astype(np.float32) * (np.float32(1) / np.float32(lnn.sample_rate))
    lnn.reset()
    return np.array([lnn.step(x, float(dt)) for x, dt in zip(features, seconds, strict=True)])


def add_golden(model: Model, audio: Samples, tolerance: float = 2e-3) -> Model:
    """A copy of the model with golden vectors for `audio`, int16 (n,) of real sound; the first 10 s are used.

    A signature is dropped, with a LiquidWarning.
    tolerance: largest difference of a logit that selftest() accepts on any core.
    Raises LnnError NO_GOLDEN if the audio does not open the gate.
    """
    samples, model = as_samples(audio)[: LIMITS["golden_samples"]], unsigned(model)
    with LNN(write(dataclasses.replace(model, golden=None))) as lnn:
        steps = lnn.process(samples).steps
        if steps == 0:
            raise LnnError("NO_GOLDEN", "the audio is below the energy gate; take louder sound")
        golden = Golden(samples, lnn.logits(), steps, tolerance)
    finished = dataclasses.replace(model, golden=golden)
    with LNN(write(finished)) as lnn:
        lnn.selftest()
    return finished
