# SPDX-License-Identifier: MIT
"""Learning when to step, for a model, from recordings, within budgets."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from ..audio.files import SAMPLE_RATE_HZ, AudioError
from ..lnn import Model, load, write
from ..power import draw, find_device
from .controller import Compared, Controller
from .errors import BudgetError
from .search import LONGEST_MS, Goal, decode, encode, finals, search
from .stream import Clips, Stream, mixed, read_clips
from .trial import Bench, Choice

DEVICE = "nrf52840dk"
WORDS, JUDGED_WORDS, MOST_CLIPS = 150, 300, 60
TRIALS = 200


def learn_timestep_controller(
    model: Model | str | os.PathLike[str],
    dataset: str | os.PathLike[str] | Clips,
    power_budget: float = 1.0,
    latency_budget: float = 20.0,
    *,
    device: str = DEVICE,
    trials: int = TRIALS,
    words: int = WORDS,
    judged_words: int = JUDGED_WORDS,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> Controller:
    """A policy that costs as few instructions as possible on a mixed stream (a fifth speech, half noise, the rest quiet) and
    hears as much as a fixed hop does: at most 0.5 points of recall less, and no more false accepts.

    model: an .lnn file or a Model for words.  dataset: a folder with a folder per word, whose training clips are learned from
    and whose validation clips judge; or pairs of a label and a clip (int16, or float from -1 to 1), of which every fourth
    one of a label judges.  power_budget: mW of compute on `device`, a chip or board that liquid-profile knows.
    latency_budget: ms, the median time from a loud sound of a word until the step that hears it has ended.  trials: policies that
    are tried.  words: of the stream that is learned from, and of a second one on which the
    best ones compete; judged_words: of the one that judges.
    Raises BudgetError, which names the nearest budget, if no policy keeps one; AudioError if the data lack words or the
    model hears none; PowerError for an unknown device; LnnError for a bad model; ModuleNotFoundError without cma."""
    parsed = model if isinstance(model, Model) else load(model)
    wanted = [label.name for label in parsed.labels if label.threshold > 0]
    if parsed.task not in ("keywords", "wake_word") or not wanted:
        raise AudioError(f"a timestep is learned for models that detect words, and this one's task is {parsed.task}")
    if parsed.sample_rate_hz != SAMPLE_RATE_HZ:
        raise AudioError(f"recordings are read at {SAMPLE_RATE_HZ} Hz, but the model needs {parsed.sample_rate_hz} Hz")
    where = find_device(device)
    learned_from, again, judged_on = streams(
        dataset, [label.name for label in parsed.labels], wanted, words, judged_words, seed
    )
    content = write(dataclasses.replace(parsed, timetable=None, golden=None, signature=None, signed_digest=None))

    def bench(stream: Stream) -> Bench:
        return Bench(parsed, content, stream, draw(where), where.chip.target)

    here, tick = bench(learned_from), parsed.policy.min_timestep_us
    fixed = Choice(dataclasses.replace(parsed.policy, max_timestep_us=tick))
    own = Choice(parsed.policy, parsed.timetable)
    require_feasible(here, parsed, power_budget, latency_budget)

    def goal_of(bench: Bench) -> Goal:
        found = [bench.run(fixed), bench.run(own)]
        return Goal(found[0], min(each.false_accepts for each in found), power_budget, latency_budget / 1e3)

    goal = goal_of(here)
    tried = search(here, parsed.policy, goal, trials, seed, progress)
    kept = [each for each in tried if goal.met(*each[1:])]
    if not kept:
        nearest = min(tried, key=lambda each: max(each[1].compute_mw / power_budget, each[2] * 1e3 / latency_budget))
        raise BudgetError(
            f"no policy of {len(tried)} kept both budgets; the nearest takes {nearest[1].compute_mw:.3f} mW of compute at a "
            f"latency of {1e3 * nearest[2]:.1f} ms: allow that, or give more trials",
            nearest[1].compute_mw,
        )
    second = bench(again)
    best = finals(kept, goal, second, goal_of(second))
    judge = bench(judged_on)

    def compared(name: str, choice: Choice) -> Compared:
        return Compared(name, choice, judge.run(choice), judge.latency_s(choice))

    names = (f"fixed hop of {tick / 1000:g} ms", "hand-set", "learned")
    results = [compared(name, choice) for name, choice in zip(names, (fixed, own, best), strict=True)]
    return Controller(parsed, where.name, results[2], results[0], results[1], tried)


def streams(
    dataset: str | os.PathLike[str] | Clips, labels: list[str], wanted: list[str], words: int, judged: int, seed: int
) -> tuple[Stream, Stream, Stream]:
    """Two to learn from and one that judges, without a clip of the others.  Raises AudioError."""
    if isinstance(dataset, (str, os.PathLike)):
        parts = [read_clips(dataset, labels, split, MOST_CLIPS) for split in ("training", "validation")]
    else:
        clips, seen = read_clips(dataset, labels, "", MOST_CLIPS), dict[str, int]()
        parts = [[], []]
        for label, samples in clips:
            seen[label] = seen.get(label, 0) + 1
            parts[seen[label] % 4 == 0].append((label, samples))
        if not any(label in wanted for label, _ in parts[1]):  # too few to keep some back
            parts[1] = parts[0]
    first, second = (mixed(parts[0], wanted, words, seed + k) for k in (0, 2))
    return first, second, mixed(parts[1], wanted, judged, seed + 1)


def require_feasible(bench: Bench, model: Model, power_mw: float, latency_ms: float) -> None:
    """Raises BudgetError if even the longest timesteps take more power, or even the shortest are later."""
    longest = bench.run(decode(encode([LONGEST_MS], model.policy), model.policy)).compute_mw
    if longest > power_mw:
        nearest = round(longest * 1.01, 4)
        raise BudgetError(
            f"power_budget={power_mw:g} mW is not feasible: timesteps of {LONGEST_MS} ms take {longest:.4f} mW of compute; "
            f"the nearest feasible budget is {nearest:g} mW",
            nearest,
        )
    tick_ms = model.policy.min_timestep_us / 1000
    soonest = 1e3 * bench.latency_s(decode(encode([1], model.policy), model.policy))
    if not soonest <= latency_ms:
        nearest = round(soonest + 0.1, 1)
        raise BudgetError(
            f"latency_budget={latency_ms:g} ms is not feasible: a step at every tick of {tick_ms:g} ms hears a word after "
            f"{soonest:.1f} ms; the nearest feasible budget is {nearest:g} ms",
            nearest,
        )
