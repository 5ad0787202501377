"""The model card: what a model is, what it learned from, how well it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .kinds import LIQUID
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


def model_card(path: Path, task: str, metric: str, trainer: "LNNTrainer", result: dict[str, Any], facts: Facts) -> str:
    """Markdown text.  path: the exported file; result: as the task's evaluate() gives it."""
    config, net = trainer.config, trainer.net
    units = f" of {' and '.join(map(str, net.config.hidden_dims))} units" if net.config.hidden_dims else ""
    kind = (f"Liquid network, cells {config.cell_kind}/{config.ode_solver}" if config.cell_kind in LIQUID else
            f"Network to compare with, {config.cell_kind}") + units
    lines = [
        f"# {path.name}", "",
        f"Task {task}. {kind}, {net.parameter_count()} parameters, {path.stat().st_size:,} bytes. Labels: {', '.join(net.config.labels)}.", "",
        f"{metric[0].upper()}{metric[1:]} "
        + (f"{result['score'] * 100:.2f} %" if metric.endswith("accuracy") else _number(result["score"]))
        + (f" on {result['clips']} clips" if "clips" in result else "") + f"; split: {facts.split}."]
    numbers = {k: v for k, v in result.items() if isinstance(v, (int, float)) and k not in ("score", "clips")}
    if numbers:
        lines += ["", "| measured | |", "|---|---|"] + [f"| {k.replace('_', ' ')} | {_number(v)} |" for k, v in numbers.items()]
    if result.get("per_label"):
        lines += ["", "| label | recall |", "|---|---|"]
        lines += [f"| {label} | {recall * 100:.1f} % |" for label, recall in result["per_label"].items()]
    if "confusion" in result:
        lines += ["", "| true \\ answer | " + " | ".join(result["labels"]) + " |", "|---" * (len(result["labels"]) + 1) + "|"]
        lines += [f"| {label} | " + " | ".join(map(str, row)) + " |" for label, row in zip(result["labels"], result["confusion"])]
    for heading, text in facts.notes.items():
        lines += ["", f"## {heading}", "", text]
    lines += ["", "## Training", "",
              f"{trainer.step} steps, seed {config.seed}, learning rate {config.learning_rate}, label smoothing "
              f"{config.label_smoothing}; exponential mean of the weights. All settings: recipe.toml beside this file; "
              "liquid-train takes it as its recipe."]
    if facts.clips:
        lines += ["", "Learned from: " + ", ".join(f"{k} {v}" for k, v in sorted(facts.clips.items())) + "."]
    return "\n".join(lines + ["", "## Data and licences", "", facts.data, "", facts.licence, ""])


def _number(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
