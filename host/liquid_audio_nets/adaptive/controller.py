# SPDX-License-Identifier: MIT
"""A learned timestep: what was found, its plots, and how it gets into a model."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..lnn import Model, save
from ..lnn.whole_file import replacing
from ..native import add_golden
from . import plots
from .trial import Choice, Trial


@dataclass(frozen=True)
class Compared:
    """A policy and what it did on the stream that judged it.  latency_s: median, of the words."""

    name: str
    choice: Choice
    trial: Trial
    latency_s: float

    def line(self) -> str:
        """One sentence for people."""
        trial = self.trial
        return (
            f"{self.name}: {trial.instructions / 1e6:.3f} M instructions per second, recall {100 * trial.recall:.1f} % of "
            f"{trial.words}, {trial.false_accepts} false accepts, latency {1e3 * self.latency_s:.0f} ms median; estimated "
            f"{trial.compute_mw:.3f} mW of compute, {trial.total_mw:.3f} mW with microphone and sleep"
        )

    def as_json(self) -> dict[str, Any]:
        """For save()."""
        point = {"errors_percent": 100 * self.trial.errors / self.trial.words}
        return {"name": self.name, "latency_ms": 1e3 * self.latency_s} | vars(self.trial) | point


@dataclass(frozen=True)
class Controller:
    """learned, fixed (a gated hop of one tick) and hand_set (the model's own policy): each judged on the same stream.

    tried: every policy of the search, on the stream that it was learned from.  device: whose power was estimated."""

    model: Model
    device: str
    learned: Compared
    fixed: Compared
    hand_set: Compared
    tried: list[tuple[Choice, Trial, float]]

    def __str__(self) -> str:
        return "\n".join([f"on {self.device}", *(c.line() for c in (self.fixed, self.hand_set, self.learned))])

    def apply(self, model: Model | str | os.PathLike[str] | None = None) -> Model:
        """A copy of the model (default: the one it was learned for) that chooses its timesteps so.

        Its golden vectors are computed again.  A signature is dropped, with a LiquidWarning.  Raises LnnError if the model
        hears no audio, or if its golden audio no longer opens the gate."""
        from ..lnn import load

        given = self.model if model is None else model if isinstance(model, Model) else load(model)
        choice = self.learned.choice
        policy = dataclasses.replace(
            given.policy,
            min_timestep_us=choice.policy.min_timestep_us,
            max_timestep_us=choice.policy.max_timestep_us,
            complexity=choice.policy.complexity,
        )
        changed = dataclasses.replace(given, policy=policy, timetable=choice.timetable)
        return add_golden(changed, given.golden.audio, given.golden.tolerance) if given.golden else changed

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model with the policy to a file.lnn; or to any other file the policy and its figures as JSON."""
        target = Path(path)
        if target.suffix == ".lnn":
            save(self.apply(), target)
            return
        with replacing(target) as part:
            part.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        """The table and the figures."""
        table = self.learned.choice.timetable
        return {
            "device": self.device,
            "policy": dataclasses.asdict(self.learned.choice.policy),
            "timetable": table.as_json() if table else None,
            "figures_are": "estimated",
            "compared": [c.as_json() for c in (self.fixed, self.hand_set, self.learned)],
            "tried": sorted({_point(trial) for _, trial, _ in self.tried}),
        }

    def plot_policy(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The timestep by loudness, complexity and evidence.  path: of an image; without one a window shows it, if there is
        one.  Returns the figure of matplotlib."""
        table = self.learned.choice.timetable
        assert table is not None
        return plots.shown(plots.policy(table), path)

    def plot_pareto(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Instructions against errors of every policy that was tried, the best ones joined, and the three that were judged.

        path as in plot_policy().  Returns the figure of matplotlib."""
        judged = {c.name: _point(c.trial) for c in (self.fixed, self.hand_set, self.learned)}
        return plots.shown(plots.pareto([_point(trial) for _, trial, _ in self.tried], judged), path)


def _point(trial: Trial) -> plots.Point:
    """M instructions per second, and misses and false accepts in percent of the words."""
    return round(trial.instructions / 1e6, 4), round(100 * trial.errors / trial.words, 3)
