# SPDX-License-Identifier: MIT
"""Task `series`: forecasts of a table's columns, rows missing or at odd times: a gap is a larger dt of the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import lnn
from ...series import (
    Rows,
    SeriesError,
    linear_forecast,
    persistence,
    read_rows,
    rmse,
    station,
    targets_at,
    usual,
    write_rows,
)
from ..data.schedule import DT_MAX_S, DT_MIN_S
from ..loop.card import Facts
from ..loop.export import to_model
from ..loop.trainer import LNNTrainer
from ..nets.model import Net
from ..settings.config import PREDICTS_NUMBERS, TrainerConfig
from .base import BaseTask

TICK_S = 0.05  # the usual interval as the cells see it, so that gaps of up to 20 intervals differ
LEAST_ROWS = 200


@dataclass
class Forecasts:
    """Stretches of a table, time-major: log_mel (T, B, C) the columns as they are, dt (T, B) s of the cells, change
    (T, B, K) from the columns now to those at the horizon, as shares of its usual size, weight (T, B)."""

    log_mel: Tensor
    dt: Tensor
    change: Tensor
    weight: Tensor
    stream: bool = False
    tick_s: float = TICK_S

    @property
    def closed_s(self) -> Tensor:
        """(T, B), zeros: no gate closes."""
        return torch.zeros_like(self.dt)

    @property
    def carried(self) -> Tensor:
        """(B,), false: every stretch begins at rest."""
        return torch.zeros(self.dt.shape[1], dtype=torch.bool, device=self.dt.device)

    def loss(self, outputs: Tensor, net: Net, label_smoothing: float) -> Tensor:
        """Mean squared error; outputs (T, B, K)."""
        return ((outputs - self.change).square().mean(-1) * self.weight).sum() / self.weight.sum().clamp_min(1e-6)


class SeriesTask(BaseTask):
    """The first part of the table is learned from, the next chooses the epoch, the last is what is reported."""

    name, metric, keep = "series", "RMSE saved against persistence", "best"
    given: Path | None

    def take(self, data: Path | None) -> None:
        """Takes a CSV file; without one, prepare() makes a table up."""
        self.given = data

    def prepare(self) -> None:
        """Reads the table, or makes one up without data.  Raises SeriesError for a table that cannot be learned from."""
        settings = self.recipe["data"]
        self.data = self.given or self.cache / "station.csv"
        if self.given is None and not self.data.exists():
            days, missing = settings["generate_days"], settings["generate_missing"]
            self.report(
                f"no --data: {self.data} is made up, {days:g} days of a station with {100 * missing:g} % of the rows missing"
            )
            self.data.parent.mkdir(parents=True, exist_ok=True)
            write_rows(self.data, station(days, missing, settings["generate_seed"]), settings["time_column"])
        self.use(read_rows(self.data, settings["time_column"], settings["columns"]))

    def use(self, rows: Rows) -> None:
        """Takes this table.  Raises SeriesError if it is too short, or if a forecast column is not among its columns or
        never changes."""
        settings = self.recipe["data"]
        if len(rows) < LEAST_ROWS:
            raise SeriesError(f"{self.data}: {len(rows)} complete rows; at least {LEAST_ROWS} are needed to learn from")
        if rows.left_out:
            self.report(f"{rows.left_out} rows with an empty cell count as missing")
        self.forecast = tuple(settings["forecast"]) or rows.names
        for name in self.forecast:
            if name not in rows.names:
                raise SeriesError(f"{self.data}: no column '{name}' to forecast; there are {', '.join(rows.names)}")
        order = [rows.names.index(n) for n in (*self.forecast, *(n for n in rows.names if n not in self.forecast))]
        self.rows = Rows(tuple(rows.names[i] for i in order), rows.time_s, np.ascontiguousarray(rows.values[:, order]))
        self.horizon_s = settings["horizon_s"]
        self.targets = targets_at(self.rows, self.horizon_s)
        share = np.arange(len(rows)) / len(rows)
        reported, chosen = settings["reported_share"], settings["validation_share"]
        self.parts = {"training": share < 1 - reported - chosen, "reported": share >= 1 - reported}
        self.parts["validation"] = ~self.parts["training"] & ~self.parts["reported"]
        for part, here in self.parts.items():
            if not (self.targets.known & here).any():
                raise SeriesError(
                    f"{self.data}: no row {self.horizon_s:g} s after another in the part for {part}; give "
                    "a horizon_s of some intervals, or more rows"
                )
        self.persistence = {
            part: persistence(self.rows, self.targets, here, len(self.forecast)) for part, here in self.parts.items()
        }
        ordinary, remarks = usual(self.rows, self.parts["training"])
        for line in remarks:
            self.report(line)
        learned = ordinary.values[self.parts["training"]].astype(np.float64)
        self.mean, deviation = learned.mean(0).astype(np.float32), learned.std(0)
        # A column that stood still while it was learned from says nothing later.
        moves = deviation > 1e-6 * np.abs(learned).max(0)
        self.inv_std = np.where(moves, 1 / np.where(moves, deviation, 1.0), 0.0).astype(np.float32)
        targets, outputs = targets_at(ordinary, self.horizon_s), len(self.forecast)
        self.change = (targets.values - ordinary.values)[:, :outputs]
        # Of the outputs, so that the error of every column counts alike.
        self.scale = persistence(ordinary, targets, self.parts["training"], outputs).astype(np.float32)
        self.time_scale = TICK_S / self.rows.interval_s
        self.dt = np.clip(
            np.diff(self.rows.time_s, prepend=self.rows.time_s[0] - self.rows.interval_s) * self.time_scale,
            DT_MIN_S,
            DT_MAX_S,
        ).astype(np.float32)

    def trainer(self) -> LNNTrainer:
        """A new one, inputs normalised by the training part."""
        trainer = LNNTrainer(
            TrainerConfig.of_recipe(
                self.recipe, labels=self.forecast, input_dim=len(self.rows.names), **PREDICTS_NUMBERS
            )
        )
        for net in (trainer.net, trainer.average):
            net.mean.copy_(torch.from_numpy(self.mean))
            net.inv_std.copy_(torch.from_numpy(self.inv_std))
        return trainer

    def batch(self, size: int, seed: int) -> Forecasts:
        """Stretches from anywhere in the training part; each loses further rows at random."""
        rng, train = np.random.default_rng(seed), self.recipe["train"]
        last = int(self.parts["training"].sum())
        length = min(train["stretch_rows"], last // 2)
        kept = max(int(length * (1 - train["drop_share"])), 2)
        start = rng.integers(0, last - length, size)
        index = np.stack([np.sort(rng.choice(length, kept, replace=False)) for _ in range(size)], 1) + start
        times = self.rows.time_s[index]
        dt = np.clip(
            np.diff(times, axis=0, prepend=times[:1] - self.rows.interval_s) * self.time_scale, DT_MIN_S, DT_MAX_S
        )
        known = self.targets.known[index] & (times + self.horizon_s <= self.rows.time_s[last - 1])
        weight = known * (np.arange(kept) >= kept // 4)[:, None]  # the state needs some rows to settle
        return Forecasts(
            torch.from_numpy(self.rows.values[index]),
            torch.from_numpy(dt.astype(np.float32)),
            torch.from_numpy(self.change[index] / self.scale),
            torch.from_numpy(weight.astype(np.float32)),
        )

    @torch.no_grad()
    def predict(self, net: Net) -> np.ndarray:
        """Forecasts after every row, from the first row on, float32 (n, K)."""
        values, dt = torch.from_numpy(self.rows.values)[:, None], torch.from_numpy(self.dt)[:, None]
        outputs, _ = net(values, dt, torch.zeros_like(dt))
        ahead: np.ndarray = self.rows.values[:, : len(self.forecast)] + outputs[:, 0].numpy() * self.scale
        return ahead

    def saved(self, forecast: np.ndarray, part: str) -> float:
        """1 - RMSE / RMSE of persistence, mean of the columns: 0 is no better than the last value, 1 is perfect."""
        return float(1 - np.mean(rmse(forecast, self.targets, self.parts[part]) / self.persistence[part]))

    def evaluate(self, trainer: LNNTrainer) -> dict[str, Any]:
        """What is saved against persistence, in the part that chooses the epoch and in the part that is reported."""
        self.measured = trainer.average
        forecast = self.predict(self.measured)
        return {"score": self.saved(forecast, "validation"), "reported": self.saved(forecast, "reported")}

    def finish(self, trainer: LNNTrainer, out: Path) -> Path:
        """series.lnn: numbers in, forecasts out, in the columns' own units."""
        metadata = self.metadata(
            trainer,
            columns=list(self.rows.names),
            time_column=self.recipe["data"]["time_column"],
            horizon_s=self.horizon_s,
            interval_s=self.rows.interval_s,
            reported_from_s=float(self.rows.time_s[self.parts["reported"]][0]),
            saved_against_persistence=round(self.evaluate(trainer)["reported"], 4),
        )
        numbers = lnn.FrontEndNone(self.mean, self.inv_std, self.scale, self.time_scale)
        model = to_model(trainer.average, 0.0, metadata, task="series", numbers=numbers)
        return self.save(model, out / "series.lnn")

    def facts(self) -> Facts:
        here = self.parts["reported"]
        linear = linear_forecast(self.rows, self.targets, self.parts["training"], len(self.forecast))
        net = self.predict(self.measured)
        errors = (self.persistence["reported"], rmse(linear, self.targets, here), rmse(net, self.targets, here))
        table = ["| column | persistence | linear, 12 rows | liquid |", "|---|---|---|---|"]
        for name, *row in zip(self.forecast, *errors, strict=True):
            table.append(f"| {name} | " + " | ".join(f"{error:.4g}" for error in row) + " |")
        self.notes[f"RMSE, {self.horizon_s:g} s ahead, last part"] = "\n".join(table)
        return Facts(
            f"{len(self.rows)} rows of {self.data.name}, one per {self.rows.interval_s:g} s if none is missing.",
            self.licence(),
            "by time: the last part of the rows is reported",
            {"rows": int(self.parts["training"].sum())},
            self.notes,
        )
