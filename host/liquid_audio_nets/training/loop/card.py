# SPDX-License-Identifier: MIT
"""The model card: what a model is, what it learned from, how well it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..nets.kinds import LIQUID
from .report import Det

if TYPE_CHECKING:
    from .trainer import LNNTrainer


@dataclass
class Facts:
    """What a task knows about its model.

    data: where the data come from; licence: of the weights and the data; split: how training and validation were kept
    apart; clips: how many were learned from, by source; notes: sections of the card, Markdown by heading; det: missed
    against false detections."""

    data: str
    licence: str
    split: str
    clips: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    det: Det | None = None


def model_card(path: Path, task: str, metric: str, trainer: LNNTrainer, result: dict[str, Any], facts: Facts) -> str:
    """Markdown text.  path: the exported file; result: as the task's evaluate() gives it."""
    config, net = trainer.config, trainer.net
    units = f" of {' and '.join(map(str, net.config.hidden_dims))} units" if net.config.hidden_dims else ""
    kind = (
        f"Liquid network, cells {config.cell_kind}/{config.ode_solver}"
        if config.cell_kind in LIQUID
        else f"Network to compare with, {config.cell_kind}"
    ) + units
    score = f"{result['score'] * 100:.2f} %" if metric.endswith("accuracy") else _number(result["score"])
    count = f" on {result['clips']} clips" if "clips" in result else ""
    lines = [
        f"# {path.name}",
        "",
        f"Task {task}. {kind}, {net.parameter_count()} parameters, {path.stat().st_size:,} bytes. "
        f"Labels: {', '.join(net.config.labels)}.",
        "",
        f"{metric[0].upper()}{metric[1:]} {score}{count}; split: {facts.split}.",
    ]
    numbers = {k: v for k, v in result.items() if isinstance(v, (int, float)) and k not in ("score", "clips")}
    if numbers:
        lines += _table(["measured", ""], [[k.replace("_", " "), _number(v)] for k, v in numbers.items()])
    if result.get("per_label"):
        lines += _table(["label", "recall"], [[k, f"{v * 100:.1f} %"] for k, v in result["per_label"].items()])
    if "confusion" in result:
        labels = result["labels"]
        lines += _table(["true \\ answer", *labels], [[k, *row] for k, row in zip(labels, result["confusion"])])
    for heading, text in facts.notes.items():
        lines += ["", f"## {heading}", "", text]
    lines += [
        "",
        "## Training",
        "",
        f"{trainer.step} steps, seed {config.seed}, learning rate {config.learning_rate}, label smoothing "
        f"{config.label_smoothing}; exponential mean of the weights. All settings: recipe.toml beside this file; "
        "liquid-train takes it as its recipe.",
    ]
    if facts.clips:
        lines += ["", "Learned from: " + ", ".join(f"{k} {v}" for k, v in sorted(facts.clips.items())) + "."]
    return "\n".join(lines + ["", "## Data and licences", "", facts.data, "", facts.licence, ""])


def _table(header: list[str], rows: list[list]) -> list[str]:
    return ["", *("| " + " | ".join(map(str, row)) + " |" for row in [header, ["---"] * len(header), *rows])]


def _number(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
