# SPDX-License-Identifier: MIT
"""The settings of a running network by name: `thresholds.yes`, `refractory.yes` in s, and the fields of the policy."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from ..board import project_dir
from ..lnn import Model
from ..lnn.layout import RANGES
from ..lnn.ranges import shown_name
from ..lnn.records import enum_value
from ..native.settings import ATTRIBUTES, COMPLEXITIES, LONGEST_REFRACTORY_S
from .errors import MonitorError

Value = float | str
THRESHOLD, REFRACTORY = "thresholds", "refractory"
# A slider from the least to the largest value of the format would hide what people use; a number typed beside it may be any.
# field: (low, high, logarithmic)
SLIDERS = {
    "min_timestep": (0.005, 0.1, False),
    "max_timestep": (0.02, 1.0, True),
    "hold": (0.0, 2.0, False),
    "energy_threshold": (1e-5, 0.1, True),
    "gate_close_ratio": (0.0, 1.0, False),
    "attack_threshold": (0.001, 100.0, True),
    "release_threshold": (0.001, 100.0, True),
    "release_growth": (1.0, 10.0, False),
    "background_rise_per_s": (0.01, 100.0, True),
    "floor_ratio": (0.0, 20.0, False),
}
GATE = ("energy_threshold", "gate_close_ratio", "hold", "floor_ratio", "background_rise_per_s")


@dataclass(frozen=True)
class Control:
    """A setting as people see it.  group: its heading.  low, high: of a slider; logarithmic: its scale.  choices: instead of
    a slider.  about: what it does, and its whole range."""

    name: str
    group: str
    title: str
    about: str
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()


def controls(labels: tuple[str, ...], settings: dict[str, Value]) -> list[Control]:
    """A control for each of the settings, in the order of a page."""
    about = _about()
    found = [
        Control(f"{THRESHOLD}.{label}", "Thresholds", label, f"Posterior at which {label} is detected; 0: never.")
        for label in labels
    ]
    for field in (*GATE, *(field for field in ATTRIBUTES if field not in GATE)):
        if field not in settings:
            continue
        group, title = "Gate" if field in GATE else "Timestep", field.replace("_", " ")
        if field == "complexity":
            found.append(Control(field, group, title, about[field], choices=tuple(COMPLEXITIES)))
            continue
        low, high, logarithmic = SLIDERS.get(field, (0.0, 1.0, False))
        unit = "s" if ATTRIBUTES[field].endswith("_us") else ""
        found.append(Control(field, group, title, about[field], low, high, logarithmic, unit))
    pause = "Seconds after a detection in which it is not detected again."
    found += [
        Control(f"{REFRACTORY}.{label}", "Refractory times", label, pause, 0, 5, unit="s")
        for label in labels
        if f"{REFRACTORY}.{label}" in settings
    ]
    return found


def _about() -> dict[str, str]:
    """Field of the policy -> a sentence, from the definition of the format."""
    structs = tomllib.loads((project_dir() / "cmodule/format/fields.toml").read_text(encoding="utf-8"))["struct"]
    policy = next(struct for struct in structs if struct["name"] == "policy")
    return {shown_name(name): f"{text[0].upper()}{text[1:]}." for name, _, text, *_ in policy["fields"]}


def put(model: Model, settings: dict[str, Value]) -> None:
    """Writes settings into a model in memory.  Raises MonitorError for a name that it does not have."""
    labels = {label.name: label for label in model.labels}
    for name, value in settings.items():
        kind, _, label = name.partition(".")
        if name in ATTRIBUTES:
            field = ATTRIBUTES[name]
            setattr(model.policy, field, round(float(value) * 1e6) if field.endswith("_us") else value)
        elif kind == THRESHOLD and label in labels:
            labels[label].threshold = float(value)
        elif kind == REFRACTORY and label in labels:
            labels[label].refractory_us = round(float(value) * 1e6)
        else:
            raise MonitorError(f"no setting {name!r}; there are {', '.join(names(tuple(labels)))}")


def names(labels: tuple[str, ...]) -> list[str]:
    """All names of settings."""
    return [f"{kind}.{label}" for kind in (THRESHOLD, REFRACTORY) for label in labels] + list(ATTRIBUTES)


def checked(name: str, value: Value, labels: tuple[str, ...]) -> Value:
    """The value as the network takes it.  Raises MonitorError for an unknown name, a wrong type, or a number outside the
    range of the setting alone; what depends on other settings is for the network to refuse."""
    if name not in names(labels):
        raise MonitorError(f"no setting {name!r}; there are {', '.join(names(labels))}")
    if name == "complexity":
        enum_value("complexity", value)
        return value
    try:
        number = float(value)
    except ValueError:
        raise MonitorError(f"{name} is a number, not {value!r}") from None
    kind = name.partition(".")[0]
    if kind == THRESHOLD and not RANGES["label"]["threshold"].holds(number, {}):
        raise MonitorError(RANGES["label"]["threshold"].complaint(name, number, {}))
    if kind == REFRACTORY and not 0 <= number <= LONGEST_REFRACTORY_S:
        raise MonitorError(f"{name} is {number:g} s; it must be from 0 s to {LONGEST_REFRACTORY_S} s")
    return number
