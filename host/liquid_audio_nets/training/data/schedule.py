# SPDX-License-Identifier: MIT
"""When the engine would run a step: the energy gate and the timestep policy, for many streams at once.

Gives for every tick the elapsed time of the step that runs there (0: none) and the time for which the gate stayed
closed.  The network's dynamics need to know nothing else of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ... import lnn
from ..settings.recipe import default

DT_MIN_S, DT_MAX_S = 0.001, 1.0


@dataclass
class Policy(lnn.Policy):
    """The file's policy with the smallest timestep and the threshold of the recipe `keywords`; complexity is always
    `energy` here."""

    min_timestep_us: int = field(default_factory=lambda: default("policy.min_timestep_us"))
    energy_threshold: float = field(default_factory=lambda: default("policy.energy_threshold"))

    @property
    def min_timestep_s(self) -> float:
        """Length of a tick, s."""
        return self.min_timestep_us * 1e-6

    @property
    def max_timestep_s(self) -> float:
        """The longest timestep, s."""
        return self.max_timestep_us * 1e-6


@dataclass
class Schedule:
    """dt (T, B): seconds since the last step where one runs, else 0; closed (T, B): seconds of closed gate."""

    dt: np.ndarray
    closed: np.ndarray


def engine_schedule(
    power: np.ndarray,
    policy: Policy,
    background: np.ndarray | None = None,
    gate_open: np.ndarray | None = None,
    tick_s: float | None = None,
) -> Schedule:
    """Plays the policy over power (T, B), the mean square of each tick at full scale 1, as the engine's gate counts it.

    background (B,) and gate_open (B,) start a stream in the middle; by default it begins at rest.  tick_s: in place
    of the policy's smallest timestep."""
    tick_s = tick_s or policy.min_timestep_s
    longest_s = max(policy.max_timestep_s, tick_s)
    ticks, batch = power.shape
    floor = (policy.energy_threshold * policy.gate_close_ratio) ** 2
    background = np.full(batch, floor) if background is None else np.maximum(background, floor)
    is_open = np.zeros(batch, bool) if gate_open is None else gate_open.copy()
    hold_ticks = int(np.ceil(policy.hold_us * 1e-6 / tick_s - 1e-9))
    hold_left = np.where(is_open, hold_ticks, 0)
    elapsed, timestep = np.zeros(batch), np.full(batch, tick_s)
    dt, closed = np.zeros((ticks, batch), np.float32), np.zeros((ticks, batch), np.float32)
    for t in range(ticks):
        p = power[t]
        elapsed += tick_s
        background = np.maximum(np.minimum(background * (1 + policy.background_rise_per_s * tick_s), p), floor)
        complexity = np.log2(np.maximum(p, 1e-20) / background)
        was_open = is_open
        ratio = policy.floor_ratio * np.where(was_open, policy.gate_close_ratio, 1.0)
        loud = p >= np.maximum(np.where(was_open, floor, policy.energy_threshold**2), ratio**2 * background)
        is_open = loud | (hold_left > 0)
        hold_left = np.where(loud, hold_ticks, np.maximum(hold_left - 1, 0))
        opens, attack = is_open & ~was_open, complexity >= policy.attack_threshold
        timestep = np.where(opens, tick_s, np.where(is_open, timestep, longest_s))
        runs = is_open & (opens | attack | (elapsed >= timestep - 1e-9))
        dt[t] = np.where(runs, np.clip(elapsed, DT_MIN_S, DT_MAX_S), 0.0)
        elapsed[runs] = 0.0
        grown = np.minimum(timestep * policy.release_growth, longest_s)
        calmer = np.where(complexity < policy.release_threshold, grown, timestep)
        timestep = np.where(runs, np.where(attack, tick_s, calmer), timestep)
        closed[t] = np.where(is_open, 0.0, tick_s)
    return Schedule(dt, closed)


def random_schedule(
    ticks: int,
    batch: int,
    rng: np.random.Generator,
    tick_s: float = 0.02,
    longest_hop_s: float = 0.1,
    drop: float = 0.3,
) -> Schedule:
    """`dt_augment`: each stream has its own hop of up to longest_hop_s and its own share of lost frames."""
    hop = rng.integers(1, max(round(longest_hop_s / tick_s), 1) + 1, batch)
    phase = rng.integers(0, 100, batch)
    runs = (np.arange(ticks)[:, None] + phase) % hop == 0
    runs &= rng.random((ticks, batch)) >= rng.uniform(0, drop, batch)
    index = np.arange(ticks)[:, None]
    last = np.maximum.accumulate(np.where(runs, index, -1), axis=0)
    previous = np.vstack([np.full((1, batch), -1), last[:-1]])
    dt = np.where(runs, np.clip((index - previous) * tick_s, DT_MIN_S, DT_MAX_S), 0.0).astype(np.float32)
    return Schedule(dt, np.zeros_like(dt))
