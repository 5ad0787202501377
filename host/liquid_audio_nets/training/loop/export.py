"""From trained weights to a `.lnn` file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ... import lnn
from ...audio.dataset import SILENCE
from ...errors import LiquidError
from ...reference.frontend import FrontEnd
from ..data.schedule import Policy
from ..nets.cells import GATE_LIMIT, UnsupportedCell
from ..nets.model import LiquidNet, ModelConfig

REFRACTORY_US = 1_200_000  # a word may keep its label for a second of noise
TARGETS = {
    "any": "any",
    "host": "host",
    "cortex-m0": "cortex_m0",
    "cortex-m3": "cortex_m3",
    "cortex-m4": "cortex_m4",
    "cortex-m7": "cortex_m7",
    "cortex-m33": "cortex_m33",
    "cortex-m55": "cortex_m55",
    "riscv32": "riscv32",
}

QUANTIZATIONS = ("float32", "int8")


class ExportError(LiquidError, ValueError):
    """The network cannot be written as asked; the message says what can."""


def runs_in_core(config: ModelConfig) -> bool:
    """Whether there is a `.lnn` of such a network: of cell `ltc`, whatever solver it learned with, for the core's fused step
    solves the same equation."""
    return config.cell_kind == "ltc"


def to_model(
    net: LiquidNet,
    thresholds: dict[str, float] | float = 0.8,
    metadata: dict | None = None,
    target: str = "any",
    policy: Policy = Policy(),
    temperature: float = 1.0,
    task: str = "keywords",
    numbers: lnn.FrontEndNone | None = None,
) -> lnn.Model:
    """The network as a model file's content.

    thresholds: posterior at which a label is detected, one for all or by label; labels that begin
    with `_` are never detected.  temperature divides the logits: calibration, folded into the readout.
    numbers: stands where a front-end stands in networks that read no audio.
    Raises ExportError for an unknown target, UnsupportedCell for cells that the core does not run.
    """
    if target not in TARGETS:
        raise ExportError(f"unknown target '{target}'; known: {', '.join(TARGETS)}")
    config = net.config
    if not runs_in_core(config):
        raise UnsupportedCell(f"'{config.cell_kind}' cannot be exported; train with cell_kind 'ltc'")

    def array(tensor) -> np.ndarray:
        return tensor.detach().cpu().float().numpy()

    cells = []
    for cell in net.cells:
        n = cell.units
        weight, bias = array(cell.weight), array(cell.bias)
        cells.append(lnn.Cell(weight[:n], weight[n:], bias[:n], bias[n:], array(cell.tau), gate_clamp=GATE_LIMIT))
    by_label = thresholds if isinstance(thresholds, dict) else {label: thresholds for label in config.labels}
    labels = [
        lnn.Label(name, 0.0 if name.startswith("_") else float(by_label[name]), REFRACTORY_US) for name in config.labels
    ]
    readout = lnn.Readout(
        array(net.readout.weight) / temperature,
        array(net.readout.bias) / temperature,
        config.smoothing_s,
        config.labels.index(SILENCE) if SILENCE in config.labels else None,
    )
    logmel = FrontEnd(channels=config.input_dim, mean=array(net.mean), inv_std=array(net.inv_std))
    return lnn.Model(
        labels,
        numbers or lnn.FrontEnd.from_reference(logmel),
        cells,
        readout,
        policy,
        metadata=metadata or {},
        target=TARGETS[target],
        task=task,
    )


def export_lnn(
    net: LiquidNet,
    path: str | Path,
    quantization: str = "float32",
    target: str = "any",
    golden_audio: np.ndarray | None = None,
    calibrate: str | Path | None = None,
    **content: Any,
) -> Path:
    """Write net as a `.lnn` file; golden_audio int16 (n,) is stored with the logits it must give.

    quantization: float32, or int8 with the integer front-end, its scales fitted on the recordings in the folder
    `calibrate`, or on made-up sound and golden_audio.  content: thresholds, metadata, policy, temperature, task and
    numbers of to_model.  Raises ExportError for another quantization, AudioError for a folder without sound."""
    if quantization not in QUANTIZATIONS:
        raise ExportError(f"unknown quantization '{quantization}'; use {' or '.join(map(repr, QUANTIZATIONS))}")
    model = to_model(net, target=target, **content)
    if golden_audio is not None:
        from ...native import add_golden  # needs the compiled core; a model without golden vectors does not

        model = add_golden(model, golden_audio)
    if quantization == "int8":
        from ...compress import Request, compress, from_folder, synthetic

        sounds = from_folder(Path(calibrate), model) if calibrate else synthetic(model)
        model = compress(model, sounds, Request(quantization="int8", target=TARGETS[target])).model
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lnn.save(model, path)
    return path
