# SPDX-License-Identifier: MIT
"""Policy and thresholds of a running model, as attributes.  Times are in seconds, as on a board."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from .._core import ffi, lib
from ..lnn import checks
from ..lnn.errors import LnnError
from ..lnn.layout import ENUMS, FIELDS, RANGES
from ..lnn.policy import Timetable
from ..lnn.ranges import shown_name
from ..lnn.records import enum_value

COMPLEXITIES = list(ENUMS["complexity"])
# attribute -> field of lnn_policy_t
ATTRIBUTES = {shown_name(field): field for field in FIELDS["policy"]}


LONGEST_REFRACTORY_S = 4000  # in us it fits 32 bits


class Loaded(Protocol):
    """What PerLabel needs of an LNN."""

    labels: tuple[str, ...]

    @property
    def model(self) -> Any:
        """The C model."""


class PerLabel:
    """A number of each label, by name or index."""

    def __init__(self, lnn: Loaded):
        self._lnn = lnn

    def __getitem__(self, label: str | int) -> float:
        raise NotImplementedError

    def __setitem__(self, label: str | int, value: float) -> None:
        raise NotImplementedError

    def _index(self, label: str | int) -> int:
        labels = self._lnn.labels
        index = labels.index(label) if label in labels else label
        if not isinstance(index, int) or not 0 <= index < len(labels):
            raise KeyError(f"no label {label!r}; labels: {', '.join(labels)}")
        return index

    def __len__(self) -> int:
        return len(self._lnn.labels)

    def __iter__(self) -> Iterator[float]:
        return (self[i] for i in range(len(self)))


class Thresholds(PerLabel):
    """Posterior at which each label is detected; 0: never.  lnn.thresholds["yes"] = 0.8"""

    def __getitem__(self, label: str | int) -> float:
        return float(lib.lnn_get_threshold(self._lnn.model, self._index(label)))

    def __setitem__(self, label: str | int, value: float) -> None:
        index, range_ = self._index(label), RANGES["label"]["threshold"]
        if not range_.holds(value, {}):
            raise LnnError("ARGUMENT", range_.complaint("threshold", value, {}))
        lib.lnn_set_threshold(self._lnn.model, index, value)


class RefractoryTimes(PerLabel):
    """Seconds after a detection in which the same label is not detected again.  lnn.refractory["yes"] = 0.5"""

    def __getitem__(self, label: str | int) -> float:
        return float(lib.lnn_get_refractory_us(self._lnn.model, self._index(label))) * 1e-6

    def __setitem__(self, label: str | int, value: float) -> None:
        index = self._index(label)
        if not 0 <= value <= LONGEST_REFRACTORY_S:
            raise LnnError("ARGUMENT", f"refractory is {value:g} s; it must be from 0 s to 4000 s")
        lib.lnn_set_refractory_us(self._lnn.model, index, round(value * 1e6))


class Settings:
    """The policy of a model, each field as an attribute.

    Every attribute may be written while the model runs.  An impossible policy raises LnnError POLICY, and the old one
    stays.
    """

    labels: tuple[str, ...]
    sample_rate: int

    @property
    def model(self) -> Any:
        """The C model."""
        raise NotImplementedError

    def _policy(self) -> dict[str, Any]:
        """The fields of lnn_policy_t."""
        policy = lib.lnn_get_policy(self.model)
        return {field: getattr(policy, field) for field in FIELDS["policy"]}

    @property
    def policy(self) -> dict[str, float | str]:
        """All fields by attribute name: times in s, complexity by name."""
        return {attribute: _shown(field, self._policy()[field]) for attribute, field in ATTRIBUTES.items()}

    def set_adaptive_config(self, **fields: float | str) -> None:
        """Several fields at once: min_timestep=, max_timestep= (s), energy_threshold=, complexity="energy", ...

        Raises TypeError for an unknown field or a value of the wrong type, LnnError POLICY for an impossible policy.
        """
        policy = self._policy()
        for attribute, value in fields.items():
            if attribute not in ATTRIBUTES:
                raise TypeError(f"no policy field {attribute!r}; fields: {', '.join(ATTRIBUTES)}")
            policy[ATTRIBUTES[attribute]] = _stored(ATTRIBUTES[attribute], value)
        checks.policy(policy)
        lib.lnn_set_policy(self.model, ffi.new("lnn_policy_t *", policy))

    @property
    def timetable(self) -> dict[str, Any] | None:
        """The learned policy: {"complexity": [low, high, margin], "evidence": the same, "timestep_ms": 18 whole numbers}.

        None: there is none.  Set it to such a dict, to an lnn.Timetable, or to None, to let attack and release choose again.
        Raises LnnError POLICY for an impossible one, and the old one stays; KeyError if a part is missing."""
        table = lib.lnn_get_timetable(self.model)
        if table == ffi.NULL:
            return None
        fields = {field: getattr(table, field) for field in FIELDS["timetable"]}
        return Timetable.of_fields(fields, table.timestep_ms).as_json()

    @timetable.setter
    def timetable(self, value: Timetable | Mapping[str, Any] | None) -> None:
        if value is None:
            lib.lnn_set_timetable(self.model, ffi.NULL)
            return
        if not isinstance(value, Timetable):
            value = Timetable(*(tuple(value[part]) for part in ("complexity", "evidence", "timestep_ms")))
        content = value.fields() | {"timestep_ms": list(value.timestep_ms)}
        lib.lnn_set_timetable(self.model, ffi.new("lnn_timetable_t *", content))

    @property
    def tick_samples(self) -> int:
        """Samples of the smallest timestep, which is also how often the energy is measured."""
        return int(lib.lnn_get_policy(self.model).min_timestep_us) * self.sample_rate // 1_000_000

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds of the labels, to read and to write."""
        return Thresholds(self)

    @property
    def refractory(self) -> RefractoryTimes:
        """The refractory times of the labels, to read and to write."""
        return RefractoryTimes(self)


def _shown(field: str, value: float) -> float | str:
    if field == "complexity":
        return COMPLEXITIES[int(value)]
    return value / 1e6 if field.endswith("_us") else value


def _stored(field: str, value: float | str) -> float:
    """The value of a field of lnn_policy_t; a time that is not finite stays so, and the check refuses it."""
    if field == "complexity":
        return enum_value("complexity", value)
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{shown_name(field)} is a number, not {value!r}")
    if not field.endswith("_us"):
        return float(value)
    return round(value * 1_000_000) if math.isfinite(value) else float(value)


def _attribute(field: str) -> property:
    def get(self: Settings) -> float | str:
        return _shown(field, getattr(lib.lnn_get_policy(self.model), field))

    def set_(self: Settings, value: float | str) -> None:
        self.set_adaptive_config(**{shown_name(field): value})

    return property(get, set_, doc=f"{field} of SPEC.md" + (", in s" if field.endswith("_us") else ""))


for _name, _field in ATTRIBUTES.items():
    setattr(Settings, _name, _attribute(_field))
