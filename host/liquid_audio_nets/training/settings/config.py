# SPDX-License-Identifier: MIT
"""What a network and its trainer are made from.  The recipe `keywords` holds the defaults."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ...reference.frontend import FrontEnd
from .errors import TrainingError
from .ranges import complaint, grid_sizes
from .recipe import default

# What a network that predicts numbers is like: nothing is smoothed, and what it expects are the features themselves.
PREDICTS_NUMBERS: dict[str, Any] = {"smoothing_s": 0.0, "traces": False, "liquid_readout": False, "hear_all": False}


def _from_recipe(setting: str) -> Any:
    """A field whose default is a setting of the packaged recipe, such as "train.seed"."""
    return field(default_factory=lambda: default(setting))


def _mel_channels() -> int:
    return FrontEnd().channels


@dataclass
class ModelConfig:
    """Sizes and kind of a network.

    labels: what its outputs mean; input_dim: features per step; hidden_dims: units of each dense cell; cell_kind: see
    nets/kinds.py and nets/registry.py; ode_solver: see nets/solvers.py; smoothing_s: time constant of the evidence;
    wiring: of `ltc_synaptic`, see nets/wirings.py; traces and liquid_readout: see nets/leaky.py; hear_all: the readout
    hears all cells; every: of each cell the steps from one run to the next, empty if all run at every step; dropout: share
    of a cell's states that the next cell does not hear in training; grid: width, stride and filters of a liquid grid before
    the dense cells, such as "8x4x8", empty if there is none."""

    labels: tuple[str, ...]
    input_dim: int = field(default_factory=_mel_channels)
    hidden_dims: tuple[int, ...] = _from_recipe("model.hidden_dim")
    cell_kind: str = _from_recipe("model.cell_kind")
    ode_solver: str = _from_recipe("model.ode_solver")
    smoothing_s: float = _from_recipe("model.smoothing_s")
    wiring: str | dict[str, Any] = field(default_factory=lambda: default("model.wiring"))
    traces: bool = _from_recipe("model.traces")
    liquid_readout: bool = _from_recipe("model.liquid_readout")
    hear_all: bool = _from_recipe("model.hear_all")
    every: tuple[int, ...] = _from_recipe("model.every")
    dropout: float = _from_recipe("train.dropout")
    grid: str = _from_recipe("model.grid")

    @property
    def cell_units(self) -> tuple[int, ...]:
        """Units of each cell, those of the grid first if there is one."""
        if not (sizes := grid_sizes(self.grid)):
            return self.hidden_dims
        width, stride, filters = sizes
        return (((self.input_dim - width) // stride + 1) * filters, *self.hidden_dims)

    @property
    def rhythm(self) -> tuple[int, ...]:
        """Of each cell the steps from one run to the next."""
        return self.every or (1,) * len(self.cell_units)


@dataclass
class TrainerConfig:
    """The settings of LNNTrainer, by the same names as in a recipe's tables [model] and [train].

    input_dim: features per step.  hidden_dim: units of each cell after the grid; one number stands for as many cells of that
    size as the recipe `keywords` has.  labels: what the outputs mean; without them there are output_dim outputs, called class0,
    class1, ...  total_steps: at which the learning rate has fallen to its end.  The recipe says what the others mean."""

    input_dim: int = field(default_factory=_mel_channels)
    hidden_dim: int | tuple[int, ...] = _from_recipe("model.hidden_dim")
    output_dim: int = field(default_factory=lambda: len(default("data.labels")))
    labels: tuple[str, ...] = ()
    cell_kind: str = _from_recipe("model.cell_kind")
    ode_solver: str = _from_recipe("model.ode_solver")
    wiring: str | dict[str, Any] = field(default_factory=lambda: default("model.wiring"))
    smoothing_s: float = _from_recipe("model.smoothing_s")
    traces: bool = _from_recipe("model.traces")
    liquid_readout: bool = _from_recipe("model.liquid_readout")
    hear_all: bool = _from_recipe("model.hear_all")
    every: tuple[int, ...] = _from_recipe("model.every")
    dropout: float = _from_recipe("train.dropout")
    grid: str = _from_recipe("model.grid")
    complexity_penalty: float = _from_recipe("train.complexity_penalty")
    sparsity_penalty: float = _from_recipe("train.sparsity_penalty")
    optimizer: str = _from_recipe("train.optimizer")
    learning_rate: float = _from_recipe("train.learning_rate")
    warmup_steps: int = _from_recipe("train.warmup_steps")
    total_steps: int = field(default_factory=lambda: default("train.epochs") * default("train.epoch_steps"))
    weight_decay: float = _from_recipe("train.weight_decay")
    label_smoothing: float = _from_recipe("train.label_smoothing")
    gradient_limit: float = _from_recipe("train.gradient_limit")
    ema_decay: float = _from_recipe("train.ema_decay")
    distill_from: str = _from_recipe("train.distill_from")
    distill_weight: float = _from_recipe("train.distill_weight")
    distill_temperature: float = _from_recipe("train.distill_temperature")
    prune_share: float = _from_recipe("train.prune_share")
    prune_groups: bool = _from_recipe("train.prune_groups")
    prune_begin: float = _from_recipe("train.prune_begin")
    prune_end: float = _from_recipe("train.prune_end")
    seed: int = _from_recipe("train.seed")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainerConfig:
        """Raises TrainingError for an unknown name, naming the nearest known one, and for an impossible value."""
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise TrainingError(f"unknown setting '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        config = cls(**given)
        config.check()
        return config

    @classmethod
    def of_recipe(cls, recipe: dict[str, Any], **more: Any) -> TrainerConfig:
        """From a recipe's tables [model] and [train], without those settings that concern the run alone.

        more: settings that a task decides.  Raises TrainingError as from_dict does."""
        train, known = recipe["train"], [f.name for f in fields(cls)]
        given = {k: v for k, v in (recipe["model"] | train).items() if k in known}
        return cls.from_dict(given | {"total_steps": train["epochs"] * train["epoch_steps"]} | more)

    def check(self) -> None:
        """Raises TrainingError for the first value that is not possible."""
        for name, value in vars(self).items():
            if found := complaint(name, list(value) if isinstance(value, tuple) else value):
                raise TrainingError(f"{name} = {value!r}: {found}")

    @property
    def warmup(self) -> int:
        """Steps until the peak of the learning rate: warmup_steps, but at most a fifth of a short training."""
        return min(self.warmup_steps, self.total_steps // 5)

    def model(self) -> ModelConfig:
        """The network to train."""
        sizes = self.hidden_dim
        if isinstance(sizes, int):
            sizes = (sizes,) * len(default("model.hidden_dim"))
        labels = self.labels or tuple(f"class{i}" for i in range(self.output_dim))
        return ModelConfig(
            labels,
            self.input_dim,
            sizes,
            self.cell_kind,
            self.ode_solver,
            self.smoothing_s,
            self.wiring,
            self.traces,
            self.liquid_readout,
            self.hear_all,
            self.every,
            self.dropout,
            self.grid,
        )

    def to_dict(self) -> dict[str, Any]:
        """Values that from_dict() takes and JSON can hold."""
        return asdict(self)
