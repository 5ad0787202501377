"""A checkpoint of liquid-train as a model, read without torch."""

from __future__ import annotations

import json
import os
import pathlib
import tomllib

import numpy as np

from ..errors import LiquidError
from ..lnn import Cell, FrontEnd, Label, LnnError, Model, Policy, Readout, checks, load
from ..lnn.layout import ENUMS
from ..lnn.records import enum_value
from ..reference import frontend as reference

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
HEADER_LIMIT = 1 << 24
KEYWORD_THRESHOLD, REFRACTORY_US = 0.8, 800_000
EXPORTED = ("anomaly", "series")  # their units are measured after training, beyond the checkpoint


class CompressError(LiquidError, ValueError):
    """What was asked for cannot be done; the message says what can."""


def load_model(path: str | os.PathLike) -> Model:
    """A float model from an .lnn file, or from a safetensors checkpoint of liquid-train.

    Raises CompressError for another file or an integer model, OSError where it cannot be read, LnnError
    for a bad .lnn.
    """
    path = pathlib.Path(path)
    model = from_checkpoint(path) if path.suffix == ".safetensors" else load(path)
    if model.frontend.kind == "none":
        raise CompressError(f"{path} reads rows of numbers: it is small, and runs as float32")
    if model.cells[0].weight != "float32":
        raise CompressError(f"{path} is an integer model already; give the float model that it was made from")
    return model


def read_safetensors(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors by name and the metadata of a safetensors file.  Raises CompressError where it is none."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    try:
        if size > min(HEADER_LIMIT, len(data) - 8):
            raise ValueError
        header = json.loads(data[8 : 8 + size])
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            raw = np.frombuffer(data[8 + size :][begin:end], TYPES[entry["dtype"]])
            tensors[name] = raw.reshape(entry["shape"])
        return tensors, metadata
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CompressError(f"{path}: not a safetensors file that liquid-train wrote") from None


def from_checkpoint(path: pathlib.Path) -> Model:
    """The averaged weights of a checkpoint, with the default thresholds, and the task and policy of the recipe beside it."""
    recipe = recipe_beside(path)
    tensors, metadata = read_safetensors(path)
    try:
        config = json.loads(metadata["model"])
        labels, kind = config["labels"], config["cell_kind"]
        part = "average" if "average.readout.weight" in tensors else "net"
        weights = {name.removeprefix(part + "."): tensors[name] for name in tensors if name.startswith(part + ".")}
        cells = [_cell(weights, k) for k in range(len(config["hidden_dims"]))]
        silence = labels.index("_silence_") if "_silence_" in labels else None
        readout = Readout(weights["readout.weight"], weights["readout.bias"], config["smoothing_s"], silence)
        frontend = reference.FrontEnd(channels=config["input_dim"], mean=weights["mean"], inv_std=weights["inv_std"])
    except (KeyError, ValueError, TypeError):
        raise CompressError(
            f"{path}: no checkpoint of liquid-train; give one of its .safetensors, or an .lnn"
        ) from None
    if kind != "ltc":
        raise CompressError(f"{path}: cell '{kind}' does not exist in integers; train with 'ltc'")
    named = [Label(name, 0.0 if name.startswith("_") else KEYWORD_THRESHOLD, REFRACTORY_US) for name in labels]
    return Model(named, FrontEnd.from_reference(frontend), cells, readout, **recipe)


def recipe_beside(path: pathlib.Path) -> dict:
    """Task and policy of the run folder in which a checkpoint lies; nothing where it lies alone."""
    recipe = path.with_name("recipe.toml")
    if not recipe.is_file():
        return {}
    try:
        read = tomllib.loads(recipe.read_text())
        task, policy = read["task"].replace("-", "_"), dict(read.get("policy", {}))
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CompressError(f"{recipe}: not the recipe of a run; move the checkpoint elsewhere to do without") from None
    if task not in ENUMS["task"] or task in EXPORTED:
        raise CompressError(
            f"{path}: networks of task '{task}' are written by liquid-train itself, as an .lnn beside it"
        )
    return {"task": task, "policy": _policy(policy, recipe)}


def _policy(table: dict, recipe: pathlib.Path) -> Policy:
    """What the table has of the file's policy; raises CompressError naming the setting that cannot be."""
    usual = vars(Policy())
    given = {name: value for name, value in table.items() if name in usual}
    for name, value in given.items():
        kind = (int, float) if isinstance(usual[name], float) else type(usual[name])
        if isinstance(value, bool) or not isinstance(value, kind):
            raise CompressError(f"{recipe}: policy.{name} = {value!r}: give a value such as {usual[name]!r}")
    policy = Policy(**given)
    try:
        checks.policy(vars(policy) | {"complexity": enum_value("complexity", policy.complexity)})
    except LnnError as error:
        raise CompressError(f"{recipe}: [policy]: {error}") from None
    return policy


def _cell(weights: dict[str, np.ndarray], k: int) -> Cell:
    weight, bias = weights[f"cells.{k}.weight"], weights[f"cells.{k}.bias"]
    n = len(weight) // 2
    return Cell(weight[:n], weight[n:], bias[:n], bias[n:], np.exp(weights[f"cells.{k}.log_tau"].astype(np.float64)))
