# SPDX-License-Identifier: MIT
"""What a comparison leaves behind: compare.json, the page with its tables, and the plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..nets.registry import ARCHS, DECISIONS_PER_S, DROPPING, STEPS_PER_S, named
from .lost_frames import LOSSES
from .plot import Point, accuracy_against_work
from .protocol import TICK_BLOCKS, Protocol
from .rooms import LONGEST_S, MAX_PER_HOUR, MOST_WORDS, REFRACTORY_S
from .table import Row, lost_markdown, markdown, rooms_markdown

TITLE = "Validation speakers and held-out noise; * longer schedule"
CONVERGED = 0.6  # a network with a lower accuracy has not learned the task
_BENCH = (
    "second_of_speech_instructions",
    "all_cells_step_instructions",
    "frontend_instructions",
    "cited_ds_cnn_decision_instructions",
)


def write(
    out: Path, found: Sequence[Row], shipped: Sequence[Row], protocol: Protocol, bench: dict[str, float] | None = None
) -> list[Path]:
    """Writes everything to out and returns the paths.  bench: metric -> value on the virtual Cortex-M4F, from `make bench`;
    without it there is no plot of instructions."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "compare.json").write_text(
        json.dumps(
            {
                "protocol": vars(protocol),
                "networks": [row.as_json() for row in found],
                "shipped": [row.as_json() for row in shipped],
            },
            indent=1,
        )
    )
    drawn = [row for row in found if row.mean >= CONVERGED and not row.name.endswith(DROPPING)]
    macs = [_point(row, row.macs_per_second) for row in (*drawn, *shipped)]
    points, plots = instructions(drawn, shipped, bench) if bench else [], []
    for kind in ("png", "svg"):
        plots.append(
            accuracy_against_work(macs, out / f"compare.{kind}", "multiply-accumulates per second of audio", TITLE)
        )
        if points:
            axis = "instructions per second of audio, Cortex-M4F"
            plots.append(accuracy_against_work(points, out / f"instructions.{kind}", axis, TITLE))
    (out / "robustness.md").write_text(lost_markdown([*found, *shipped]))
    (out / "compare.md").write_text(page(found, shipped, protocol, bool(points)))
    return [out / "compare.json", out / "compare.md", out / "robustness.md", *plots]


def page(found: Sequence[Row], shipped: Sequence[Row], protocol: Protocol, with_instructions: bool) -> str:
    """The whole page, Markdown."""
    tick_ms = 10 * TICK_BLOCKS
    p = protocol
    return f"""# Small networks, one pipeline

`make compare` writes this page. Every network was trained on the same {p.steps:,} batches of {p.batch} augmented clips of one
second ({tick_ms} ms per frame, 40 log-mel channels), with AdamW, a cosine schedule, averaged weights and the same loss. The
seed sets the initial weights and the order of the batches. The peak learning rate was
{" or ".join(f"{rate:g}" for rate in p.learning_rates)}; `nets/registry.py` lists it for each network. The schedule is short, so
that anybody can repeat it. Every network would gain from a longer one, which only the models from files had.

There are ten classes. Accuracy is the share of right answers to all clips of the validation speakers and of held-out
background noise: mean and standard deviation over the seeds. Recurrent networks have two cells and about as many parameters
as `ltc`; they run {STEPS_PER_S} steps per second. Networks of windows decide {DECISIONS_PER_S} times per second. The front-end is
the same for all and is not counted. The C core measures the models from files on the same clips. Liquid networks are given
the true timestep and are trained with irregular ones (`dt_augment`).

{markdown(found, shipped)}
![accuracy against multiply-accumulates](compare.svg)

{losses(found)}
{unconverged(found)}{"![accuracy against instructions](instructions.svg)" if with_instructions else ""}

{in_rooms([*found, *shipped])}## Lost frames

This table shows how the accuracy of the same weights changes, in points, if a quarter of the frames is lost, and if the hop of
{tick_ms} ms becomes {2 * tick_ms} or {4 * tick_ms} ms. With "zeros", the mean of the features replaces a lost frame. Models from
files lose blocks of one tick of their own policy.

{lost_markdown([*found, *shipped])}
{lost_to(found)}"""


