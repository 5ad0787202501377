# SPDX-License-Identifier: MIT
"""Models with random weights: small enough to flip every bit, lively enough to detect something."""

from __future__ import annotations

import dataclasses

import numpy as np
from liquid_audio_nets.lnn import (
    Cell,
    CellS8,
    FrontEnd,
    FrontEndNone,
    FrontEndQ15,
    Grid,
    Label,
    LiquidReadout,
    LiquidReadoutS8,
    Model,
    Policy,
    Readout,
    ReadoutS8,
    Timetable,
    Traces,
)
from liquid_audio_nets.reference import frontend as reference

LABELS = ("yes", "no", "_silence_")


def random_cell(rng: np.random.Generator, n_inputs: int, n_units: int) -> Cell:
    scale = 1.5 / np.sqrt(n_inputs + n_units)
    wf, wa = rng.normal(size=(2, n_units, n_inputs + n_units)) * scale
    bf, ba = rng.normal(size=(2, n_units))
    return Cell(wf, wa, bf + 1.5, ba * 0.3, rng.uniform(0.02, 0.5, n_units))


def small_model(
    seed: int = 0,
    units: tuple[int, ...] = (8, 6),
    labels: tuple[str, ...] = LABELS,
    policy: Policy | None = None,
    smoothing_s: float = 0.1,
    **frontend,
) -> Model:
    """frontend: parameters of reference.frontend.FrontEnd."""
    rng = np.random.default_rng(seed)
    channels = frontend.setdefault("channels", 40)
    fe = reference.FrontEnd(mean=np.full(channels, -6.0), inv_std=np.full(channels, 0.4), **frontend)
    sizes = zip((fe.channels, *units), units, strict=False)
    readout = Readout(
        rng.normal(size=(len(labels), units[-1])) * 4,
        rng.normal(size=len(labels)),
        smoothing_s,
        labels.index("_silence_") if "_silence_" in labels else None,
    )
    return Model(
        [Label(name, 0.0 if name.startswith("_") else 0.5, 100_000) for name in labels],
        FrontEnd.from_reference(fe),
        [random_cell(rng, m, n) for m, n in sizes],
        readout,
        policy or Policy(),
        metadata={"licence": "none"},
    )


def tiny_model(seed: int = 0) -> Model:
    """About a kilobyte, golden vectors and a signature included."""
    from liquid_audio_nets.native import add_golden

    model = small_model(seed, units=(4, 2), window_samples=16, channels=4, low_hz=0.0)
    model.policy.min_timestep_us, model.policy.max_timestep_us = 5000, 10_000
    model = add_golden(model, noise(100, seed))
    model.signature = bytes(range(64))
    return model


