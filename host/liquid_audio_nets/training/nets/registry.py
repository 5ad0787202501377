# SPDX-License-Identifier: MIT
"""The networks that can be compared, by name: what each is made of, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..settings.config import ModelConfig
from ..settings.errors import UnsupportedCell
from ..settings.ranges import grid_sizes
from . import bc_resnet_1, ds_cnn
from .clip_net import ClipNet
from .kinds import STEPWISE
from .model import LiquidNet, Net

STEPS_PER_S, DECISIONS_PER_S, WINDOW_FRAMES = 50, 4, 50
_NETS: dict[str, type[ClipNet]] = {"ds_cnn": ds_cnn.DSCNN, "bc_resnet_1": bc_resnet_1.BCResNet1}
WINDOWED = {"ds_cnn": ds_cnn.macs, "bc_resnet_1": bc_resnet_1.macs}
# Multiply-accumulates per step of one cell with m inputs and n units, those of its matrices.
_CELL_MACS: dict[str, Callable[[int, int], int]] = {
    "ltc": lambda m, n: 2 * n * (m + n),
    "ltc_const": lambda m, n: n * (m + n),
    "gru": lambda m, n: 3 * n * (m + n),
    "fastgrnn": lambda m, n: n * (m + n),
    "cfc": lambda m, n: n * (m + n) + 4 * n * n,
}


DROPPING = "+drop"  # ends the name of a network trained with the lost frames of dt_augment, as liquid ones always are


@dataclass(frozen=True)
class Arch:
    """units: of each cell, chosen so that every recurrent network has about the 30.7 k parameters of the `ltc`;
    windows have none.  learning_rate: the peak that `liquid-compare --search` found best, but for `cfc`, which at
    8e-3 was better by 0.01 after 150 steps and broke down later (22 %), and for `bc_resnet_1`, which has ds_cnn's."""

    name: str
    units: tuple[int, ...]
    learning_rate: float
    says: str

    @property
    def windowed(self) -> bool:
        """Whether it decides whole windows instead of steps."""
        return self.name in WINDOWED

    @property
    def liquid(self) -> bool:
        """Whether its cells take the true timestep."""
        return self.name in ("ltc", "ltc_const", "cfc")


ARCHS = {
    arch.name: arch
    for arch in (
        Arch("ltc", (64, 64), 8e-3, "liquid time-constant, ours"),
        Arch("ds_cnn", (), 8e-3, "MLPerf Tiny"),
        Arch("gru", (51, 51), 8e-3, "gated recurrent unit"),
        Arch("ltc_const", (92, 92), 8e-3, "liquid, constant reversal potential, as printed"),
        Arch("cfc", (50, 50), 3e-3, "liquid, closed form"),
        Arch("fastgrnn", (92, 92), 8e-3, "FastGRNN, full rank"),
        Arch("bc_resnet_1", (), 8e-3, "BC-ResNet-1"),
    )
}


def named(name: str) -> Arch:
    """The network of a name, with or without DROPPING.  Raises UnsupportedCell naming what there is."""
    known = [*ARCHS, *(arch + DROPPING for arch in STEPWISE)]
    if name not in known:
        raise UnsupportedCell(f"unknown network '{name}'; available: {', '.join(known)}")
    return ARCHS[name.removesuffix(DROPPING)]


def settings(name: str) -> dict[str, Any]:
    """Settings of LNNTrainer that make this network.  Raises UnsupportedCell as named() does."""
    arch = named(name)
    return {"cell_kind": arch.name, "hidden_dim": arch.units, "learning_rate": arch.learning_rate}


def make_net(config: ModelConfig) -> Net:
    """The network of a configuration: one of windows where cell_kind names such, else a LiquidNet of these cells."""
    return _NETS[config.cell_kind](config) if config.cell_kind in _NETS else LiquidNet(config)


def make_arch(name: str, labels: tuple[str, ...], input_dim: int = 40) -> Net:
    """One of ARCHS, untrained.  Raises UnsupportedCell naming what there is."""
    return make_net(ModelConfig(labels, input_dim, named(name).units, named(name).name))


def macs_per_run(config: ModelConfig, frames: int = WINDOW_FRAMES) -> int:
    """Multiply-accumulates per step of a recurrent network, or per window of `frames`, without the front-end and without
    what is done element by element."""
    labels = len(config.labels)
    if config.cell_kind in WINDOWED:
        return WINDOWED[config.cell_kind](frames, config.input_dim, labels)
    units, planes = config.cell_units, 2 if config.traces else 1
    inputs = (config.input_dim * planes, *units)
    cells = [_CELL_MACS[config.cell_kind](m, n) for m, n in zip(inputs, units, strict=False)]  # there is one more input
    if sizes := grid_sizes(config.grid):
        width, _, filters = sizes
        cells[0] = 2 * units[0] * (planes * width + 3 * filters)
    heard = sum(units) if config.hear_all else units[-1]
    return sum(cells) + heard * labels * (2 if config.liquid_readout else 1)


def macs_per_second(config: ModelConfig) -> int:
    """A step every 20 ms of audio, or four decisions a second on a window of one second."""
    return macs_per_run(config) * (DECISIONS_PER_S if config.cell_kind in WINDOWED else STEPS_PER_S)
