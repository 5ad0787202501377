# SPDX-License-Identifier: MIT
"""How a model chooses its next timestep: the policy, and a learned timetable on top of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .arrays import Record
from .errors import LnnError
from .layout import ARRAYS, FIELDS, RANGES
from .ranges import Range

LEVELS = 3
TIMESTEPS = int(ARRAYS["timetable"][0][2])


@dataclass
class Policy:
    """The adaptive timestep; meanings and units stand in SPEC.md."""

    min_timestep_us: int = 20_000
    max_timestep_us: int = 100_000
    hold_us: int = 200_000
    complexity: str = "energy"
    energy_threshold: float = 0.001
    gate_close_ratio: float = 0.7
    attack_threshold: float = 0.5
    release_threshold: float = 0.25
    release_growth: float = 1.5
    background_rise_per_s: float = 1.0
    floor_ratio: float = 0.0


@dataclass(frozen=True)
class Timetable:
    """The next timestep by how loud it is, how complex, and what the model believes already; SPEC.md, "timetable".

    complexity: (low, high, margin) in the unit of the policy's measure.  evidence: the same of the largest posterior of a
    label with a threshold, 0 to 1.  timestep_ms: 18 whole numbers, by 9 loud + 3 complexity + evidence."""

    complexity: tuple[float, float, float] = (0.25, 0.5, 0.05)
    evidence: tuple[float, float, float] = (0.2, 0.8, 0.05)
    timestep_ms: Sequence[int] = field(default_factory=lambda: (32,) * TIMESTEPS)

    def fields(self) -> Record:
        """The integers of the section's record.  Raises LnnError POLICY if one is outside its range, or a
        timestep is."""
        numbers = [round(1024 * x) for x in self.complexity] + [round(32768 * x) for x in self.evidence]
        found = dict(zip(FIELDS["timetable"], numbers, strict=True))
        for name, value in found.items():
            range_ = RANGES["timetable"].get(name, Range(0, 65535))
            if not (range_.holds(value, found) and value <= 65535):
                raise LnnError("POLICY", range_.complaint(name, value, found))
        if len(self.timestep_ms) != TIMESTEPS or not all(1 <= ms <= 1000 and ms == int(ms) for ms in self.timestep_ms):
            raise LnnError("POLICY", f"a timetable has {TIMESTEPS} timesteps of 1 to 1000 ms")
        return found

    @classmethod
    def of_fields(cls, fields: Record, timestep_ms: Iterable[int]) -> Timetable:
        """The inverse of fields()."""
        numbers = [fields[name] for name in FIELDS["timetable"]]
        low, high, margin = (x / 1024 for x in numbers[:3])
        doubt, belief, slack = (x / 32768 for x in numbers[3:])
        return cls((low, high, margin), (doubt, belief, slack), tuple(int(ms) for ms in timestep_ms))

    def as_json(self) -> dict[str, Any]:
        """For files and --json."""
        return {
            "complexity": list(self.complexity),
            "evidence": list(self.evidence),
            "timestep_ms": list(self.timestep_ms),
        }
