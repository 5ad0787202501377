# SPDX-License-Identifier: MIT
"""The model card: what a model is, what it learned from, how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..nets.kinds import LIQUID
from .crowd import Crowd
from .report import Det
from .trainer import LNNTrainer


@dataclass
class Facts:
    """What a task knows about its model.

    data: where the data come from; licence: of the weights and the data; split: how training and validation were kept
    apart; clips: how many were learned from, by source; notes: sections of the card, Markdown by heading; det: missed
    against false detections; missed: the goals of the recipe that the exported network does not reach, a sentence each with
    what to try."""

    data: str
    licence: str
    split: str
    clips: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    det: Det | None = None
    missed: list[str] = field(default_factory=list)


def model_card(path: Path, task: str, crowd: Crowd, trainer: LNNTrainer, result: dict[str, Any], facts: Facts) -> str:
    """The card as Markdown.

    path: the exported file; task: its name; crowd: the networks that were trained at once, and trainer: the one of them that
    was exported; result: as the task's evaluate() gives it."""
    config, model, metric = trainer.config, trainer.net.config, crowd.metric
    kind = "a liquid network" if config.cell_kind in LIQUID else "a network to compare liquid ones with"
    units = f" with cells of {' and '.join(map(str, model.cell_units))} units" if model.cell_units else ""
    solver = f", solved by '{config.ode_solver}'" if config.cell_kind in LIQUID else ""
    score = f"{result['score'] * 100:.2f} %" if metric.endswith("accuracy") else _number(result["score"])
    count = f" on {result['clips']} clips" if "clips" in result else ""
    lines = [
        f"# {path.name}",
        "",
        f"This is {kind} for the task {task}: cell kind '{config.cell_kind}'{units}{solver}. It has "
        f"{trainer.net.parameter_count():,} parameters, and the file has {path.stat().st_size:,} bytes. "
        f"Its labels are {', '.join(model.labels)}.",
        "",
        f"{metric[0].upper()}{metric[1:]}: {score}{count}. Split of training and validation: {facts.split}.",
    ]
    numbers = {k: v for k, v in result.items() if isinstance(v, (int, float)) and k not in ("score", "clips")}
    if numbers:
        lines += _table(["measured", "value"], [[k.replace("_", " "), _number(v)] for k, v in numbers.items()])
    if result.get("per_label"):
        lines += _table(["label", "recall"], [[k, f"{v * 100:.1f} %"] for k, v in result["per_label"].items()])
    if "confusion" in result:
        labels = result["labels"]
        rows = [[label, *row] for label, row in zip(labels, result["confusion"], strict=True)]
        lines += _table(["truth \\ answer", *labels], rows)
    goals = {"Goals that were not reached": "\n".join(facts.missed)} if facts.missed else {}
    for heading, text in (goals | facts.notes).items():
        lines += ["", f"## {heading}", "", text]
    lines += [
        "",
        "## Training",
        "",
        f"The network was trained for {trainer.step} steps with seed {config.seed}, a peak learning rate of "
        f"{config.learning_rate:g} and label smoothing {config.label_smoothing:g}; the file holds the exponential mean of "
        "the weights. recipe.toml beside this card has all settings; liquid-train takes it as its recipe.",
    ]
    if rivals := crowd.by_name():
        lines += [
            "",
            f"It is the best of {len(rivals)} networks that were trained at once on the same batches, chosen by the "
            f"{metric} above, which is therefore a little optimistic.",
        ]
        scores = [[name, _number(m.metrics.get(metric, float("nan")))] for name, m in rivals.items()]
        lines += _table(["network", f"{metric} at the end"], scores)
    if facts.clips:
        learned = ", ".join(f"{count} {source}" for source, count in sorted(facts.clips.items()))
        lines += ["", f"It learned from this many recordings of each source: {learned}."]
    return "\n".join([*lines, "", "## Data and licences", "", facts.data, "", facts.licence, ""])


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return ["", *("| " + " | ".join(map(str, row)) + " |" for row in [header, ["---"] * len(header), *rows])]


def _number(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
