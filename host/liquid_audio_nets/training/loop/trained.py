# SPDX-License-Identifier: MIT
"""A trained network out of a file: it can teach another, or another can begin with its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ... import lnn
from ...board import project_dir
from ...compress.floats import as_float
from ...compress.parts import float_parts
from ...errors import LiquidError
from ..nets.model import Net
from ..nets.registry import make_net
from ..settings.config import ModelConfig
from ..settings.errors import TrainingError
from . import checkpoints

LONGEST_TAU_S = 3600.0  # stands for a state that never leaks


def trained_network(path: str | Path) -> Net:
    """The averaged weights of a checkpoint (.safetensors, .pt), or the network of a model (.lnn), for an integer one what its
    integers stand for.  path: a file, or the name of a shipped model such as computer.lnn.

    Raises TrainingError if the file cannot be read or its front-end is not one that training knows."""
    path = Path(path)
    if path.name == str(path) and path.suffix == ".lnn" and not path.exists():
        path = project_dir() / "device" / "models" / path
    if path.suffix == ".lnn":
        return _of_model(path)
    tensors, metadata = checkpoints.read(path)
    net, begin = make_net(checkpoints.config_of(metadata).model()).eval(), "average."
    net.load_state_dict({name.removeprefix(begin): x for name, x in tensors.items() if name.startswith(begin)})
    return net


def _of_model(path: Path) -> Net:
    try:
        model = as_float(lnn.load(path))
        frontend, cells, readout = float_parts(model)
    except (LiquidError, OSError) as error:
        raise TrainingError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    arrays = {"mean": frontend.mean, "inv_std": frontend.inv_std}
    for k, cell in enumerate(cells):
        arrays[f"cells.{k}.weight"] = np.concatenate([cell.wf, cell.wa])
        arrays[f"cells.{k}.bias"] = np.concatenate([np.ravel(cell.bf), np.ravel(cell.ba)])
        arrays[f"cells.{k}.log_tau"] = _log_tau(cell.tau_s)
    smoothing_s = 0.0
    if isinstance(readout, lnn.LiquidReadout):
        arrays |= {"readout.weight": readout.wv, "readout.bias": readout.bv, "listening.weight": readout.wg}
        arrays |= {"listening.bias": readout.bg, "listening.log_tau": _log_tau(readout.tau)}
    else:
        arrays |= {"readout.weight": readout.w, "readout.bias": readout.b}
        smoothing_s = readout.smoothing_s
    if model.traces:
        arrays["traces.log_tau"] = _log_tau(model.traces.tau)
    config = ModelConfig(
        tuple(model.label_names),
        frontend.n_mels,
        tuple(cell.n_units for cell in cells if not isinstance(cell, lnn.Grid)),
        "ltc",
        smoothing_s=smoothing_s,
        traces=model.traces is not None,
        liquid_readout=isinstance(readout, lnn.LiquidReadout),
        hear_all=model.hears_all,
        every=tuple(model.every or ()),
        grid="".join(f"{c.width}x{c.stride}x{c.filters}" for c in cells if isinstance(c, lnn.Grid)),
    )
    net = make_net(config).eval()
    net.load_state_dict({name: torch.from_numpy(np.array(x, np.float32)) for name, x in arrays.items()})
    return net


def _log_tau(tau: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.minimum(tau, LONGEST_TAU_S)))