def noise(n: int, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """Gaussian noise, int16 (n,), RMS `level` of full scale."""
    signal = np.random.default_rng(seed).normal(size=n) * level * 32768
    return np.clip(signal, -32768, 32767).astype(np.int16)


def babble(n: int, seed: int = 0) -> np.ndarray:
    """Noise and tones that come and go, with pauses near digital silence; int16 (n,)."""
    rng = np.random.default_rng(seed)
    t, out, at = np.arange(n) / 16000, np.zeros(n), 0
    while at < n:
        length = int(rng.integers(200, 8000))
        level = 10 ** rng.uniform(-5.5, -0.5)
        tone = np.sin(2 * np.pi * rng.uniform(80, 6000) * t[at : at + length])
        out[at : at + length] = level * (tone + 0.3 * rng.normal(size=len(tone)))
        at += length
    return np.clip(out * 32768, -32768, 32767).astype(np.int16)


def integer_model(
    seed: int = 0,
    units: tuple[int, ...] = (8, 6),
    labels: tuple[str, ...] = LABELS,
    window_samples: int = 512,
    mels: int = 40,
    policy: Policy | None = None,
) -> Model:
    """Random int8 weights behind the integer front-end."""
    rng = np.random.default_rng(seed)
    mel = reference.mel_filterbank(mels, 512, 16000, 60.0, 7600.0)
    dense = FrontEnd.from_dense(np.zeros(window_samples), mel, np.zeros(mels), np.zeros(mels))
    fe = FrontEndQ15(
        reference.hann(window_samples) * 32767,
        dense.mel_start,
        dense.mel_count,
        dense.mel_weights * 65535,
        np.full(mels, 64),
        np.full(mels, 20 << 16),
        np.full(mels, int(0.3 * 2**22)),
    )

    def cell(m: int, n: int) -> CellS8:
        wide = int(2**16 * 2**32 / 127 / 2**15 / np.sqrt(m + n))
        return CellS8(
            rng.integers(-127, 128, (2 * n, m)),
            rng.integers(-127, 128, (2 * n, n)),
            np.full(2 * n, wide),
            np.full(2 * n, wide),
            rng.integers(-(1 << 16), 1 << 17, 2 * n),
            65536 / rng.uniform(0.02, 0.5, n),
        )

    sizes, n_labels = zip((mels, *units), units, strict=False), len(labels)
    readout = ReadoutS8(
        rng.integers(-127, 128, (n_labels, units[-1])),
        rng.integers(-(1 << 16), 1 << 16, n_labels),
        np.full(n_labels, int(4 * 2**16 * 2**32 / 127 / 2**15)),
        0.1,
        labels.index("_silence_") if "_silence_" in labels else None,
    )
    return Model(
        [Label(name, 0.0 if name.startswith("_") else 0.5, 100_000) for name in labels],
        fe,
        [cell(m, n) for m, n in sizes],
        readout,
        policy or Policy(),
        metadata={"licence": "none"},
    )


def tiny_integer_model(seed: int = 0, layout: str = "rows4x4") -> Model:
    """Golden vectors included; with sparse weights half of the blocks of 4 x 4 are zero."""
    from liquid_audio_nets.native import add_golden

    policy = Policy(min_timestep_us=5000, max_timestep_us=10_000)
    model = integer_model(seed, units=(4, 4), window_samples=16, mels=9, policy=policy)
    for cell in model.cells:
        cell.layout = layout
        if layout == "rows4x4_sparse":
            cell.weights_inputs[:4, 4:8] = cell.weights_state[4:8] = 0
    model.readout.layout = "rows4x16" if layout == "rows4x16" else "rows4x4"
    return add_golden(model, noise(200, seed))


def tiny_anomaly_model(seed: int = 0) -> Model:
    """Nine labels that are the nine bands."""
    from liquid_audio_nets.native import add_golden

    policy = Policy(min_timestep_us=5000, max_timestep_us=10_000)
    labels = tuple(f"{i} kHz" for i in range(9))
    model = integer_model(seed, units=(4,), labels=labels, window_samples=16, mels=9, policy=policy)
    model.task = "anomaly"
    return add_golden(model, noise(200, seed))


def tiny_numbers_model(seed: int = 0, integer: bool = False) -> Model:
    """Rows of four numbers in, forecasts of the first two out."""
    labels = ("room", "outdoor")
    model = integer_model(seed, (4, 4), labels, 16, 4) if integer else small_model(seed, (6, 2), labels, channels=4)
    mean, deviation = np.array([20.0, 5.0, 0.5, 1e5]), np.array([3.0, 8.0, 0.5, 2e3])
    model.frontend = FrontEndNone(mean, 1 / deviation, deviation[:2], 1 / 6000)
    return dataclasses.replace(model, task="series")


def with_stages(model: Model, seed: int = 0) -> Model:
    """The model with traces before its first cell and a liquid readout behind its last, with random weights."""
    rng, first, n = np.random.default_rng(seed), model.cells[0], len(model.labels)
    m, last, idle = model.frontend.n_mels, model.cells[-1].n_units, model.readout.idle_label
    if isinstance(first, Cell):
        first = random_cell(rng, 2 * m, first.n_units)
        wg, wv = rng.normal(size=(2, n, last)) * np.array([[[1.0]], [[4.0]]])
        tau = rng.uniform(0.2, 2, n)
        readout = LiquidReadout(wg, rng.normal(size=n) + 1, wv, rng.normal(size=n), tau, idle)
    else:
        largest = 127 if first.weight == "int8" else 127 * 40
        weights = rng.integers(-largest, largest + 1, (2 * first.n_units, 2 * m))
        if first.layout == "rows4x4_sparse":
            weights[:4, 4:8] = 0
        first = dataclasses.replace(first, weights_inputs=weights)
        readout = LiquidReadoutS8(
            rng.integers(-127, 128, (2 * n, last)),
            rng.integers(-(1 << 16), 1 << 17, 2 * n),
            np.tile(np.array([1, 4]) * (2**48 // 127 // 2**15), n),
            65536 / rng.uniform(0.2, 2, n),
            idle,
            model.readout.layout,
            model.readout.weight,
        )
    cells = [first, *model.cells[1:]]
    return dataclasses.replace(model, cells=cells, readout=readout, traces=Traces(rng.uniform(0.05, 2, m)))


def tiny_stages_model(seed: int = 0) -> Model:
    """Float: traces and a liquid readout."""
    from liquid_audio_nets.native import add_golden

    model = with_stages(tiny_model(seed), seed)
    return add_golden(dataclasses.replace(model, signature=None), model.golden.audio)


def tiny_integer_stages_model(seed: int = 0, layout: str = "rows4x4") -> Model:
    """Integers: traces and a liquid readout."""
    from liquid_audio_nets.native import add_golden

    model = with_stages(tiny_integer_model(seed, layout), seed)
    return add_golden(model, model.golden.audio)


def with_rhythm(model: Model, every: tuple[int, ...] | None, seed: int = 0) -> Model:
    """The model with cells that run at every so manieth step, and with a readout that hears all of them."""
    rng, readout = np.random.default_rng(seed), model.readout
    more, rows = sum(cell.n_units for cell in model.cells[:-1]), len(model.labels)
    if isinstance(readout, Readout):
        readout = dataclasses.replace(readout, w=np.hstack([rng.normal(size=(rows, more)) * 4, readout.w]))
    elif isinstance(readout, LiquidReadout):
        wg, wv = rng.normal(size=(2, rows, more))
        readout = dataclasses.replace(readout, wg=np.hstack([wg, readout.wg]), wv=np.hstack([wv, readout.wv]))
    else:
        wide = readout.weight == "int16"  # the magnitudes of its rows are bounded together
        q = rng.integers(-9 if wide else -127, 10 if wide else 128, (len(readout.weights), more))
        weights = readout.weights // 2 if wide else readout.weights
        readout = dataclasses.replace(readout, weights=np.hstack([q, weights]).astype(readout.weight))
    return dataclasses.replace(model, readout=readout, every=every)


def tiny_rhythm_model(seed: int = 0) -> Model:
    """Integers with traces and a liquid readout on both cells, of which the second one runs at every second step."""
    from liquid_audio_nets.native import add_golden

    model = with_rhythm(tiny_integer_stages_model(seed), (1, 2), seed)
    return add_golden(model, model.golden.audio)


def tiny_timetable_model(seed: int = 0) -> Model:
    """Integers with a learned policy."""
    from liquid_audio_nets.native import add_golden

    model = tiny_integer_model(seed)
    table = Timetable((1.0, 3.0, 0.25), (0.25, 0.75, 0.125), [20 + 10 * k for k in range(18)])
    policy = dataclasses.replace(model.policy, max_timestep_us=500_000)
    return add_golden(dataclasses.replace(model, timetable=table, policy=policy), model.golden.audio)


def tiny_sparse_model(seed: int = 0) -> Model:
    return tiny_integer_model(seed, "rows4x4_sparse")


def tiny_wide_model(seed: int = 0) -> Model:
    return tiny_integer_model(seed, "rows4x16")


def tiny_triangles_model(seed: int = 0) -> Model:
    """The integer front-end logmel_s16, whose window and FFT are its smallest."""
    from liquid_audio_nets.compress.frontend import triangular_frontend
    from liquid_audio_nets.native import add_golden

    model = tiny_integer_model(seed)
    mel = reference.mel_filterbank(9, 256, 16000, 60.0, 7600.0)
    fe = triangular_frontend(FrontEnd.from_dense(reference.hann(16), mel, np.zeros(9), np.zeros(9)))
    model.frontend = dataclasses.replace(fe, mean=np.full(9, 20 << 16), scale=np.full(9, int(0.3 * 2**22)))
    return add_golden(model, model.golden.audio)


def tiny_int16_model(seed: int = 0) -> Model:
    """Both layouts of int16, and an int8 readout behind them."""
    from liquid_audio_nets.native import add_golden

    model = tiny_integer_model(seed)
    for cell, layout in zip(model.cells, ("rows4x4", "rows4x4_sparse"), strict=True):
        cell.weight, cell.layout = "int16", layout
        cell.weights_inputs, cell.weights_state = cell.weights_inputs * 40, cell.weights_state * 90
        cell.scale_inputs, cell.scale_state = cell.scale_inputs // 40, cell.scale_state // 90
    model.cells[1].weights_inputs[:4], model.cells[1].weights_state[4:] = 0, 0
    model.policy.floor_ratio = 1.5
    return add_golden(model, model.golden.audio)


def random_grid(
    rng: np.random.Generator, channels: int, width: int, stride: int, filters: int, planes: int = 1
) -> Grid:
    columns, of_units = planes * width + 3 * filters, ((channels - width) // stride + 1, filters)
    wf, wa = rng.normal(size=(2, filters, columns)) * 1.5 / np.sqrt(columns)
    bf, ba = rng.normal(size=(2, *of_units))
    return Grid(wf, wa, bf + 1.5, ba * 0.3, rng.uniform(0.02, 0.5, of_units), width, stride)


def with_grid(model: Model, width: int, stride: int, filters: int, seed: int = 0, weight: str = "int8") -> Model:
    """The model with a grid of random weights before its cells; weight: of the grid, if the cells are integers."""
    from integer_model import random_grid_s8

    rng, cells = np.random.default_rng(seed), model.cells
    sizes = (model.frontend.n_mels, width, stride, filters, 2 if model.traces else 1)
    if isinstance(cells[0], Cell):
        grid = random_grid(rng, *sizes)
        next_cell = random_cell(rng, grid.n_units, cells[0].n_units)
    else:
        grid = random_grid_s8(rng, *sizes, weight, "rows4x16" if cells[0].layout == "rows4x16" else "rows4x4")
        largest = 127 if cells[0].weight == "int8" else 127 * 40
        heard = rng.integers(-largest, largest + 1, (2 * cells[0].n_units, grid.n_units))
        if cells[0].layout == "rows4x4_sparse":
            heard[:4] = 0
        next_cell = dataclasses.replace(cells[0], weights_inputs=heard, scale_inputs=cells[0].scale_state)
    return dataclasses.replace(model, cells=[grid, next_cell, *cells[1:]])


def tiny_grid_model(seed: int = 0) -> Model:
    """Float: a grid of 3 positions on 4 channels and their traces, a cell, a liquid readout."""
    from liquid_audio_nets.native import add_golden

    model = dataclasses.replace(tiny_stages_model(seed), golden=None)
    return add_golden(with_grid(model, 2, 1, 2, seed), noise(100, seed))


def tiny_integer_grid_model(seed: int = 0) -> Model:
    """Integers: a grid of 8 positions on 9 channels, a cell, a readout."""
    from liquid_audio_nets.native import add_golden

    model = tiny_integer_model(seed)
    return add_golden(with_grid(dataclasses.replace(model, golden=None), 2, 1, 2, seed), model.golden.audio)
