# SPDX-License-Identifier: MIT
"""Figures of the documentation: `python docs/figures.py FOLDER [MEASURED.json ...]`.

Those of cells are computed with the reference cell.  Recall against false accepts is drawn from what
`liquid-test --stream --json` printed: the files named, by default those of docs/measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from liquid_audio_nets.adaptive import plots
from liquid_audio_nets.lnn import Timetable
from liquid_audio_nets.reference.cell import exact_step, fused_step
from matplotlib.figure import Figure

MEASURED = sorted((Path(__file__).resolve().parent / "measured").glob("*.json"))
LEARNED = Path(__file__).resolve().parent / "learned/keywords.json"  # by Controller.save()
CITED = {"micro-wake-word:alexa": 0.981}  # recall as recorded, of 106 recordings: issue 12, not measured here


def one_unit(conductance_per_s: float, tau_s: float = 0.5, potential: float = 0.9) -> SimpleNamespace:
    """A cell of one unit whose conductance is `conductance_per_s` and whose potential is `potential` while the input is 1,
    and whose conductance is next to nothing while the input is 0."""
    open_gate, closed_gate = np.log(conductance_per_s), -7.0
    return SimpleNamespace(
        wf=np.array([[open_gate - closed_gate, 0.0]]),
        wa=np.array([[0.0, 0.0]]),
        bf=np.array([closed_gate]),
        ba=np.array([np.arctanh(potential)]),
        tau_s=np.array([tau_s]),
        gate_clamp=15.0,
    )


def follow(cell: SimpleNamespace, times_s: np.ndarray, inputs: np.ndarray, step=fused_step) -> np.ndarray:
    """States (T,) at times_s (T,), from rest, with inputs (T,)."""
    h, states, before = np.zeros(1), [], 0.0
    for now, u in zip(times_s, inputs, strict=True):
        h = step(cell, h, np.array([u]), now - before) if now > before else h
        before = now
        states.append(h[0])
    return np.array(states)


def pulse(times_s: np.ndarray) -> np.ndarray:
    """1 between 0.2 s and 0.7 s, else 0."""
    return ((times_s > 0.2) & (times_s <= 0.7)).astype(float)


def step_response(path: Path) -> None:
    """One unit hears a sound of half a second, at several conductances."""
    times_s = np.arange(0, 2.0, 0.002)
    axes = _axes("How fast a unit follows depends on its conductance", "time in s", "state h")
    axes.axvspan(0.2, 0.7, color="0.92", label="the input is 1")
    for conductance_per_s in (0.5, 2, 8, 32):
        states = follow(one_unit(conductance_per_s), times_s, pulse(times_s))
        axes.plot(times_s, states, label=f"f = {conductance_per_s:g} per s")
    _save(axes, path)


def irregular_sampling(path: Path) -> None:
    """The same unit, stepped every 5 ms, and stepped at random times with gaps."""
    rng = np.random.default_rng(4)
    fine_s = np.arange(0.005, 2.0, 0.005)
    some_s = np.sort(rng.choice(fine_s, 60, replace=False))
    cell = one_unit(8)
    axes = _axes("A step may take any time", "time in s", "state h")
    axes.axvspan(0.2, 0.7, color="0.92", label="the input is 1")
    axes.plot(fine_s, follow(cell, fine_s, pulse(fine_s), exact_step), color="0.6", label="exact solution")
    axes.plot(
        some_s, follow(cell, some_s, pulse(some_s)), "o", markersize=3, label="60 steps at random times, dt is known"
    )
    fixed = follow(cell, np.arange(1, 61) * 2.0 / 60, pulse(some_s))
    axes.plot(some_s, fixed, "x", markersize=4, label="the same 60 inputs, dt taken as constant")
    _save(axes, path)


def recall_against_false_accepts(path: Path, measured: Sequence[Path]) -> None:
    """A curve by threshold for each model, and a point where its own thresholds are."""
    axes = _axes(
        "Words heard against false accepts, held-out streams", "false accepts per hour", "words heard as recorded, %"
    )
    axes.set_xscale("symlog", linthresh=1)
    for file in measured:
        found = json.loads(file.read_text())
        for name, one in {Path(found["model"]).name: found, **found.get("against", {})}.items():
            heard = [100 * at["recall"] for at in one["curve"]]
            (line,) = axes.plot([at["false_accepts_per_hour"] for at in one["curve"]], heard)
            recall = next(iter(one["recall"].values()))["recall"] if one["recall"] else CITED.get(name)
            if recall is not None:
                said = "" if one["recall"] else ", recall cited"
                axes.plot(
                    one["false_accepts_per_hour"],
                    100 * recall,
                    "o",
                    color=line.get_color(),
                    clip_on=False,
                    fillstyle="full" if one["recall"] else "none",
                    label=name + said,
                )
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 102)
    _save(axes, path)


def learned_policy(path: Path, learned: Path = LEARNED) -> None:
    """The timesteps of the table that was learned for keywords.lnn."""
    table = json.loads(learned.read_text())["timetable"]
    plots.policy(Timetable(*(tuple(part) for part in table.values()))).savefig(path, metadata={"Date": None})


def pareto(path: Path, learned: Path = LEARNED) -> None:
    """Every policy that was tried for keywords.lnn, and those that were judged."""
    found = json.loads(learned.read_text())
    judged = {c["name"]: (c["instructions"] / 1e6, c["errors_percent"]) for c in found["compared"]}
    plots.pareto([(x, y) for x, y in found["tried"]], judged).savefig(path, metadata={"Date": None})


def _axes(title: str, x: str, y: str):
    axes = Figure((7, 3.2), layout="constrained").add_subplot(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _save(axes, path: Path) -> None:
    axes.legend(frameon=False, fontsize="small")
    axes.figure.savefig(path, metadata={"Date": None})


def draw(folder: Path, measured: Sequence[Path] = MEASURED) -> None:
    """Writes every figure into the folder, as SVG.  measured: files of liquid-test --stream --json."""
    folder.mkdir(parents=True, exist_ok=True)
    step_response(folder / "step-response.svg")
    irregular_sampling(folder / "irregular-sampling.svg")
    learned_policy(folder / "learned-policy.svg")
    pareto(folder / "learned-pareto.svg")
    recall_against_false_accepts(folder / "recall-against-false-accepts.svg", measured)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]] or MEASURED)
