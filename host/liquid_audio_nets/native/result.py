# SPDX-License-Identifier: MIT
"""What a model heard: results and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._core import ffi
from ..lnn.arrays import Array


class Result:
    """What the last block brought; one object for each LNN, filled again by each call.

    It stays valid after its LNN is gone.
    """

    def __init__(self, labels: tuple[str, ...], memory: Array):
        """memory: of the model; the scores point into it.  c: the lnn_result_t that calls fill."""
        self._labels, self._memory, self.c = labels, memory, ffi.new("lnn_result_t *")

    def show(self, event: Any) -> Result:
        """A detection that shared its block with others has a result of its own."""
        self.c.keyword_detected, self.c.label, self.c.confidence = True, event.label, event.confidence
        self.c.timestep_us = event.timestep_us
        return self

    @property
    def keyword_detected(self) -> bool:
        """A label passed its threshold within the block."""
        return bool(self.c.keyword_detected)

    @property
    def is_speech(self) -> bool:
        """The gate is open and the likeliest label is not the idle one."""
        return bool(self.c.is_speech)

    @property
    def keyword(self) -> str:
        """The label detected in the block; if there is none, the likeliest label."""
        return self._labels[self.label]

    @property
    def label(self) -> int:
        """Index of keyword."""
        return int(self.c.label)

    @property
    def confidence(self) -> float:
        """Posterior of keyword.  Task anomaly: s / (1 + s), where s = 1 is the limit of what is normal."""
        return float(self.c.confidence)

    @property
    def timestep(self) -> float:
        """The timestep that the policy chose for the next step, s."""
        return float(self.c.timestep_us) * 1e-6

    @property
    def energy(self) -> float:
        """RMS of the last tick; full scale is 1."""
        return float(self.c.energy)

    @property
    def flux(self) -> float:
        """Spectral flux of the last step."""
        return float(self.c.flux)

    @property
    def complexity(self) -> float:
        """What the policy saw last, in the unit of its measure."""
        return float(self.c.complexity)

    @property
    def steps(self) -> int:
        """Steps of the cells since the reset."""
        return int(self.c.steps)

    @property
    def scores(self) -> tuple[float, ...]:
        """Posterior of every label, in the order of the labels.  Task anomaly: the share of each band in the error."""
        return tuple(ffi.unpack(self.c.scores, self.c.n_scores)) if self.c.n_scores else ()

    def __repr__(self) -> str:
        return f"<{self.keyword} {self.confidence:.2f}{' detected' if self.keyword_detected else ''}>"


@dataclass(frozen=True)
class Event:
    """One detection.  time_s: since the last reset, lost audio included.  timestep: chosen for the next step, s.

    sample: samples since the last reset up to the end of the tick that detected it."""

    label: str
    confidence: float
    time_s: float
    timestep: float
    sample: int
