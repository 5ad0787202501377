# SPDX-License-Identifier: MIT
"""The streaming engine: ticks, gate, policy, steps at their true dt, detection.

Follows cmodule/core/{engine,evidence,gate,ring}.c decision by decision, on whole recordings and without
a ring.  Energies are exact integers as in C; complexities are floats, so that a complexity within
`margin` of a threshold may be decided otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..lnn.arrays import Array
from ..lnn.model import Model, Policy
from .cell import Network
from .timetable import Rows


class FeatureSource(Protocol):
    """What Engine needs of a front-end, such as reference.frontend.FrontEnd."""

    def features(self, samples: Array, ends: Array) -> Array:
        """int16 (n,), ends (frames,) -> features float32 (frames, n_mels)."""


@dataclass
class Step:
    """One step of the cells.  end: samples since the reset; detected: label index or None."""

    end: int
    dt_s: float
    features: Array
    logits: Array
    posterior: Array
    timestep_samples: int
    detected: int | None


@dataclass
class Gate:
    """The energy gate and the timestep, in samples and sums of squares over a tick."""

    policy: Policy
    sample_rate_hz: int
    open: bool = False
    hold_left: int = 0
    background: int = 0
    crossing_mean: float = 0.0
    complexity: float = 0.0
    margin: float = field(default=np.inf)
    """Smallest distance of a complexity from a threshold so far."""
    rows: Rows | None = None

    def __post_init__(self) -> None:
        p, one = self.policy, np.float32
        self.tick = p.min_timestep_us * self.sample_rate_hz // 1_000_000
        self.longest = p.max_timestep_us * self.sample_rate_hz // 1_000_000
        self.hold_ticks = -(-p.hold_us // p.min_timestep_us)
        full = one(2**30)
        close = one(p.energy_threshold) * one(p.gate_close_ratio)
        self.open_power = int(one(p.energy_threshold) * one(p.energy_threshold) * full * one(self.tick))
        self.close_power = int(close * close * full * one(self.tick))
        tick_s = one(self.tick) / one(self.sample_rate_hz)
        self.open_ratio_q8 = int(one(p.floor_ratio) * one(p.floor_ratio) * one(256))
        close_ratio = one(p.floor_ratio) * one(p.gate_close_ratio)
        self.close_ratio_q8 = int(close_ratio * close_ratio * one(256))
        self.rise_q16 = int(one(p.background_rise_per_s) * tick_s * one(65536))
        self.growth = int(one(p.release_growth) * one(256)) / 256
        self.timestep = self.tick

    def look(self, power: int, crossings: int) -> bool:
        """Looks at one tick: its sum of squares and its zero crossings.  Gives whether a step is due at once."""
        was_open, p = self.open, self.policy
        risen = self.background + (self.background >> 8) * (self.rise_q16 >> 4) // 16
        risen += ((self.background & 255) * self.rise_q16 >> 16) + (self.rise_q16 > 0)
        self.background = max(min(risen, power), self.close_power, 1)
        fixed, ratio_q8 = (self.close_power, self.close_ratio_q8) if was_open else (self.open_power, self.open_ratio_q8)
        loud = power >= max(fixed, (self.background >> 8) * ratio_q8 + ((self.background & 255) * ratio_q8 >> 8))
        if loud:
            self.open, self.hold_left = True, self.hold_ticks
        elif self.hold_left > 0:
            self.hold_left -= 1
        else:
            self.open = False
        if not self.open:
            self.complexity, self.timestep = 0.0, self.longest
            if self.rows:
                self.rows.rest()
            return False
        if not was_open:
            self.timestep = self.tick
        if p.complexity != "spectral_flux":
            self.complexity = self._tick_complexity(power, crossings)
            self._note_margin()
        if self.rows:
            self.rows.loud = loud
            self._choose(self.rows)
            return not was_open
        if p.complexity == "spectral_flux":
            return not was_open
        return not was_open or self.complexity >= p.attack_threshold

    def _choose(self, rows: Rows) -> None:
        rows.hear(int(self.complexity * 65536))
        self.timestep = rows.timestep(self.tick, self.longest)

    def after_step(self, flux: float, evidence: float = 0.0) -> None:
        """Chooses the next timestep; flux: the spectral flux of the step; evidence: the largest posterior of a label with a
        threshold, for a timetable."""
        p = self.policy
        if p.complexity == "spectral_flux":
            self.complexity = flux
            self._note_margin()
        if self.rows:
            self.rows.believe(round(evidence * 32768))
            self._choose(self.rows)
            return
        if self.complexity >= p.attack_threshold:
            self.timestep = self.tick
        elif self.complexity < p.release_threshold:
            self.timestep = min(int(self.timestep * self.growth), self.longest)

    def _tick_complexity(self, power: int, crossings: int) -> float:
        if self.policy.complexity == "zero_crossings":
            distance = crossings - self.crossing_mean
            self.crossing_mean += distance / 64
            return abs(distance) / self.tick
        return float(np.log2(power / self.background)) if power > self.background else 0.0

    def _note_margin(self) -> None:
        p = self.policy
        borders = self.rows.table.complexity[:2] if self.rows else (p.attack_threshold, p.release_threshold)
        for threshold in borders:
            if self.complexity or threshold:
                self.margin = min(self.margin, abs(self.complexity - threshold))


BLOCK = 64


class Meter:
    """The power of each tick: its sum of squares; if the policy has a floor_ratio, without DC and rumble.

    Then the tick is cut into blocks of 64 samples, and each loses what belongs to a mean: that of the block itself,
    towards which a shorter block at the end of the tick moves the last mean in proportion to its length.
    """

    def __init__(self, policy: Policy):
        self.high_pass, self.mean_q6 = policy.floor_ratio > 0, 0

    def power(self, tick: Array) -> int:
        """int16 (n,), one whole tick."""
        x = np.asarray(tick, np.int64)
        total = int(x @ x)
        for block in (x[at : at + BLOCK] for at in range(0, len(x) if self.high_pass else 0, BLOCK)):
            n, sum_ = len(block), int(block.sum())
            self.mean_q6 += sum_ - _divided(self.mean_q6 * n, BLOCK)
            total -= _divided(128 * self.mean_q6 * sum_ - n * self.mean_q6**2, 4096)
        return total


def _divided(a: int, b: int) -> int:
    """As C divides: towards zero."""
    return a // b if a >= 0 else -(-a // b)


class Engine:
    """A whole float model on whole recordings."""

    def __init__(self, model: Model, frontend: FeatureSource):
        self.model, self.frontend = model, frontend
        self.network = Network(model)
        self.gate = Gate(model.policy, model.sample_rate_hz)
        if model.timetable:
            self.gate.rows = Rows(model.timetable, model.sample_rate_hz)
        self.thresholds = np.array([label.threshold for label in model.labels])

    def run(self, samples: Array) -> list[Step]:
        """int16 (n,) from the reset -> the steps that it causes.  An incomplete last tick is left out."""
        rate, tick = self.model.sample_rate_hz, self.gate.tick
        armed, ready_at, elapsed = np.ones(len(self.thresholds), bool), np.zeros(len(self.thresholds), np.int64), 0
        rested = 0  # of the samples elapsed since the last step: those in which the evidence faded
        meter = Meter(self.model.policy)
        previous, steps = None, []
        negative = np.concatenate([[False], np.asarray(samples) < 0])
        crossed = np.cumsum(negative[1:] != negative[:-1])
        ends = np.arange(tick, len(samples) + 1, tick)
        all_features = self.frontend.features(samples, ends)
        for end, features in zip(ends.tolist(), all_features, strict=True):
            crossings = int(crossed[end - 1] - (crossed[end - tick - 1] if end > tick else 0))
            elapsed += tick
            due = self.gate.look(meter.power(samples[end - tick : end]), crossings)
            if not self.gate.open:
                self.network.rest(tick / rate)
                rested += tick
                armed |= self.network.posterior < self.thresholds
                continue
            if not due and elapsed < self.gate.timestep:
                continue
            previous = np.zeros_like(features) if previous is None else previous
            flux, previous = float(np.maximum(features - previous, 0).mean()), features
            logits = self.network.step(features, elapsed / rate, (elapsed - rested) / rate)
            posterior = self.network.posterior
            self.gate.after_step(flux, float(np.max(posterior[self.thresholds > 0], initial=0.0)))
            armed |= posterior < self.thresholds
            top = self._top()
            detected = None
            if 0 < self.thresholds[top] <= posterior[top] and armed[top] and end >= ready_at[top]:
                detected, armed[top] = top, False
                ready_at[top] = end + self.model.labels[top].refractory_us * rate // 1_000_000
            steps.append(Step(end, elapsed / rate, features, logits, posterior, self.gate.timestep, detected))
            elapsed = rested = 0
        return steps

    def _top(self) -> int:
        evidence, idle = self.network.evidence, self.model.readout.idle_label
        top = int(evidence.argmax())
        return idle if idle is not None and evidence[top] <= evidence[idle] else top
