# SPDX-License-Identifier: MIT
"""Training with quantisation in the loop: the rounded network learns to answer as the float network did.

The forward pass sees every weight as the file will hold it, an integer times its row's scale; the gradient goes straight
through the rounding (Bengio et al., arXiv 1308.3432).  The scales stay, and weights that pruning made zero stay zero.
The network hears the features of the integer front-end, while its teacher hears the float ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...compress.parts import float_parts
from ...errors import LiquidError
from ...lnn import CellS8, Grid, GridS8, LiquidReadout, Model, write
from ...native import LNN, clip_features, step_ends
from ...reference.cell import MAX_DT_S, MIN_DT_S
from ..nets.cells import fused_sequence, own_dt
from ..nets.grid import spread
from ..nets.leaky import listen, smooth
from .distillation import distillation_loss
from .rounded import RoundedNet, index_of, traced, traces_of

CLASSIFIERS = ("keywords", "wake_word", "vad", "sounds")
TEMPERATURE, GRADIENT_LIMIT, HELD_OUT, CHECKS = 2.0, 1.0, 8, 10


class FineTuneError(LiquidError, ValueError):
    """This model cannot be tuned; the message says why."""


@dataclass
class Lessons:
    """Clips padded with steps of dt 0: features heard (T, B, M), evidence wanted (T, B, K), dt (T, B) s."""

    heard: Tensor
    wanted: Tensor
    dt: Tensor

    def pick(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """heard, wanted and dt of some clips, as long as the longest of them."""
        longest = int((self.dt[:, index] > 0).sum(0).max())
        return self.heard[:longest, index], self.wanted[:longest, index], self.dt[:longest, index]


def lessons(exact: Model, rounded: Model, clips: list[np.ndarray]) -> Lessons:
    """What the float model answers to clips int16 (n,), step by step, and what the integer model hears of them.

    Raises FineTuneError if too few clips are above the energy gate."""
    rows = []
    with LNN(write(exact)) as teacher, LNN(write(rounded)) as student:
        for samples in clips:
            ends = step_ends(teacher, samples)
            if len(ends):
                dt_s = np.clip(np.diff(ends, prepend=0) / teacher.sample_rate, MIN_DT_S, MAX_DT_S)
                rows.append((clip_features(student, samples, ends), clip_features(teacher, samples, ends), dt_s))
    if len(rows) < HELD_OUT:
        raise FineTuneError("fine-tuning needs more recordings above the energy gate; give a folder to --calibrate")
    steps = max(len(dt_s) for *_, dt_s in rows)

    def padded(part: int) -> Tensor:
        return torch.from_numpy(np.stack([_pad(row[part].astype(np.float32), steps) for row in rows], 1))

    heard, float_features, dt = padded(0), padded(1), padded(2)
    with torch.no_grad():
        return Lessons(heard, _teach(exact, float_features, dt), dt)


def _pad(rows: np.ndarray, steps: int) -> np.ndarray:
    return np.concatenate([rows, np.zeros((steps - len(rows), *rows.shape[1:]), np.float32)])


def _teach(model: Model, u: Tensor, dt: Tensor) -> Tensor:
    """Evidence of a float model, (T, B, K)."""
    _, cells, readout = float_parts(model)
    u = traced(traces_of(model.traces), u, dt)
    heard = []
    for cell, every in zip(cells, model.rhythm, strict=True):
        pairs = (cell.wf, cell.wa), (np.ravel(cell.bf), np.ravel(cell.ba))
        weight, bias = (torch.from_numpy(np.concatenate(x)).float() for x in pairs)
        weight = spread(weight, index_of(cell)) if isinstance(cell, Grid) else weight
        rate = torch.from_numpy(1.0 / cell.tau_s).float()
        u = fused_sequence(u, weight, bias, rate, own_dt(dt, every), u.new_zeros(u.shape[1], cell.n_units))
        heard.append(u)
    u = torch.cat(heard, -1) if model.hears_all else u

    def linear(w: np.ndarray, b: np.ndarray) -> Tensor:
        return u @ torch.from_numpy(np.array(w, np.float32)).t() + torch.from_numpy(np.array(b, np.float32))

    never = torch.zeros_like(dt)
    if isinstance(readout, LiquidReadout):
        values, rate = linear(readout.wv, readout.bv), torch.from_numpy(1 / readout.tau_s).float()
        return listen(linear(readout.wg, readout.bg), values, rate, dt, never, torch.zeros_like(values[0]))
    logits = linear(readout.w, readout.b)
    return smooth(logits, dt, never, torch.zeros_like(logits[0]), max(readout.smoothing_s, 0.001))


def fine_tune(
    exact: Model,
    rounded: Model,
    clips: list[np.ndarray],
    steps: int,
    batch: int = 64,
    learning_rate: float = 1e-3,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> Model:
    """The integer model, tuned to answer as the float model does.  Of ten states along the way the one that is best on
    held-out clips is returned, or the untuned model if none is better.

    exact: the float model before pruning; rounded: the integer model; clips: int16 (n,) each, without labels; progress: is
    called after each step.  Raises FineTuneError for tasks whose readout is no choice between labels, and if too few clips
    are above the energy gate."""
    if exact.task not in CLASSIFIERS or not isinstance(rounded.cells[0], CellS8 | GridS8):
        raise FineTuneError(
            f"fine-tuning is for integer models of {', '.join(CLASSIFIERS)}; this is '{exact.task}' in "
            f"{rounded.cells[0].weight}"
        )
    given, net = lessons(exact, rounded, clips), RoundedNet(rounded)
    order = torch.randperm(given.dt.shape[1], generator=torch.Generator().manual_seed(seed))
    held, used = order[: len(order) // HELD_OUT], order[len(order) // HELD_OUT :]
    rng, optimizer = torch.Generator().manual_seed(seed), torch.optim.Adam(net.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    best, least = rounded, _held_out(net, given, held)
    for step in range(steps):
        loss = _loss(net, *given.pick(used[torch.randint(len(used), (batch,), generator=rng)]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_LIMIT)
        optimizer.step()
        schedule.step()
        if (step + 1) % max(steps // CHECKS, 1) == 0 and (now := _held_out(net, given, held)) < least:
            best, least = net.write_to(rounded), now
        progress()
    return best


@torch.no_grad()
def _held_out(net: RoundedNet, given: Lessons, held: Tensor) -> float:
    return _loss(net, *given.pick(held)).item()


def _loss(net: RoundedNet, heard: Tensor, wanted: Tensor, dt: Tensor) -> Tensor:
    return distillation_loss(net(heard, dt), wanted, (dt > 0).float(), TEMPERATURE)
