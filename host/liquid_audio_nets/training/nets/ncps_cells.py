# SPDX-License-Identifier: MIT
"""Cells of the `ncps` package (Apache-2.0, Lechner & Hasani) as cells of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ..settings.errors import UnsupportedCell
from .cfc import ACTIVATIONS, CfCCell
from .synaptic import POSITIVE, SynapticLTCCell, softplus_inverse
from .wirings import Wiring

_ACTIVATION_NAMES = {"LeCun": "lecun_tanh", "Tanh": "tanh", "ReLU": "relu", "SiLU": "silu", "GELU": "gelu"}


def from_ncps(cell: nn.Module) -> SynapticLTCCell | CfCCell:
    """An ncps.torch.LTCCell or CfCCell, or the LTC or CfC around it, with its weights, wiring and precision.

    Elapsed times of ncps are seconds here; dropout is left out.  Raises UnsupportedCell for other objects and for parts
    that cannot be imported: a memory cell, an output projection, a CfC with a wiring."""
    if getattr(cell, "use_mixed", False):
        raise UnsupportedCell("an ncps model with mixed_memory cannot be imported; only its liquid cell can")
    if not isinstance(getattr(cell, "fc", nn.Identity()), nn.Identity):
        raise UnsupportedCell("an ncps model with proj_size cannot be imported; pass its rnn_cell")
    cell = getattr(cell, "rnn_cell", cell)
    makers: dict[str, Callable[[Any], SynapticLTCCell | CfCCell]] = {"LTCCell": _synaptic, "CfCCell": _cfc}
    make = makers.get(type(cell).__name__)
    if make is None or not type(cell).__module__.startswith("ncps."):
        raise UnsupportedCell(f"'{type(cell).__name__}' cannot be imported; pass an ncps LTCCell or CfCCell")
    with torch.no_grad():
        return make(cell)


def _synaptic(cell: Any) -> SynapticLTCCell:
    theirs = {name: p.detach() for name, p in cell.named_parameters()}
    masks = (np.asarray(cell._wiring.adjacency_matrix), np.asarray(cell._wiring.sensory_adjacency_matrix))
    ours = SynapticLTCCell(
        cell.sensory_size, cell.state_size, wiring=Wiring(*masks, cell.motor_size), unfolds=cell._ode_unfolds
    ).to(theirs["w"])
    for name, parameter in ours.named_parameters():
        if name not in theirs:  # without an input or output mapping ours is the identity
            continue
        value = theirs[name]
        if name in POSITIVE and not cell._implicit_param_constraints:
            if (value < 0).any():
                raise UnsupportedCell(f"'{name}' has negative values; call the cell's apply_weight_constraints() first")
            value = softplus_inverse(value)
        parameter.copy_(value)
    return ours


def _cfc(cell: Any) -> CfCCell:
    if cell.sparsity_mask is not None:
        raise UnsupportedCell("a CfC cell with a wiring cannot be imported; only plain CfC cells can")
    layers = [m for m in cell.backbone or () if isinstance(m, nn.Linear)]
    name = _ACTIVATION_NAMES[type(cell.backbone[1]).__name__] if layers else next(iter(ACTIVATIONS))
    width = layers[0].out_features if layers else None
    ours = CfCCell(cell.input_size, cell.hidden_size, cell.mode, width, len(layers), name, unit_s=1.0)
    ours.to(cell.ff1.weight)
    for mine, yours in zip((m for m in ours.backbone if isinstance(m, nn.Linear)), layers, strict=True):
        mine.load_state_dict(yours.state_dict())
    rest = {
        k: v.reshape(-1) if k in ("w_tau", "A") else v
        for k, v in cell.state_dict().items()
        if not k.startswith("backbone.")
    }
    ours.load_state_dict(rest, strict=False)
    return ours
