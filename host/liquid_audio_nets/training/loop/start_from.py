# SPDX-License-Identifier: MIT
"""Training that begins with the weights of another network instead of random ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..nets.leaky import READOUT_TAU_S, TRACE_TAU_S
from ..settings.config import ModelConfig
from ..settings.errors import TrainingError
from ..settings.ranges import grid_sizes
from .trained import trained_network
from .trainer import LNNTrainer

ROW_PER_LABEL = {"readout.weight", "readout.bias", "listening.weight", "listening.bias", "listening.log_tau"}


def start_from(trainer: LNNTrainer, path: str | Path) -> None:
    """Gives a new trainer the averaged weights and the normalisation of a checkpoint (.safetensors, .pt) or of a model
    (.lnn).  Labels that both networks have keep their rows of the readout, the others begin as in a new network; traces and a
    liquid readout that the other network lacks begin with no effect; of a cell with more units, those are taken that others
    hear most.

    Raises TrainingError if the file cannot be read or its network is another one, naming the difference."""
    other = trained_network(path)
    config, own = trainer.net.config, trainer.net.state_dict()
    weights = _narrowed(_with_stages(dict(other.state_dict()), config), config)
    weights = _for_labels(weights, other.config.labels, own, config.labels)
    for name in sorted(own.keys() | weights.keys()):
        theirs, ours = (tuple(w[name].shape) if name in w else None for w in (weights, own))
        if theirs != ours:
            raise TrainingError(
                f"{path} is another network: its {name} is {_said(theirs)}, {_said(ours)} is wanted; give one with the same "
                "cells, traces and readout, or change [model]"
            )
    for net in (trainer.net, trainer.average):
        net.load_state_dict(weights)


def _for_labels(
    weights: dict[str, Tensor], labels: Sequence[str], own: dict[str, Tensor], wanted: Sequence[str]
) -> dict[str, Tensor]:
    """The weights with a row of the readout for each wanted label: the one that labels names, or else the own one."""
    fitted = dict(weights)
    for name in ROW_PER_LABEL & weights.keys() & own.keys():
        if weights[name].shape[1:] == own[name].shape[1:]:
            rows = [weights[name][labels.index(x)] if x in labels else own[name][k] for k, x in enumerate(wanted)]
            fitted[name] = torch.stack(rows)
    return fitted


def _with_stages(weights: dict[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """The weights with the stages of config that they lack: the first cell does not hear the traces yet, and the evidence
    listens at every step as readily as a smoothed one."""
    grown, channels = dict(weights), config.input_dim
    if config.traces and "traces.log_tau" not in weights:
        grown["traces.log_tau"] = torch.full((channels,), math.log(TRACE_TAU_S))
        heard, sizes = weights["cells.0.weight"], grid_sizes(config.grid)
        at = sizes[0] if sizes else channels  # a grid hears windows
        grown["cells.0.weight"] = torch.cat([heard[:, :at], heard.new_zeros(len(heard), at), heard[:, at:]], 1)
    if config.liquid_readout and "listening.weight" not in weights and config.smoothing_s:
        values = weights["readout.weight"]
        grown["listening.weight"] = torch.zeros_like(values)
        grown["listening.bias"] = values.new_full((len(values),), -math.log(config.smoothing_s))  # g = 1 / smoothing_s
        grown["listening.log_tau"] = values.new_full((len(values),), math.log(READOUT_TAU_S))
    return grown


def _narrowed(weights: dict[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """The weights with as many units in each cell as config wants, if there are more: those whose states have the largest
    weights in their own cell and in what comes next."""
    taken, cells = dict(weights), len(config.cell_units)
    for k, units in enumerate(config.cell_units):
        if config.grid and k == 0:
            continue
        weight = taken.get(f"cells.{k}.weight")
        if weight is None or len(weight) <= 2 * units:
            continue
        had = len(weight) // 2
        inputs = weight.shape[1] - had
        if k + 1 < cells:
            hearers = [f"cells.{k + 1}.weight"]
        else:
            hearers = [name for name in ("readout.weight", "listening.weight") if name in taken]
        heard = sum(taken[name][:, :had].square().sum(0) for name in hearers) + weight[:, inputs:].square().sum(0)
        best = heard.topk(units).indices.sort().values
        rows, columns = torch.cat([best, best + had]), torch.cat([torch.arange(inputs), inputs + best])
        taken[f"cells.{k}.weight"] = weight[rows][:, columns]
        taken[f"cells.{k}.bias"] = taken[f"cells.{k}.bias"][rows]
        taken[f"cells.{k}.log_tau"] = taken[f"cells.{k}.log_tau"][best]
        for name in hearers:
            taken[name] = torch.cat([taken[name][:, best], taken[name][:, had:]], 1)
    return taken


def _said(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else " x ".join(map(str, shape)) or "a number"
