# SPDX-License-Identifier: MIT
"""Recipes: the settings of a training run in TOML.

The packaged recipe that has its task's name holds every setting of the task with its default and a comment, and no other
place has defaults.  All other recipes name the task and the settings that they change; types and known settings are those
of the packaged one.
"""

from __future__ import annotations

import copy
import difflib
import json
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from ...lnn import LnnError, Policy, checks
from ...lnn.layout import ENUMS, LIMITS
from . import ranges
from .errors import RecipeError

_FOLDER = files(__package__) / "recipes"
Settings = TypeVar("Settings")
TEACHER_UNITS = 128  # in each cell of the teacher that --teacher auto trains
# Settings of recipes that were written before each setting had one name.
_RENAMED = {
    "hidden": "hidden_dim",
    "arch": "cell_kind",
    "solver": "ode_solver",
    "lambda_power": "complexity_penalty",
    "lambda_sparse": "sparsity_penalty",
}


def names() -> dict[str, str]:
    """Packaged recipes and what they are for: the first comment of each file."""
    found = {}
    for file in sorted(_FOLDER.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            found[file.name.removesuffix(".toml")] = file.read_text().splitlines()[0].lstrip("# ")
    return found


def text(source: str | Path) -> str:
    """The TOML of a packaged recipe or of a user's file; raises RecipeError where there is none."""
    if str(source).endswith(".toml"):
        try:
            return Path(source).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{source}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    if str(source) not in names():
        raise RecipeError(
            f"no recipe '{source}'{_nearest(str(source), names())}; "
            f"there are {', '.join(names())}, or give the path of a .toml file"
        )
    return (_FOLDER / f"{source}.toml").read_text()


def load(
    source: str | Path, changes: Iterable[tuple[str, Any]] = (), saved: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A recipe with all settings of its task.

    source: a packaged recipe's name or the path of a file; changes: (table.key, value) pairs, a value that is a text as
    one would type it; saved: the recipe of a run that is to go on, whose settings are then the defaults.  Raises
    RecipeError for unknown settings and impossible values."""
    own = _parse(source)
    task = own.get("task")
    if not isinstance(task, str) or task not in names():
        raise RecipeError(
            f"{source}: task = {task!r} is unknown{_nearest(str(task), names())}; give one of {', '.join(names())}"
        )
    whole = _parse(task)
    if saved and saved["task"] == task:
        _merge(whole, saved, "", "the saved recipe")
    if not saved or source != task:  # the task's own recipe asks for nothing but its defaults
        _merge(whole, own, "", str(source))
    for key, value in changes:
        _change(whole, key, value)
    _check(whole)
    return whole


def teacher_of(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe of a larger network that a network of this one can learn from: TEACHER_UNITS in each cell, nothing pruned.

    Raises RecipeError if networks of this task do not learn from others."""
    if "distill_from" not in recipe["train"]:
        raise RecipeError(f"the recipe for {recipe['task']} has no teacher; leave --teacher out")
    teacher = copy.deepcopy(recipe)
    teacher["model"]["hidden_dim"] = [max(units, TEACHER_UNITS) for units in recipe["model"]["hidden_dim"]]
    off = {"distill_from": "", "start_from": "", "prune_share": 0.0, "complexity_penalty": 0.0, "sparsity_penalty": 0.0}
    teacher["train"] |= {name: value for name, value in off.items() if name in teacher["train"]}
    return teacher


def refuse_difference(saved: dict[str, Any], wanted: dict[str, Any], run: Path) -> None:
    """Raises RecipeError for the first setting of a run that is not as it was saved, but for more epochs and for threads.

    saved: the recipe of the checkpoint in the folder `run`; wanted: the recipe to go on with."""
    now = dict(_flat(wanted))
    for name, was in _flat(saved):  # a setting that is not there is younger than the run
        if name == "train.threads" or (name == "train.epochs" and now[name] > was):
            continue
        if was != now[name]:
            raise RecipeError(
                f"{run} was trained with {name} = {_value(was)}, not {_value(now[name])}: leave that setting out to go on "
                "there, or give another --out"
            )


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@cache
def _packaged(task: str) -> dict[str, Any]:
    return _parse(task)


def default(setting: str, task: str = "keywords") -> Any:
    """The default of a setting such as "train.seed", from the packaged recipe of a task; a list becomes a tuple."""
    value: Any = _packaged(task)
    for part in setting.split("."):
        value = value[part]
    return tuple(value) if isinstance(value, list) else value


def _check(table: dict[str, Any], prefix: str = "") -> None:
    """Raises RecipeError for the first setting that cannot be."""
    for name, value in table.items():
        if isinstance(value, dict):
            _check(value, f"{prefix}{name}.")
        elif found := ranges.complaint(name, value):
            raise RecipeError(f"{prefix}{name} = {_value(value)}: {found}")
    if prefix == "mixture." and not any(table[name] for name in ("keyword", "unknown", "silence")):
        raise RecipeError("mixture: keyword, unknown and silence are all 0; one of them must be more")
    if prefix == "model." and table["cell_kind"] == "ltc" and any(units % 2 for units in table["hidden_dim"]):
        raise RecipeError(
            f"model.hidden_dim = {_value(table['hidden_dim'])}: the core takes units in pairs; give even numbers"
        )
    if (
        prefix == "model."
        and (every := table.get("every"))
        and (len(every) != len(table["hidden_dim"]) + bool(table.get("grid")) or every[0] != 1)
    ):
        raise RecipeError(f"model.every = {_value(every)}: give a number for each cell, of which the first is 1")
    if prefix == "model." and table.get("grid") and len(table["hidden_dim"]) >= LIMITS["cells"]:
        raise RecipeError(
            f"model.grid = {_value(table['grid'])}: at most {LIMITS['cells']} cells are possible with the grid"
        )
    if prefix == "policy.":
        try:
            checks.policy(vars(Policy()) | table | {"complexity": ENUMS["complexity"]["energy"]})
        except LnnError as error:
            raise RecipeError(f"[policy]: {error}") from None


def build(kind: type[Settings], table: dict[str, Any], **more: Any) -> Settings:
    """A dataclass of settings from a recipe's table; lists become tuples."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}, **more)


def to_toml(recipe: dict[str, Any]) -> str:
    """The text that load() reads back as this recipe."""
    plain = [f"{k} = {_value(v)}" for k, v in recipe.items() if not isinstance(v, dict)]
    for name, table in recipe.items():
        if isinstance(table, dict):
            plain += ["", f"[{name}]"] + [f"{k} = {_value(v)}" for k, v in table.items()]
    return "\n".join(plain) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _parse(source: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text(source))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{source}: not TOML: {error}") from None


def _nearest(word: str, known: Iterable[str]) -> str:
    """What to say of an unknown name: which known one it may stand for."""
    if renamed := _RENAMED.get(word.split(".")[-1]):
        return f"; it is now called '{renamed}': rename it"
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _merge(whole: dict[str, Any], own: dict[str, Any], prefix: str, source: str) -> None:
    for key, value in own.items():
        name = f"{prefix}{key}"
        if key not in whole:
            raise RecipeError(f"{source}: unknown setting '{name}'{_nearest(key, whole)}")
        if isinstance(whole[key], dict) and isinstance(value, dict):
            _merge(whole[key], value, f"{name}.", source)
        else:
            whole[key] = _fitting(name, value, whole[key])


def _change(whole: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    table: Any = whole
    for part in path:
        table = table.get(part) if isinstance(table, dict) else None
    if not path or not isinstance(table, dict) or last not in table:
        known = [f"{t}.{k}" for t, keys in whole.items() if isinstance(keys, dict) for k in keys]
        raise RecipeError(f"the recipe for {whole['task']} has no setting '{key}'{_nearest(key, known)}")
    table[last] = _fitting(key, _typed(value, table[last], last) if isinstance(value, str) else value, table[last])


def _typed(typed: str, default: Any, last: str) -> Any:
    """What a user typed: TOML, a bare word, or for a list its elements with commas between them."""
    try:
        value = tomllib.loads(f"v = {typed}")["v"]
    except tomllib.TOMLDecodeError:
        value = typed
    if isinstance(default, list) and not isinstance(value, list):
        element = default[0] if default else _ELEMENTS.get(last, "")
        return [_typed(part.strip(), element, last) for part in typed.split(",") if part.strip()]
    return typed if isinstance(default, str) and not isinstance(value, str) else value


def _fitting(name: str, value: Any, default: Any) -> Any:
    """The value, an integer made a float where one is wanted; raises RecipeError for another kind."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise RecipeError(f"{name} = {_value(value)}: give {_KINDS[type(default)]}, such as {_value(default)}")
    if isinstance(value, list):
        element = default[0] if default else _ELEMENTS.get(name.split(".")[-1], "")
        return [_fitting(name, x, element) for x in value]
    return value


_ELEMENTS = {"learning_rates": 0.01, "every": 1}  # of lists that are empty by default, if they hold no text
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}
