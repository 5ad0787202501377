"""Ranges of every field and number, as cmodule/core/loader.c holds them."""

from __future__ import annotations

import numpy as np

from .errors import LnnError
from .integer import NUMBER_LIMIT
from .layout import ENUMS, LIMITS
from .records import Cursor

# what the core runs; the other names of the format are refused by name
RUNS = {"cell": ("ltc",), "solver": ("fused",)}
Q15_POINTS = (256, 512)
# bounds of arrays, plus and minus; no sum of products may overflow
FRONTEND_LIMITS = {"window": 1.0, "mel_weights": 1e6, "mean": 1e6, "inv_std": 1e6}
FRONTEND_NONE_LIMITS = {"mean": 1e12, "inv_std": 1e12, "scale": 1e12}
FRONTEND_Q15_LIMITS = {"mean": 64 << 16, "scale": 2**31 - 1}
CELL_LIMITS = {"inv_tau": 1e6, "bias": 1e6, "weights": 1e6}
CELL_S8_LIMITS = {"bias": 2**29 - 1, "scale_inputs": 2**30 - 1, "scale_state": 2**30 - 1, "scale": 2**30 - 1}
# int16: matrix_s8.check_rows
WEIGHT_LIMITS = {"int8": {"weights_inputs": 127, "weights_state": 127, "weights": 127}, "int16": {}}
INV_TAU_Q16 = 4000 << 16


def require(condition, error: str, detail: str = "") -> None:
    if not condition:
        raise LnnError(error, detail)


def within(x, low: float, high: float) -> bool:
    """Of every number of x; false for a NaN.  Bounds are rounded to float32 as in C."""
    x = np.asarray(x)
    return bool(np.all((x >= np.float32(low)) & (x <= np.float32(high))))


def runs(enum: str, value: int, error: str) -> None:
    names = {number: name for name, number in ENUMS[enum].items()}
    require(names.get(value) in RUNS[enum], error, names.get(value, f"{enum} {value}"))


def header(h: dict) -> None:
    require(not (h["reserved"] or h["reserved2"] or h["reserved3"]), "PADDING", "header")
    sizes = (
        ("file_bytes", 44 + 16 * h["n_sections"], LIMITS["file_bytes"]),
        ("n_sections", 0, LIMITS["sections"]),
        ("n_labels", 1, LIMITS["labels"]),
        ("n_cells", 1, LIMITS["cells"]),
        ("sample_rate_hz", 1000, LIMITS["sample_rate_hz"]),
        ("task", 0, max(ENUMS["task"].values())),
        ("target", 0, max(ENUMS["target"].values())),
    )
    for name, low, high in sizes:
        require(low <= h[name] <= high, "RANGE", f"{name} {h[name]}")


