# SPDX-License-Identifier: MIT
"""The search for a timetable: CMA-ES (Hansen, arXiv 1604.00772) over the timesteps and the borders of the levels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..lnn import Policy, Timetable
from ..lnn.arrays import Array
from ..lnn.policy import TIMESTEPS
from .trial import Bench, Choice, Trial

LONGEST_MS = 400  # a longer step would sleep through a short word
COMPLEXITY = "spectral_flux"  # the energy of a sudden noise stays above the noise floor for seconds, its flux does not
COMPLEXITY_MOST, COMPLEXITY_MARGIN = 0.6, 1 / 64
EVIDENCE_MARGIN = 1 / 64
SIGMA = 0.08
POPULATION, FINALISTS = 10, 8
SAME_MS = ([1], [64], [128], [LONGEST_MS])  # at least a tick
TOLERATED = 0.003  # of the recall, compared with the reference: less than the 0.5 points that are promised
MISS_PRICE, OVER_BUDGET = 40.0, 10.0  # against the share of the reference's instructions that a policy costs
N = TIMESTEPS + 4
Tried: TypeAlias = tuple[Choice, Trial, float]
"""A policy, its trial, and its latency in s."""


@dataclass(frozen=True)
class Goal:
    """What a policy is judged by.  reference: the trial whose recall must not be missed by more than TOLERATED.
    false_accepts: at most so many.  power_mw, latency_s: budgets."""

    reference: Trial
    false_accepts: int
    power_mw: float
    latency_s: float

    def cost(self, trial: Trial, latency_s: float) -> float:
        """Share of the reference's instructions, and a price for what is worse than the goal."""
        lost = max(self.reference.recall - TOLERATED - trial.recall, 0.0)
        more = max(trial.false_accepts - self.false_accepts, 0) / max(trial.words, 1)
        over = max(trial.compute_mw / self.power_mw - 1, 0.0) + max(latency_s / self.latency_s - 1, 0.0)
        return trial.instructions / self.reference.instructions + MISS_PRICE * (lost + more) + OVER_BUDGET * over

    def met(self, trial: Trial, latency_s: float) -> bool:
        """Whether both budgets are kept."""
        return trial.compute_mw <= self.power_mw and latency_s <= self.latency_s


def decode(x: Array, policy: Policy) -> Choice:
    """(N,) from 0 to 1 -> a policy with a timetable: logarithms of the timesteps, then the borders."""
    tick_ms = policy.min_timestep_us / 1000
    steps = tick_ms * (LONGEST_MS / tick_ms) ** np.clip(x[:TIMESTEPS], 0, 1)
    whole = np.clip(np.rint(steps / tick_ms) * tick_ms, 1, 1000)
    low, high = np.sort(np.clip(x[TIMESTEPS : TIMESTEPS + 2], 0, 1)) * COMPLEXITY_MOST
    doubt, belief = np.sort(np.clip(x[TIMESTEPS + 2 :], 0, 1)) ** 2  # noise leaves a few percent
    table = Timetable(
        (round(1024 * low) / 1024, round(1024 * high) / 1024, COMPLEXITY_MARGIN),
        (round(32768 * doubt) / 32768, round(32768 * belief) / 32768, EVIDENCE_MARGIN),
        tuple(int(np.ceil(ms)) for ms in whole),
    )
    longest_us = max(policy.min_timestep_us, 1000 * max(table.timestep_ms))
    return Choice(dataclasses.replace(policy, max_timestep_us=longest_us, complexity=COMPLEXITY), table)


def encode(steps_ms: Sequence[float], policy: Policy) -> Array:
    """The x of decode() with these timesteps and usual borders.  steps_ms: one for all, or TIMESTEPS."""
    tick_ms = policy.min_timestep_us / 1000
    x = np.full(N, 0.0)
    x[:TIMESTEPS] = np.log(np.maximum(steps_ms, tick_ms) / tick_ms) / np.log(LONGEST_MS / tick_ms)
    x[TIMESTEPS : TIMESTEPS + 2] = np.array([0.1, 0.2]) / COMPLEXITY_MOST
    x[TIMESTEPS + 2 :] = np.sqrt([0.012, 0.97])
    return np.asarray(np.clip(x, 0.01, 0.99))


GUESS_MS = (128, 64, 192, 64, 32, 96, 32, 32, 64, 64, 32, 96, 32, 32, 64, 32, 32, 32)
"""Where the search begins: long steps while it is calm and nothing is believed, or a word was heard; short ones otherwise."""


def search(
    bench: Bench, policy: Policy, goal: Goal, trials: int, seed: int, progress: Callable[[], None]
) -> list[Tried]:
    """Every policy that was tried, with its trial and its latency in s: steps of one length first, so that a budget which any
    of them keeps is kept.

    Raises ModuleNotFoundError without cma."""
    import cma

    options = {"bounds": [0, 1], "popsize": POPULATION, "seed": seed + 1, "verbose": -9, "maxfevals": trials}
    strategy = cma.CMAEvolutionStrategy(encode(GUESS_MS, policy), SIGMA, options)
    tried: list[Tried] = []

    def judged(x: Array) -> float:
        choice = decode(x, policy)
        trial, late = bench.run(choice), bench.latency_s(choice)
        tried.append((choice, trial, late))
        progress()
        return goal.cost(trial, late)

    for steps_ms in (*SAME_MS, GUESS_MS):
        judged(encode(steps_ms, policy))
    while not strategy.stop() and len(tried) < trials:
        asked = strategy.ask()
        strategy.tell(asked, [judged(x) for x in asked])
    return tried


def finals(kept: Sequence[Tried], first: Goal, bench: Bench, second: Goal) -> Choice:
    """The best of the best ones on both streams: what was luck on the first one is not repeated.  bench: of the second one."""
    best = sorted(kept, key=lambda each: first.cost(*each[1:]))[:FINALISTS]
    return min(best, key=lambda each: first.cost(*each[1:]) + second.cost(bench.run(each[0]), each[2]))[0]
