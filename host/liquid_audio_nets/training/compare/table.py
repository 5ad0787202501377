# SPDX-License-Identifier: MIT
"""The table of a comparison: from the results of runs to Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..nets.registry import DROPPING, named
from .lost_frames import LOSSES


@dataclass
class Row:
    """A network: accuracies, shares, one per seed; macs_per_run: of a step or a window; note: what differs from the rest.

    lost: fill -> loss -> mean accuracy with frames lost; rooms: the means of what rooms.figures() says, empty if no streams
    were heard."""

    name: str
    says: str
    parameters: int
    macs_per_run: int
    macs_per_second: float
    accuracies: list[float]
    seeds: list[int]
    learning_rate: float = 0.0
    note: str = ""
    lost: dict[str, dict[str, float]] = field(default_factory=dict)
    rooms: dict[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean accuracy over the seeds, 0 to 1."""
        return float(np.mean(self.accuracies))

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the seeds, None for a single one."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None

    def as_json(self) -> dict[str, Any]:
        """All fields, and mean and deviation."""
        return asdict(self) | {"mean": self.mean, "deviation": self.deviation}


def rows(results: Iterable[dict[str, Any]]) -> list[Row]:
    """Runs of Comparison.run, gathered by network, the best first."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for result in sorted(results, key=lambda r: r["seed"]):
        by_name.setdefault(result["arch"], []).append(result)
    found = []
    for name, runs in by_name.items():
        says = named(name).says + (", trained with lost frames" if name.endswith(DROPPING) else "")
        same = {key: runs[0][key] for key in ("parameters", "macs_per_run", "macs_per_second", "learning_rate")}
        found.append(Row(name, says, accuracies=[r["accuracy"] for r in runs], seeds=[r["seed"] for r in runs], **same))
    return sorted(found, key=lambda row: -row.mean)


def mean_lost(runs: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The mean over seeds of what Comparison.lost gives."""
    return {
        fill: {loss: float(np.mean([run[fill][loss] for run in runs])) for loss in by_loss}
        for fill, by_loss in (runs[0] if runs else {}).items()
    }


def mean_rooms(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean over seeds of what Comparison.in_rooms gives."""
    return {key: float(np.mean([run[key] for run in runs])) for key in (runs[0] if runs else {})}


def rooms_markdown(found: Sequence[Row]) -> str:
    """Recall on streams at equal false accepts; nothing if no streams were heard."""
    lines = [
        f"| `{row.name}` | {100 * r['recall']:.1f} | {100 * r['recall_all']:.1f} | {r['false_accepts_per_hour']:.1f} |\n"
        for row in found
        if (r := row.rooms)
    ]
    head = (
        "| network | words heard as recorded % | under all conditions % | false accepts per hour |\n|---|---|---|---|\n"
    )
    return head + "".join(lines) if lines else ""


def accuracy_text(row: Row) -> str:
    """Such as "91.04 ± 0.34 (3 seeds)"."""
    seeds = f"{len(row.seeds)} seed{'s' * (len(row.seeds) != 1)}"
    spread = f" ± {100 * row.deviation:.2f}" if row.deviation is not None else ""
    return f"{100 * row.mean:.2f}{spread} ({seeds})"


def markdown(found: Sequence[Row], shipped: Sequence[Row] = ()) -> str:
    """One table: the networks of the protocol, then models of a longer schedule, whose rows say so."""
    lines = [
        "| network | parameters | MACs per step or window | MACs per second of audio | accuracy % |",
        "|---|---|---|---|---|",
    ]
    for row in (*found, *shipped):
        note = f"; {row.note}" if row.note else ""
        lines.append(
            f"| `{row.name}` {row.says}{note} | {row.parameters:,} | {row.macs_per_run:,} | "
            f"{row.macs_per_second / 1e6:.2f} M | {accuracy_text(row)} |"
        )
    return "\n".join(lines) + "\n"


def lost_markdown(found: Sequence[Row]) -> str:
    """Accuracy with nothing lost, then by how many points it changes."""
    lines = [
        "| network | lost frames are | nothing lost % | " + " | ".join(f"{loss}, points" for loss in LOSSES[1:]) + " |",
        "|---" * (3 + len(LOSSES[1:])) + "|",
    ]
    for row in found:
        for fill, by_loss in row.lost.items():
            whole = by_loss[LOSSES[0]]
            falls = " | ".join(f"{100 * (by_loss[loss] - whole):+.1f}" for loss in LOSSES[1:])
            lines.append(f"| `{row.name}` | {_SAYS.get(fill, fill)} | {100 * whole:.2f} | {falls} |")
    return "\n".join(lines) + "\n"


_SAYS = {"true dt": "stepped over, true dt", "zero": "zeros", "hold": "the last one held", "skip": "left out"}
