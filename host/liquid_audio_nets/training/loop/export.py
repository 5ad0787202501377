# SPDX-License-Identifier: MIT
"""From trained weights to an .lnn file: the only way, whether from a trainer or from a checkpoint on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ... import lnn
from ...audio.dataset import SILENCE
from ...compress import Request, compress, from_folder, synthetic
from ...compress.run import QUANTIZATIONS
from ...lnn.layout import ENUMS
from ...native import add_golden
from ...reference.frontend import FrontEnd
from ..data.schedule import Policy
from ..nets.cells import GATE_LIMIT
from ..nets.grid import GridCell
from ..nets.model import Net
from ..settings.config import ModelConfig
from ..settings.errors import ExportError, UnsupportedCell
from ..settings.recipe import build, default

THRESHOLD = 0.8  # of the posterior, for models that were not calibrated
REFRACTORY_US = 1_200_000  # a word may keep its label for a second of noise
TARGETS = {name.replace("_", "-"): name for name in ENUMS["target"]}


def runs_in_core(config: ModelConfig) -> bool:
    """Whether an .lnn can hold the network: one of `ltc` cells, whatever solver it learned with, because the core's fused
    step solves the same equation."""
    return config.cell_kind == "ltc"


def to_model(
    net: nn.Module,
    thresholds: dict[str, float] | float = THRESHOLD,
    metadata: dict[str, Any] | None = None,
    target: str = "any",
    policy: Policy | None = None,
    temperature: float = 1.0,
    task: str = "keywords",
    numbers: lnn.FrontEndNone | None = None,
) -> lnn.Model:
    """The network as the content of a model file.

    thresholds: posterior at which a label is detected, one for all or one for each label; labels that begin with `_` are
    never detected.  policy: by default that of the recipe `keywords`.  temperature: divides the logits; it is folded into
    the readout.  numbers: replaces the front-end in networks that read no audio.  Raises ExportError for an unknown target,
    UnsupportedCell for networks that the core does not run."""
    if target not in TARGETS:
        raise ExportError(f"unknown target '{target}'; known: {', '.join(TARGETS)}")
    if not isinstance(net, Net):
        kind = type(net).__name__
        raise UnsupportedCell(f"'{kind}' cannot be exported; the core runs networks of LNNTrainer with 'ltc' cells")
    config = net.config
    if not runs_in_core(config):
        raise UnsupportedCell(f"'{config.cell_kind}' cannot be exported; train with cell_kind 'ltc'")
    cells: list[lnn.FloatCell] = []
    for cell in net.cells:
        if isinstance(cell, GridCell):
            cells.append(_grid(cell))
            continue
        n = cell.units
        weight, bias, tau = _array(cell.weight), _array(cell.bias), _array(cell.tau)
        cells.append(lnn.Cell(weight[:n], weight[n:], bias[:n], bias[n:], tau, gate_clamp=GATE_LIMIT))
    by_label = thresholds if isinstance(thresholds, dict) else dict.fromkeys(config.labels, thresholds)
    labels = [
        lnn.Label(name, 0.0 if name.startswith("_") else float(by_label[name]), REFRACTORY_US) for name in config.labels
    ]
    idle = config.labels.index(SILENCE) if SILENCE in config.labels else None
    values, shift = _array(net.readout.weight) / temperature, _array(net.readout.bias) / temperature
    traces, gate = getattr(net, "traces", None), getattr(net, "listening", None)
    readout: lnn.Readout | lnn.LiquidReadout = lnn.Readout(values, shift, config.smoothing_s, idle)
    if gate is not None:
        readout = lnn.LiquidReadout(_array(gate.weight), _array(gate.bias), values, shift, _array(gate.tau), idle)
    logmel = FrontEnd(channels=config.input_dim, mean=_array(net.mean), inv_std=_array(net.inv_std))
    return lnn.Model(
        labels,
        numbers or lnn.FrontEnd.from_reference(logmel),
        cells,
        readout,
        policy or build(Policy, default("policy")),
        metadata=metadata or {},
        target=TARGETS[target],
        task=task,
        traces=traces and lnn.Traces(_array(traces.tau)),
        every=config.every or None,
    )


def _grid(cell: GridCell) -> lnn.Grid:
    n, f, of_units = cell.units, cell.filters, (-1, cell.filters)
    weight, bias, tau = _array(cell.weight), _array(cell.bias), _array(cell.tau).reshape(of_units)
    bf, ba = bias[:n].reshape(of_units), bias[n:].reshape(of_units)
    return lnn.Grid(weight[:f], weight[f:], bf, ba, tau, cell.width, cell.stride, gate_clamp=GATE_LIMIT)


def _array(tensor: Any) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().float().numpy()
    return array


def export_lnn(
    net: nn.Module,
    path: str | Path,
    quantization: str = "float32",
    target: str = "any",
    golden_audio: np.ndarray | None = None,
    calibrate: str | Path | None = None,
    **content: Any,
) -> Path:
    """Writes net as an .lnn file and returns its path.

    quantization: float32, or as liquid-compress has it dynamic-int8, int8 and int16, with scales fitted on the recordings
    in the folder `calibrate`, or without it on synthetic sound.  golden_audio: int16 (n,), stored with the logits that it
    must give.  content: thresholds, metadata, policy, temperature, task and numbers, see to_model.  Raises ExportError for
    another quantization, UnsupportedCell as to_model() does, AudioError for a folder without sound, LnnError if
    golden_audio does not open the energy gate."""
    if quantization not in QUANTIZATIONS:
        raise ExportError(f"unknown quantization '{quantization}'; known: {', '.join(QUANTIZATIONS)}")
    path = Path(path)
    model = to_model(net, target=target, **content)
    if golden_audio is not None:
        model = add_golden(model, golden_audio)
    if quantization != "float32":
        sounds = from_folder(Path(calibrate), model) if calibrate else synthetic(model)
        model = compress(model, sounds, Request(quantization, TARGETS[target])).model
    path.parent.mkdir(parents=True, exist_ok=True)
    lnn.save(model, path)
    return path
