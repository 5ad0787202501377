# SPDX-License-Identifier: MIT
"""What a run on a board found: figures, a table of the clips, and JUnit XML.  What was not measured is None."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..lnn.arrays import Array
from ..lnn.whole_file import replacing


@dataclass(frozen=True)
class ClipOutcome:
    """One clip.  decided, expected: labels, on the board and on the host.  same: the board computed what the host did.
    difference: the largest one of a score.  work: of all stages."""

    path: str
    true: str
    decided: str
    expected: str
    steps: int
    same: bool
    difference: float
    work: int
    seconds: float


@dataclass
class Results:
    """unit: of work, "instructions" or "cycles".  work: by stage, of all clips.  waits_s (n,): of sounds until the model had
    heard them; empty if the latency was not measured.  reconnects: how often the connection was lost and found again.
    remarks: a sentence for each thing that was left out, and why."""

    device: str
    port: str
    machine: str
    model: str
    clips: list[ClipOutcome] = field(default_factory=list)
    steps: int = 0
    work: Counter[str] = field(default_factory=Counter)
    unit: str = ""
    waits_s: Array = field(default_factory=lambda: np.zeros(0))
    avg_power_mw: float | None = None
    power_source: str | None = None
    reconnects: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """Share of the clips that the board decided right, 0 to 1."""
        return sum(clip.decided == clip.true for clip in self.clips) / len(self.clips)

    @property
    def host_accuracy(self) -> float:
        """The same of the host."""
        return sum(clip.expected == clip.true for clip in self.clips) / len(self.clips)

    @property
    def bit_equal(self) -> bool:
        """Whether the board computed what the host did in every clip: the same bits, or within 1e-4 for a float model."""
        return all(clip.same for clip in self.clips)

    @property
    def latency_ms(self) -> float | None:
        """Median time from a sound until the model has heard it: the wait for the next step, and the step."""
        return float(1e3 * np.median(self.waits_s)) if len(self.waits_s) else None

    @property
    def latency_p99_ms(self) -> float | None:
        """The 99th percentile of the same."""
        return float(1e3 * np.percentile(self.waits_s, 99)) if len(self.waits_s) else None

    @property
    def seconds(self) -> float:
        """Of audio."""
        return sum(clip.seconds for clip in self.clips)

    @property
    def cycles(self) -> dict[str, float]:
        """Mean work of a step by stage, in `unit`; the gate's is per second of audio.  Empty if no step ran."""
        if not self.steps:
            return {}
        own = {stage: total / self.steps for stage, total in self.work.items() if stage != "gate" and total}
        return {"gate": self.work["gate"] / self.seconds} | own

    @property
    def work_per_second(self) -> float:
        """Of all stages, per second of audio, in `unit`."""
        return sum(self.work.values()) / self.seconds

    def as_json(self) -> dict[str, Any]:
        """All figures that were measured."""
        measured = {
            "latency_ms": self.latency_ms,
            "latency_p99_ms": self.latency_p99_ms,
            "avg_power_mw": self.avg_power_mw,
            "power_source": self.power_source,
        }
        return {
            "device": self.device,
            "port": self.port,
            "machine": self.machine,
            "clips": len(self.clips),
            "accuracy": self.accuracy,
            "accuracy_host": self.host_accuracy,
            "bit_equal": self.bit_equal,
            "same": sum(clip.same for clip in self.clips),
            "seconds": self.seconds,
            "unit": self.unit,
            "work_per_second": self.work_per_second,
            f"{self.unit}_per_step": self.cycles,
            "reconnects": self.reconnects,
            "remarks": self.remarks,
            "table": [vars(clip) for clip in self.clips],
        } | {name: value for name, value in measured.items() if value is not None}

    def lines(self) -> list[str]:
        """The report in sentences; what was not measured is not in it."""
        same = sum(clip.same for clip in self.clips)
        found = [
            f"on {self.device}: {same} of {len(self.clips)} clips computed as on the host; accuracy "
            f"{100 * self.accuracy:.2f} % there, {100 * self.host_accuracy:.2f} % on the host",
            f"{self.work_per_second / 1e6:.2f} M {self.unit} per second of audio",
        ]
        if self.cycles:
            stages = ", ".join(f"{stage} {cost:,.0f}" for stage, cost in self.cycles.items() if stage != "gate")
            found.append(
                f"{self.unit} per step: {stages}; the gate takes {self.cycles['gate']:,.0f} per second of audio"
            )
        if self.latency_ms is not None:
            found.append(f"latency {self.latency_ms:.1f} ms median, {self.latency_p99_ms:.1f} ms p99")
        if self.avg_power_mw is not None:
            found.append(f"average power {self.avg_power_mw:.3f} mW, measured by {self.power_source}")
        if self.reconnects:
            found.append(f"the connection was lost and found again {self.reconnects} times")
        return found + self.remarks

    def save_junit(self, path: str | Path) -> None:
        """Writes JUnit XML: a test case per clip, which fails if the board did not compute what the host did.

        Figures are properties of the suite.  A wrong label is no failure, because no model is always right."""
        failed = sum(not clip.same for clip in self.clips)
        suite = ElementTree.Element(
            "testsuite", name=f"{self.model} on {self.device}", tests=str(len(self.clips)), failures=str(failed)
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in self.as_json().items():
            if isinstance(value, str | int | float):
                ElementTree.SubElement(properties, "property", name=name, value=str(value))
        for clip in self.clips:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{self.device}.{clip.true}", name=clip.path, time=f"{clip.seconds:.3f}"
            )
            if not clip.same:
                text = (
                    f"the board says {clip.decided}, the host {clip.expected}; scores differ by {clip.difference:.3g}"
                )
                ElementTree.SubElement(case, "failure", message=text)
        ElementTree.indent(suite)
        with replacing(Path(path)) as part:
            part.write_bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))
