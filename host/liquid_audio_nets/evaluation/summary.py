# SPDX-License-Identifier: MIT
"""The content of a model file as plain numbers and names, for JSON and tables."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ..lnn import (
    AnyCell,
    FrontEnd,
    FrontEndNone,
    FrontEndQ15,
    FrontEndS16,
    Grid,
    GridS8,
    LnnError,
    Model,
    Readout,
    ReadoutS8,
    read,
)
from ..native import LNN


def summarise(data: bytes, lnn: LNN) -> dict[str, Any]:
    """The content of a model file.  data: its bytes; lnn: the same file loaded.  Raises LnnError for a bad model."""
    model = read(data)
    return {
        "task": model.task,
        "target": model.target,
        "sample_rate_hz": model.sample_rate_hz,
        "model_bytes": lnn.model_bytes,
        "ram_bytes": lnn.ram_bytes,
        "parameters": lnn.info["parameters"],
        "macs_per_step": lnn.info["macs_per_step"],
        "frontend_macs": frontend_macs(model),
        "labels": [dataclasses.asdict(label) for label in model.labels],
        "frontend": _frontend(model),
        "traces": {"channels": np.size(model.traces.tau), **_span("tau_s", model.traces.tau)} if model.traces else None,
        "cells": _cells(model),
        "readout": _readout(model),
        "policy": dataclasses.asdict(model.policy),
        "selftest": _selftest(model, lnn),
        "signed": model.signature is not None,
        "model_version": model.model_version,
        "metadata": model.metadata,
    }


def frontend_macs(model: Model) -> int:
    """Multiplications of one front-end run, estimated: window, real FFT, power, mel filters."""
    fe = model.frontend
    if isinstance(fe, FrontEndNone):
        return 0
    n = fe.fft_points
    fft = n * math.log2(n / 2) + 2 * n
    return round(len(fe.window) + fft + n + len(fe.mel_weights))


def _frontend(model: Model) -> dict[str, Any]:
    fe, rate = model.frontend, model.sample_rate_hz
    if isinstance(fe, FrontEndNone):
        return {"kind": fe.kind, "numbers_a_row": fe.n_mels, "time_scale": float(fe.time_scale)}
    bin_hz = rate / fe.fft_points
    first, beyond = heard_bins(fe)
    return {
        "kind": fe.kind,
        "window_samples": len(fe.window),
        "window_ms": 1000 * len(fe.window) / rate,
        "fft_points": fe.fft_points,
        "n_mels": fe.n_mels,
        "lowest_bin_hz": first * bin_hz,
        "highest_bin_hz": (beyond - 1) * bin_hz,
    }


def heard_bins(fe: FrontEnd | FrontEndQ15 | FrontEndS16) -> tuple[int, int]:
    """The first FFT bin that a mel filter hears, and the bin after the last one."""
    if isinstance(fe, FrontEndS16):
        return fe.first_bin, fe.first_bin + len(fe.mel_weights)
    used = np.flatnonzero(fe.mel_count)
    last = used[-1] if len(used) else 0
    first = int(fe.mel_start[used[0]]) if len(used) else 0
    return first, int(fe.mel_start[last]) + int(fe.mel_count[last])


def _cells(model: Model) -> list[dict[str, Any]]:
    cells: list[AnyCell] = [*model.cells]
    return [_cell(cell, every) for cell, every in zip(cells, model.rhythm, strict=True)]


def _cell(cell: AnyCell, every: int) -> dict[str, Any]:
    return {
        "kind": cell.kind,
        "solver": cell.solver,
        "weight": cell.weight,
        "n_inputs": cell.n_inputs,
        "n_units": cell.n_units,
        **(_grid(cell) if isinstance(cell, Grid | GridS8) else {}),
        "parameters": cell.n_weights + 3 * cell.n_units,
        **_span("tau_s", cell.tau_s),
        "every": every,
    }


def _grid(grid: Grid | GridS8) -> dict[str, int]:
    sizes = ("width", "stride", "filters", "positions")
    return {name: int(getattr(grid, name)) for name in sizes}


def _span(name: str, values: np.ndarray) -> dict[str, float]:
    return {f"{name}_min": float(np.min(values)), f"{name}_max": float(np.max(values))}


def _readout(model: Model) -> dict[str, Any]:
    readout, idle = model.readout, model.readout.idle_label
    if isinstance(readout, Readout | ReadoutS8):
        own = {"kind": "smoothed", "smoothing_s": round(readout.smoothing_s, 6)}
    else:
        own = {"kind": "liquid", **_span("tau_s", readout.tau_s)}
    return {
        "weight": readout.weight,
        "n_inputs": readout.n_inputs,
        "hears": "all cells" if model.hears_all else "the last cell",
        **own,
        "idle_label": None if idle is None else model.labels[idle].name,
    }


def _selftest(model: Model, lnn: LNN) -> str:
    if model.golden is None:
        return "no golden vectors"
    try:
        return f"passed, largest difference {lnn.selftest():.1g}"
    except LnnError as error:
        return f"failed: {error}"
