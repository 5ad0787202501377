# SPDX-License-Identifier: MIT
"""The networks that one run trains at once on the same batches: one of each seed and learning rate, usually just one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..nets.together import forward_together
from ..settings.errors import TrainingError
from . import checkpoints
from .trainer import LNNTrainer

_OTHERS = "others"


class Crowd:
    """Trainers of networks of one shape, which may differ in their seed and learning rate."""

    def __init__(self, members: list[LNNTrainer], metric: str):
        """metric: what their metrics call the score."""
        self.members, self.metric = members, metric

    @classmethod
    def of(cls, first: LNNTrainer, metric: str, seeds: int, learning_rates: list[float]) -> Crowd:
        """So many seeds, counted from the first trainer's, at each of the learning rates or else at its own; all networks
        have the first one's normalisation of the features."""
        config, buffers = first.config, dict(first.net.named_buffers())
        members = []
        for rate in learning_rates or [config.learning_rate]:
            for seed in range(config.seed, config.seed + seeds):
                own = replace(config, seed=seed, learning_rate=rate)
                member = LNNTrainer(own) if own != config else first
                for net in (member.net, member.average):
                    net.load_state_dict(buffers, strict=False)
                members.append(member)
        return cls(members, metric)

    @property
    def step(self) -> int:
        """Steps that every member has taken."""
        return self.members[0].step

    @property
    def leader(self) -> LNNTrainer:
        """The member that ranks highest in the last measurement, the first one before there is any."""
        return max(self.members, key=lambda member: tuple(member.metrics.get("rank", ())))

    def fit(self, batches: Iterable[Any], after: Callable[[float], None]) -> None:
        """Trains on batches until they end; `after(mean loss of the members)` follows each step."""
        for batch in batches:
            after(self.train_step(batch))

    def train_step(self, batch: Any) -> float:
        """One step of every member on a batch, see LNNTrainer.train_step; returns the mean loss."""
        if len(self.members) == 1:
            return self.members[0].train_step(batch)
        members, first = self.members, self.members[0]
        batch = first.batch_of(batch)
        wanted = first.taught(batch)  # one teacher serves all
        starts = [member.start_state(batch, member.net, "net") for member in members]
        with torch.autocast(first.device.type, torch.bfloat16, enabled=first.bf16):
            nets = [member.net for member in members]
            heard = forward_together(nets, batch.log_mel, batch.dt, batch.closed_s, starts)
        losses = [member.loss(batch, outputs, wanted) for member, (outputs, _) in zip(members, heard, strict=True)]
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        for member, (_, end) in zip(members, heard, strict=True):
            member.learn(batch, end)
        return float(np.mean([loss.item() for loss in losses]))

    def by_name(self) -> dict[str, LNNTrainer]:
        """The members by what tells each from the others, such as "seed 2"; empty if there is only one."""
        several = len({member.config.learning_rate for member in self.members}) > 1

        def name(member: LNNTrainer) -> str:
            return f"seed {member.config.seed}" + f" at {member.config.learning_rate:g}" * several

        return {name(member): member for member in self.members} if len(self.members) > 1 else {}

    def save(self, path: Path) -> None:
        """Writes all members, as a checkpoint of the leader that holds the others beside it."""
        tensors, metadata = self.leader.content()
        if len(self.members) > 1:
            others: list[dict[str, str] | None] = []
            for k, member in enumerate(self.members):
                if member is self.leader:
                    others.append(None)
                    continue
                its, texts = member.content()
                tensors |= {f"{_OTHERS}.{k}.{name}": x for name, x in its.items()}
                others.append(texts)
            metadata[_OTHERS] = json.dumps(others)
        checkpoints.write(path, tensors, metadata)

    @classmethod
    def load(cls, path: Path, metric: str) -> Crowd:
        """The members as they were saved.  Raises TrainingError if the file is no checkpoint."""
        tensors, metadata = checkpoints.read(path)
        leader, members = LNNTrainer.of_content((tensors, metadata)), []
        for k, texts in enumerate(json.loads(metadata.get(_OTHERS, "[null]"))):
            if texts is None:
                members.append(leader)
                continue
            start = f"{_OTHERS}.{k}."
            its = {name.removeprefix(start): x for name, x in tensors.items() if name.startswith(start)}
            members.append(LNNTrainer.of_content((its, texts)))
        return cls(members, metric)


def refuse_impossible(settings: dict[str, Any], processes: int) -> None:
    """Raises TrainingError for several networks at once in several processes, or of several seeds that begin with the same
    weights; settings: the recipe's table [train]."""
    if settings["seeds"] * max(len(settings["learning_rates"]), 1) > 1 and processes > 1:
        raise TrainingError("several processes train one network; leave out --seeds and --learning-rates")
    if settings["seeds"] > 1 and settings["start_from"]:
        raise TrainingError("networks that begin with the weights of train.start_from are equal; leave out --seeds")