def in_rooms(found: Sequence[Row]) -> str:
    """The section about streams; nothing if no streams were heard."""
    if not (table := rooms_markdown(found)):
        return ""
    return f"""## In rooms

The same weights hear what training left out as streams: up to {MOST_WORDS} recordings of each word, as recorded, 32 and 40 dB
quieter, clipped, and in pink noise, and everything else with pauses, as `liquid-test --stream` plays it. A stream lasts at most
{LONGEST_S / 60:.0f} minutes, and a network carries its state to the end of it. Each network gets the thresholds that hear the most words with at most
{MAX_PER_HOUR:.0f} false accepts per hour in these streams, and a refractory time of {REFRACTORY_S:.0f} s. Only models from files have a gate.

{table}
{lost_in_rooms(found)}"""


def lost_in_rooms(found: Sequence[Row]) -> str:
    """Which networks hear more words on streams than `ltc`."""
    ours = next((row for row in found if row.name == "ltc" and row.rooms), None)
    better = [
        f"- `{row.name}`: {100 * row.rooms['recall_all']:.1f} % against {100 * ours.rooms['recall_all']:.1f} % under all conditions"
        for row in found
        if ours and row.rooms and not row.note and row.rooms["recall_all"] > ours.rooms["recall_all"]
    ]
    return "Better than `ltc` on streams at equal training:\n\n" + "\n".join(better) + "\n\n" if better else ""


def losses(found: Sequence[Row]) -> str:
    """Where the liquid network loses, in a sentence for each network that is better."""
    ours = next((row for row in found if row.name == "ltc"), None)
    if ours is None or not (better := [row for row in found if row.mean > ours.mean]):
        return ""
    lines = [
        f"- `{row.name}`: {100 * (row.mean - ours.mean):+.2f} points, at {row.macs_per_second / ours.macs_per_second:.1f} "
        f"times the multiply-accumulates and {row.parameters / ours.parameters:.2f} times the parameters"
        for row in better
    ]
    return "Better than `ltc` at equal training, with nothing lost:\n\n" + "\n".join(lines) + "\n"


def unconverged(found: Sequence[Row]) -> str:
    """Which networks the schedule did not train far enough to judge them, and which were left out."""
    names = [f"`{row.name}`" for row in found if row.mean < CONVERGED]
    left_out = [f"`{name}`" for name in ARCHS if name not in {row.name for row in found}]
    return (f"Not converged in this schedule, at either learning rate: {', '.join(names)}.\n\n" if names else "") + (
        f"Not trained for this table: {', '.join(left_out)}.\n\n" if left_out else ""
    )


def lost_to(found: Sequence[Row]) -> str:
    """Which networks of the protocol are more accurate than `ltc` with frames lost, each with its best fill."""
    best = {
        row.name: {loss: max(by_loss[loss] for by_loss in row.lost.values()) for loss in LOSSES[1:]}
        for row in found
        if row.lost
    }
    ours = best.pop("ltc", None)
    better = (
        [
            f"- `{name}` ({loss}): {100 * share:.1f} % against {100 * ours[loss]:.1f} %"
            for name, by_loss in best.items()
            for loss, share in by_loss.items()
            if share > ours[loss]
        ]
        if ours
        else []
    )
    said = "Networks that are still more accurate than `ltc` with frames lost, each with its best way to fill them:\n\n"
    return said + "\n".join(better) + "\n" if better else ""


def _point(row: Row, work: float, measured: bool = True) -> Point:
    liquid = bool(row.note) or named(row.name).liquid
    return Point(row.name + "*" * bool(row.note), work, row.mean, row.deviation, measured, liquid)


def instructions(found: Sequence[Row], shipped: Sequence[Row], bench: dict[str, Any]) -> list[Point]:
    """Instructions per second of audio on the virtual Cortex-M4F.

    The shipped keywords.lnn is measured on continuous speech.  For DS-CNN, CMSIS-NN's cited figure for a decision is added
    to the measured front-end at every frame.  All others are estimated: recurrent networks with the shipped model's
    instructions per MAC, networks of windows with DS-CNN's."""
    model = next((row for row in shipped if row.name == "keywords.lnn"), None)
    if model is None or any(name not in bench for name in _BENCH):
        return []
    speech, step, frontend, decision = (bench[name] for name in _BENCH)
    points, features = [_point(model, speech)], STEPS_PER_S * frontend
    window = {row.name: row.macs_per_run for row in found}.get("ds_cnn", 2_676_640)
    for row in found:
        if row.name == "ds_cnn":
            points.append(_point(row, DECISIONS_PER_S * decision + features))
        elif named(row.name).windowed:
            points.append(_point(row, row.macs_per_second * decision / window + features, measured=False))
        else:
            points.append(_point(row, row.macs_per_second * step / model.macs_per_run + features, measured=False))
    return points
