"""Ranges of every field and number, as cmodule/core/loader.c holds them."""

from __future__ import annotations

import numpy as np

from .errors import LnnError
from .layout import ENUMS, LIMITS

# what the core runs; the other names of the format are refused by name
RUNS = {"frontend": ("logmel_f32",), "cell": ("ltc",), "solver": ("fused",), "weight": ("float32",),
        "layout": ("rows4",)}
LARGEST = np.float32(1e6)


def require(condition, error: str, detail: str = "") -> None:
    if not condition:
        raise LnnError(error, detail)


def within(x, low: float, high: float) -> bool:
    """Of every number of x; false for a NaN.  Bounds are rounded to float32 as in C."""
    x = np.asarray(x)
    return bool(np.all((x >= np.float32(low)) & (x <= np.float32(high))))


def runs(enum: str, value: int, error: str) -> None:
    names = {ENUMS[enum][name] for name in RUNS[enum]}
    require(value in names, error, f"{enum} {value}")


def bounded(*arrays: np.ndarray) -> None:
    """No sum of products may overflow a float."""
    for x in arrays:
        require(within(x, -LARGEST, LARGEST), "NUMBER", "a weight is beyond 1e6")


def header(h: dict) -> None:
    require(not (h["reserved"] or h["reserved2"] or h["reserved3"]), "PADDING", "header")
    sizes = (
        ("file_bytes", 44 + 16 * h["n_sections"], LIMITS["file_bytes"]), ("n_sections", 0, LIMITS["sections"]),
        ("n_labels", 1, LIMITS["labels"]), ("n_cells", 1, LIMITS["cells"]),
        ("sample_rate_hz", 1000, LIMITS["sample_rate_hz"]),
        ("task", 0, max(ENUMS["task"].values())), ("target", 0, max(ENUMS["target"].values())),
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


def frontend(f: dict) -> None:
    runs("frontend", f["kind"], "FRONTEND")
    points = f["fft_points"]
    require(points <= LIMITS["fft_points"] and 1 <= f["window_samples"] <= points
            and 1 <= f["n_mels"] <= LIMITS["mels"] and f["n_mel_weights"] <= LIMITS["mel_weights"], "RANGE", "front-end")
    require(points >= 8 and points & (points - 1) == 0, "FRONTEND", f"{points} points")
    require(f["reserved"] == 0, "PADDING", "front-end")
    require(within(f["log_floor"], 1e-30, 1) and within(f["feature_clip"], 0, 1e6) and f["feature_clip"] > 0, "NUMBER")


def frontend_arrays(f: dict, a: dict) -> None:
    bins = f["fft_points"] // 2 + 1
    start, count = a["mel_start"].astype(int), a["mel_count"].astype(int)
    for i in range(f["n_mels"]):
        require(start[i] + count[i] <= bins, "RANGE", f"filter {i}")
        require(within(a["mean"][i], -1e6, 1e6) and within(a["inv_std"][i], 0, 1e6), "NUMBER", f"channel {i}")
    require(within(a["window"], -1, 1), "NUMBER", "window")
    require(within(a["mel_weights"], 0, 1e6), "NUMBER", "no filter may turn a power negative")
    require(count.sum() == f["n_mel_weights"], "SHAPE", "mel_count")


def cell(f: dict, n_inputs: int) -> None:
    runs("cell", f["kind"], "CELL")
    runs("solver", f["solver"], "SOLVER")
    runs("weight", f["weight"], "WEIGHTS")
    runs("layout", f["layout"], "WEIGHTS")
    n = f["n_units"]
    require(2 <= n <= LIMITS["cell_units"] and n % 2 == 0 and f["n_inputs"] <= LIMITS["cell_inputs"], "RANGE",
            f"{n} units (an even number is needed) on {f['n_inputs']} inputs")
    require(f["n_inputs"] == n_inputs, "SHAPE", f"a cell of {f['n_inputs']} inputs follows {n_inputs} outputs")
    require(f["reserved"] == 0, "PADDING", "cell")
    require(within(f["gate_clamp"], 0, 40) and f["gate_clamp"] > 0, "NUMBER", f"gate_clamp {f['gate_clamp']}")


def cell_arrays(a: dict) -> None:
    require(within(a["inv_tau"], 0, 1e6), "NUMBER", "time constants are 1 us or longer")
    bounded(a["bias"], a["weights"])


def readout(f: dict, n_labels: int, n_units: int) -> None:
    runs("weight", f["weight"], "WEIGHTS")
    runs("layout", f["layout"], "WEIGHTS")
    require(f["n_inputs"] == n_units, "SHAPE", f"a readout of {f['n_inputs']} inputs follows {n_units} units")
    require(f["idle_label"] == 0xFFFF or f["idle_label"] < n_labels, "RANGE", "idle_label")
    require(f["reserved"] == 0, "PADDING", "readout")
    require(within(f["smoothing_s"], 0, 60), "NUMBER", f"smoothing_s {f['smoothing_s']}")


def policy(p: dict) -> None:
    """Raises LnnError POLICY naming the field."""
    ranges = (
        ("min_timestep_us", 1000, p["max_timestep_us"]), ("max_timestep_us", 1000, LIMITS["timestep_us"]),
        ("hold_us", 0, 10 * LIMITS["timestep_us"]), ("complexity", 0, max(ENUMS["complexity"].values())),
    )
    for name, low, high in ranges:
        require(low <= p[name] <= high, "POLICY", f"{name} {p[name]}")
    floats = (
        ("energy_threshold", 0, 1), ("gate_close_ratio", 0, 1), ("attack_threshold", p["release_threshold"], 1000),
        ("release_threshold", 0, 1000), ("release_growth", 1, 100), ("background_rise_per_s", 0, 1000),
    )
    for name, low, high in floats:
        require(within(p[name], low, high), "POLICY", f"{name} {p[name]}")


def golden(f: dict) -> None:
    require(1 <= f["n_samples"] <= LIMITS["golden_samples"], "RANGE", f"{f['n_samples']} golden samples")
    require(f["reserved"] == 0, "PADDING", "golden")
    require(within(f["tolerance"], 0, 1e6), "NUMBER", "tolerance")