def text(raw: bytes) -> str:
    """UTF-8 without control characters.  Raises LnnError LABEL."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        raise LnnError("LABEL", "not UTF-8") from None
    require(not any(ord(c) < 0x20 or c == "\x7f" for c in decoded), "LABEL", "control character")
    return decoded


def label(raw: bytes, threshold: float) -> None:
    name, _, rest = raw.partition(b"\0")
    require(0 < len(name) < LIMITS["label_name_bytes"], "LABEL", f"{len(name)} bytes")
    text(name)
    require(not any(rest), "PADDING", "behind a label")
    require(within(threshold, 0, 1), "NUMBER", f"threshold {threshold}")


def frontend_kind(cursor: Cursor) -> str:
    """The kind of a frontend section, unknown ones going the way of the float kind, where they are refused."""
    require(cursor.end - cursor.at >= 2, "SHAPE", "front-end")
    kind = int.from_bytes(cursor.data[cursor.at : cursor.at + 2], "little")
    return next((name for name in ("logmel_q15", "none") if kind == ENUMS["frontend"][name]), "logmel_f32")


def _sizes(f: dict) -> None:
    require(
        f["fft_points"] <= LIMITS["fft_points"]
        and 2 <= f["window_samples"] <= f["fft_points"]
        and 1 <= f["n_mels"] <= LIMITS["mels"]
        and f["n_mel_weights"] <= LIMITS["mel_weights"],
        "RANGE",
        "front-end",
    )


def frontend(f: dict) -> None:
    require(f["kind"] == ENUMS["frontend"]["logmel_f32"], "FRONTEND", f"front-end {f['kind']}")
    _sizes(f)
    points = f["fft_points"]
    require(points >= 8 and points & (points - 1) == 0, "FRONTEND", f"{points} points")
    require(f["reserved"] == 0, "PADDING", "front-end")
    require(within(f["log_floor"], 1e-30, 1) and within(f["feature_clip"], 0, 1e6) and f["feature_clip"] > 0, "NUMBER")


def frontend_q15(f: dict) -> None:
    _sizes(f)
    require(f["fft_points"] in Q15_POINTS and f["window_samples"] % 2 == 0, "FRONTEND", f"{f['fft_points']} points")
    require(f["reserved"] == 0, "PADDING", "front-end")
    require(1 <= f["clip_q12"] <= NUMBER_LIMIT, "NUMBER", "clip_q12")


def frontend_none(f: dict, n_labels: int) -> None:
    require(1 <= f["n_mels"] <= LIMITS["mels"], "RANGE", f"{f['n_mels']} numbers a row")
    require(n_labels <= f["n_mels"], "SHAPE", f"{n_labels} forecasts of {f['n_mels']} numbers")
    require(
        within(f["feature_clip"], 0, 1000)
        and f["feature_clip"] > 0
        and within(f["time_scale"], 0, 1e6)
        and f["time_scale"] > 0,
        "NUMBER",
        f"feature_clip {f['feature_clip']}, time_scale {f['time_scale']}",
    )


def task(header: dict, kind: str) -> None:
    series = header["task"] == ENUMS["task"]["series"]
    require((kind == "none") == series, "TASK", f"front-end {kind}")


def _filters(f: dict, a: dict) -> None:
    start, count = a["mel_start"].astype(int), a["mel_count"].astype(int)
    require(np.all(start + count <= f["fft_points"] // 2 + 1), "RANGE", "a filter reaches beyond the spectrum")
    require(count.sum() == f["n_mel_weights"], "SHAPE", "mel_count")


def frontend_arrays(f: dict, a: dict) -> None:
    _filters(f, a)
    require(within(a["mel_weights"], 0, 1e6), "NUMBER", "no filter may turn a power negative")


def frontend_q15_arrays(f: dict, a: dict) -> None:
    _filters(f, a)
    require(np.all(a["floor"] >= 1), "NUMBER", "a logarithm needs something")


def is_integer(weight: int) -> bool:
    return weight in (ENUMS["weight"]["int8"], ENUMS["weight"]["int16"])


def cell_is_integer(cursor: Cursor, frontend, before: list) -> bool:
    """What all cells have in common.  before: the cells read so far."""
    f = cursor.peek("cell")
    runs("cell", f["kind"], "CELL")
    runs("solver", f["solver"], "SOLVER")
    n = f["n_units"]
    require(
        2 <= n <= LIMITS["cell_units"] and n % 2 == 0 and f["n_inputs"] <= LIMITS["cell_inputs"],
        "RANGE",
        f"{n} units (an even number is needed) on {f['n_inputs']} inputs",
    )
    outputs = before[-1].n_units if before else frontend.n_mels
    require(f["n_inputs"] == outputs, "SHAPE", f"a cell of {f['n_inputs']} inputs follows {outputs} outputs")
    integer = is_integer(f["weight"])
    require(
        not before or (before[-1].weight != "float32") == integer, "WEIGHTS", "float and integer cells in one model"
    )
    require(integer or frontend.kind != "logmel_q15", "WEIGHTS", "float cells behind an integer front-end")
    return integer


def cell(f: dict) -> None:
    float32 = f["weight"] == ENUMS["weight"]["float32"] and f["layout"] == ENUMS["layout"]["rows4"]
    require(float32, "WEIGHTS", f"weight {f['weight']}, layout {f['layout']}")
    require(f["reserved"] == 0, "PADDING", "cell")
    require(within(f["gate_clamp"], 0, 40) and f["gate_clamp"] > 0, "NUMBER", f"gate_clamp {f['gate_clamp']}")


def cell_s8(f: dict, layout: str, weight: str) -> None:
    require(
        f["delta_q15"] == 0 or (layout, weight) == ("rows4x4", "int8"),
        "WEIGHTS",
        f"delta_q15 with {weight} in {layout}",
    )
    require(
        1 <= f["gate_clamp_q11"] <= 32767 and f["delta_q15"] <= 32767,
        "NUMBER",
        f"gate_clamp_q11 {f['gate_clamp_q11']}, delta_q15 {f['delta_q15']}",
    )


def readout(cursor: Cursor, header: dict, frontend, last) -> None:
    f = cursor.peek("readout")
    known = f["weight"] == ENUMS["weight"]["float32"] if last.weight == "float32" else is_integer(f["weight"])
    require(known, "WEIGHTS", f"weight {f['weight']} behind {last.weight} cells")
    require(f["n_inputs"] == last.n_units, "SHAPE", f"a readout of {f['n_inputs']} inputs follows {last.n_units} units")
    n_labels, n_mels = header["n_labels"], frontend.n_mels
    require(
        header["task"] != ENUMS["task"]["anomaly"] or n_labels == n_mels,
        "SHAPE",
        f"task anomaly expects {n_labels} of {n_mels} features",
    )
    require(f["idle_label"] == 0xFFFF or f["idle_label"] < n_labels, "RANGE", "idle_label")
    require(within(f["smoothing_s"], 0, 60), "NUMBER", f"smoothing_s {f['smoothing_s']}")


def readout_f32(f: dict) -> None:
    require(f["layout"] == ENUMS["layout"]["rows4"], "WEIGHTS", f"layout {f['layout']}")
    require(f["reserved"] == 0, "PADDING", "readout")


def policy(p: dict) -> None:
    """Raises LnnError POLICY naming the field."""
    ranges = (
        ("min_timestep_us", 1000, p["max_timestep_us"]),
        ("max_timestep_us", 1000, LIMITS["timestep_us"]),
        ("hold_us", 0, 10 * LIMITS["timestep_us"]),
        ("complexity", 0, max(ENUMS["complexity"].values())),
    )
    for name, low, high in ranges:
        require(low <= p[name] <= high, "POLICY", f"{name} {p[name]}")
    floats = (
        ("energy_threshold", 0, 1),
        ("gate_close_ratio", 0, 1),
        ("attack_threshold", p["release_threshold"], 1000),
        ("release_threshold", 0, 1000),
        ("release_growth", 1, 100),
        ("background_rise_per_s", 0, 1000),
    )
    for name, low, high in floats:
        require(within(p[name], low, high), "POLICY", f"{name} {p[name]}")


def golden(f: dict, frontend) -> None:
    require(frontend.kind != "none", "NO_AUDIO", "golden audio")
    require(1 <= f["n_samples"] <= LIMITS["golden_samples"], "RANGE", f"{f['n_samples']} golden samples")
    require(f["reserved"] == 0, "PADDING", "golden")
    require(within(f["tolerance"], 0, 1e6), "NUMBER", "tolerance")
