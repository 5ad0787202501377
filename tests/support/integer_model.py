# SPDX-License-Identifier: MIT
"""Integer models with random numbers up to the corners of their ranges."""

from __future__ import annotations

import numpy as np
from liquid_audio_nets.compress.frontend import blank_frontend
from liquid_audio_nets.lnn import (
    CellS8,
    FrontEndQ15,
    FrontEndS16,
    GridS8,
    Label,
    LiquidReadoutS8,
    Model,
    Policy,
    ReadoutS8,
    Traces,
)
from liquid_audio_nets.lnn import FrontEnd as FileFrontEnd
from liquid_audio_nets.lnn.integer import ROW_LIMIT_S16
from liquid_audio_nets.reference.frontend import FrontEnd


def random_cell_s8(
    rng: np.random.Generator,
    n_inputs: int,
    n_units: int,
    first: bool = True,
    gain: float = 1.0,
    layout: str = "rows4x4",
    delta_q15: int = 0,
    weight: str = "int8",
) -> CellS8:
    """gain 1: lively; larger: saturating.  A sparse layout gets a random half of its blocks."""
    scale = 3.0 * gain / np.sqrt(n_inputs + n_units) / 127

    def scales(bits, w):
        size = 64 / max(np.abs(w.astype(int)).mean(), 1)
        return np.minimum(scale * size * 2.0**bits * rng.uniform(0.5, 1, 2 * n_units), 2**30 - 1).astype(np.int32)

    def weights(columns):
        w = random_weights(rng, (2 * n_units, columns), weight)
        if layout == "rows4x4_sparse":
            kept = rng.integers(0, 2, (-(-2 * n_units // 4), -(-columns // 4)))
            w *= np.repeat(np.repeat(kept, 4, 0), 4, 1)[: len(w), :columns].astype(w.dtype)
        return w

    bias = (rng.normal(size=2 * n_units) * 65536 * gain).astype(np.int32)
    inv_tau = (rng.uniform(0.3, 50, n_units) * 65536).astype(np.uint32)
    inputs, state = weights(n_inputs), weights(n_units)
    return CellS8(
        inputs,
        state,
        scales(36 if first else 33, inputs),
        scales(33, state),
        bias,
        inv_tau,
        layout=layout,
        delta_q15=delta_q15 if (layout, weight) == ("rows4x4", "int8") else 0,
        weight=weight,
    )


def random_grid_s8(
    rng: np.random.Generator,
    channels: int,
    width: int,
    stride: int,
    filters: int,
    planes: int = 1,
    weight: str = "int8",
    layout: str = "rows4x4",
    gain: float = 1.0,
) -> GridS8:
    """gain 1: lively; larger: saturating."""
    columns, n = planes * width + 3 * filters, ((channels - width) // stride + 1) * filters
    weights = random_weights(rng, (2 * filters, columns), weight)
    size = 3.0 * gain / np.sqrt(columns) / max(np.abs(weights.astype(int)).mean(), 1) / 2
    return GridS8(
        weights,
        np.minimum(size * 2.0**36 * rng.uniform(0.5, 1, 2 * filters), 2**30 - 1).astype(np.int32),
        (rng.normal(size=2 * n) * 65536 * gain).astype(np.int32),
        (rng.uniform(0.3, 50, n) * 65536).astype(np.uint32),
        width,
        stride,
        layout=layout if weight == "int8" else "rows4x4",
        weight=weight,
    )


def random_weights(rng: np.random.Generator, shape: tuple[int, int], weight: str) -> np.ndarray:
    """int8 over all of its range; int16 whose rows add up to as much as they may."""
    if weight == "int8":
        return rng.integers(-127, 128, shape).astype(np.int8)
    w = rng.integers(-32767, 32768, shape).astype(float)
    return np.trunc(w * np.minimum(ROW_LIMIT_S16 / np.maximum(np.abs(w).sum(1, keepdims=True), 1), 1)).astype(np.int16)


def random_frontend(
    rng: np.random.Generator, channels: int = 40, window_samples: int = 512, kind: str = "logmel_q15"
) -> FrontEndQ15 | FrontEndS16:
    fe = blank_frontend(FileFrontEnd.from_reference(FrontEnd(channels=channels, window_samples=window_samples)), kind)
    fe.mean = (rng.uniform(20, 28, channels) * 65536).astype(np.int32)
    fe.scale = (rng.uniform(0.1, 0.3, channels) * 2**22).astype(np.int32)
    return fe


def integer_model(
    seed: int = 0,
    units: tuple[int, ...] = (10, 6),
    labels: tuple[str, ...] = ("yes", "no", "_silence_"),
    channels: int = 10,
    window_samples: int = 512,
    gain: float = 1.0,
    layout: str | tuple[str, ...] = "rows4x4",
    delta_q15: int = 0,
    weight: str | tuple[str, ...] = "int8",
    stages: bool = False,
    frontend: str = "logmel_q15",
    **policy,
) -> Model:
    """layout, weight: of all cells or of each; the readout is dense and of the last one's weight.  frontend: its kind.

    delta_q15: of int8 cells in layout rows4x4.  stages: with traces and a liquid readout.

    policy: fields of lnn.Policy.
    """
    rng = np.random.default_rng(seed)
    sizes = list(zip((channels * (2 if stages else 1), *units), units, strict=False))
    layouts = (layout,) * len(units) if isinstance(layout, str) else layout
    widths = (weight,) * len(units) if isinstance(weight, str) else weight
    cells = [
        random_cell_s8(rng, m, n, k == 0, gain, layouts[k], delta_q15, widths[k]) for k, (m, n) in enumerate(sizes)
    ]
    n, wide = len(labels), widths[-1] == "int16"
    readout = ReadoutS8(
        random_weights(rng, (n, units[-1]), widths[-1]),
        (rng.normal(size=n) * 65536).astype(np.int32),
        (rng.uniform(0.02, 0.06, n) * 2 ** (26 if wide else 33)).astype(np.int32),
        0.1,
        labels.index("_silence_") if "_silence_" in labels else None,
        "rows4x16" if "rows4x16" in layouts and not wide else "rows4x4",
        widths[-1],
    )
    model = Model(
        [Label(name, 0.0 if name.startswith("_") else 0.5, 100_000) for name in labels],
        random_frontend(rng, channels, window_samples, frontend),
        cells,
        readout,
        Policy(**policy),
        metadata={"licence": "none"},
    )
    if stages:
        model.traces = Traces(10 ** rng.uniform(-3, np.log10(60), channels))
        model.readout = random_liquid_readout_s8(rng, readout, gain)
    return model


def random_liquid_readout_s8(rng: np.random.Generator, like: ReadoutS8, gain: float = 1.0) -> LiquidReadoutS8:
    """Gates and values of as many labels, in the same layout and type of weights."""
    n, columns = like.weights.shape
    return LiquidReadoutS8(
        random_weights(rng, (2 * n, columns), like.weight),
        (rng.normal(size=2 * n) * 2 * 65536 * gain).astype(np.int32),
        np.minimum(np.repeat(like.scale.astype(float), 2) * gain, 2**30 - 1).astype(np.int32),
        (65536 / 10 ** rng.uniform(-3, 2, n)).astype(np.uint32),
        like.idle_label,
        like.layout,
        like.weight,
    )


def fill_to_the_limit(cell: CellS8 | GridS8) -> None:
    """Weights that add up to as much as the format allows: of int8 all, of int16 in three columns."""
    parts = [(cell.weights, 1)] if isinstance(cell, GridS8) else [(cell.weights_inputs, 1), (cell.weights_state, -1)]
    for part, sign in parts:
        if cell.weight == "int8":
            part[:] = sign * 127
            continue
        part[:] = 0
        part[:, 0], part[:, 1], part[:, -1] = sign * 32767, sign * (ROW_LIMIT_S16 - 2 * 32767), sign * 32767
