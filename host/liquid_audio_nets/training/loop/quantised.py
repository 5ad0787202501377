# SPDX-License-Identifier: MIT
"""Training with quantisation in the loop: the rounded network learns to answer as the float network did.

The forward pass sees every weight as the file will hold it, an integer times its row's scale; the gradient goes straight
through the rounding (Bengio et al., arXiv 1308.3432).  The scales stay, and weights that pruning made zero stay zero.
The network hears the features of the integer front-end, while its teacher hears the float ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from ...compress.parts import float_parts, integer_parts
from ...compress.weights import BIAS_LIMIT, FEATURE_BITS, STATE_BITS, inv_tau_q16
from ...errors import LiquidError
from ...lnn import CellS8, LiquidReadout, LiquidReadoutS8, Model, write
from ...lnn import Traces as FileTraces
from ...lnn.integer import ROW_LIMIT_S16
from ...lnn.matrix_s8 import BLOCK, blocks_of
from ...native import LNN, clip_features, step_ends
from ...reference.cell import MAX_DT_S, MIN_DT_S
from ..nets.cells import fused_sequence, own_dt
from ..nets.leaky import Traces, listen, smooth
from .distillation import distillation_loss

CLASSIFIERS = ("keywords", "wake_word", "vad", "sounds")
TEMPERATURE, GRADIENT_LIMIT, HELD_OUT, CHECKS = 2.0, 1.0, 8, 10


class FineTuneError(LiquidError, ValueError):
    """This model cannot be tuned; the message says why."""


class Rounded(nn.Module):
    """A matrix of the file: weights float (R, C) on the grid of scale (R, C), q integers within +-largest."""

    scale: Tensor
    kept: Tensor

    def __init__(self, q: np.ndarray, scale: np.ndarray, bias: np.ndarray, largest: int):
        super().__init__()
        self.largest = largest
        self.register_buffer("scale", torch.from_numpy(np.maximum(scale, 1e-30)).float())
        self.register_buffer("kept", torch.from_numpy(~_pruned(q)).float())
        self.weight = nn.Parameter(torch.from_numpy(q * scale).float())
        self.bias = nn.Parameter(torch.from_numpy(bias / 65536.0).float())

    @property
    def integers(self) -> Tensor:
        """The weights as the file holds them, whole numbers (R, C)."""
        return (self.weight / self.scale).round().clamp(-self.largest, self.largest) * self.kept

    def forward(self) -> Tensor:
        """(R, C) as the integer kernels see it; the gradient is that of the weights that stay."""
        exact = self.weight * self.kept
        return exact + (self.integers * self.scale - exact).detach()


def _pruned(q: np.ndarray) -> np.ndarray:
    """Weights of blocks that are all zero, bool (R, C)."""
    used = blocks_of(q).any((2, 3))
    return ~np.repeat(np.repeat(used, BLOCK, 0), BLOCK, 1)[: q.shape[0], : q.shape[1]]


class RoundedNet(nn.Module):
    """Cells and readout of an integer model, to be trained.  Its traces stay as they are."""

    def __init__(self, model: Model):
        super().__init__()
        cells, ro = integer_parts(model)
        self.traces, self.every, self.hears_all = traces_of(model.traces), every_of(model), model.hears_all
        self.smoothing_s, self.readout_log_tau = 0.0, None
        if isinstance(ro, LiquidReadoutS8):
            self.readout_log_tau = _log_tau(ro.tau_s)
        else:
            self.smoothing_s = max(float(ro.smoothing_s), 0.001)
        self.inputs, self.state, self.log_tau = nn.ModuleList(), nn.ModuleList(), nn.ParameterList()
        for k, cell in enumerate(cells):
            parts = (
                (cell.weights_inputs, cell.scale_inputs, STATE_BITS if k else FEATURE_BITS),
                (cell.weights_state, cell.scale_state, STATE_BITS),
            )
            for matrices, part in zip((self.inputs, self.state), parts, strict=True):
                matrices.append(_rounded(*part, cell.bias, cell.weight))
            self.log_tau.append(_log_tau(cell.tau_s))
        self.readout = _rounded(ro.weights, ro.scale, STATE_BITS, ro.bias, ro.weight)

    @property
    def cells(self) -> list[tuple[Rounded, Rounded, Tensor]]:
        """The matrices of inputs and state and the logarithm of tau, cell by cell."""
        return cast(
            "list[tuple[Rounded, Rounded, Tensor]]", list(zip(self.inputs, self.state, self.log_tau, strict=True))
        )

    def forward(self, features: Tensor, dt: Tensor) -> Tensor:
        """features (T, B, M), dt (T, B) s -> evidence (T, B, K), from rest."""
        u = traced(self.traces, features, dt)
        heard = []
        for (inputs, state, log_tau), every in zip(self.cells, self.every, strict=True):
            pairs = torch.cat([inputs(), state()], 1), inputs.bias  # rows: gate and reversal by turns
            weight, bias = (torch.cat([x[0::2], x[1::2]]) for x in pairs)
            at_rest = u.new_zeros(u.shape[1], len(log_tau))
            u = fused_sequence(u, weight, bias, torch.exp(-log_tau), own_dt(dt, every), at_rest)
            heard.append(u)
        u = torch.cat(heard, -1) if self.hears_all else u
        logits = u @ self.readout().t() + self.readout.bias
        never = torch.zeros_like(dt)
        if self.readout_log_tau is None:
            return smooth(logits, dt, never, logits.new_zeros(logits.shape[1:]), self.smoothing_s)
        gate, values = logits[..., 0::2], logits[..., 1::2]
        return listen(gate, values, torch.exp(-self.readout_log_tau), dt, never, torch.zeros_like(values[0]))

    @torch.no_grad()
    def write_to(self, model: Model) -> Model:
        """A copy of model with these weights."""
        before, readout = integer_parts(model)
        cells = []
        for (inputs, state, log_tau), cell in zip(self.cells, before, strict=True):
            cells.append(
                dataclasses.replace(
                    cell,
                    weights_inputs=_integers(inputs),
                    weights_state=_integers(state),
                    bias=_q16(inputs.bias),
                    inv_tau=inv_tau_q16(_tau_s(log_tau)),
                )
            )
        readout = dataclasses.replace(readout, weights=_integers(self.readout), bias=_q16(self.readout.bias))
        if isinstance(readout, LiquidReadoutS8) and self.readout_log_tau is not None:
            readout = dataclasses.replace(readout, inv_tau=inv_tau_q16(_tau_s(self.readout_log_tau)))
        return dataclasses.replace(model, cells=cells, readout=readout, golden=None)


def traces_of(traces: FileTraces | None) -> Traces | None:
    """The traces of a model with its time constants, which do not learn."""
    if traces is None:
        return None
    made = Traces(np.size(traces.tau)).requires_grad_(False)
    made.log_tau.copy_(torch.from_numpy(np.log(np.asarray(traces.tau, np.float64))))
    return made


def every_of(model: Model) -> tuple[int, ...]:
    """Of each cell the steps from one of its runs to the next."""
    return model.every or (1,) * len(model.cells)


def traced(traces: Traces | None, features: Tensor, dt: Tensor) -> Tensor:
    """What the first cell hears of features (T, B, M) from rest: (T, B, M), or with traces (T, B, 2M)."""
    return features if traces is None else traces(features, dt, features.new_full(features.shape[1:], torch.nan))[0]


def _log_tau(tau_s: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.log(np.minimum(tau_s, 1e4))).float())


def _tau_s(log_tau: Tensor) -> np.ndarray:
    tau_s: np.ndarray = np.exp(log_tau.numpy().astype(np.float64))
    return tau_s


def _rounded(q: np.ndarray, scale: np.ndarray, bits: int, bias: np.ndarray, weight: str) -> Rounded:
    one = np.asarray(scale, np.float64)[:, None] / 2.0 ** (48 - bits)
    return Rounded(
        np.asarray(q, np.float64), np.broadcast_to(one, np.shape(q)), np.asarray(bias, np.float64), np.iinfo(weight).max
    )


def _integers(part: Rounded) -> np.ndarray:
    """Whole numbers for the file, (R, C); int16 rows that have grown beyond the format's bound shrink to it."""
    q = part.integers.numpy().astype(np.int64)
    if part.largest == 127:
        return q.astype(np.int8)
    size = np.maximum(np.abs(q).sum(1, keepdims=True), 1)
    shrunk: np.ndarray = np.trunc(q * np.minimum(ROW_LIMIT_S16 / size, 1.0)).astype(np.int16)
    return shrunk


def _q16(x: Tensor) -> np.ndarray:
    return np.clip(np.rint(x.numpy().astype(np.float64) * 65536), -BIAS_LIMIT, BIAS_LIMIT).astype(np.int32)


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
    for cell, every in zip(cells, every_of(model), strict=True):
        weight, bias = (torch.from_numpy(np.concatenate(x)).float() for x in ((cell.wf, cell.wa), (cell.bf, cell.ba)))
        rate = torch.from_numpy(1.0 / np.asarray(cell.tau, np.float64)).float()
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
    if exact.task not in CLASSIFIERS or not isinstance(rounded.cells[0], CellS8):
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
