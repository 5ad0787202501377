# SPDX-License-Identifier: MIT
"""What a file must fulfil, in the order in which cmodule/core checks it.  The ranges come from layout.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Array, Record
from .cells import AnyCell
from .errors import LnnError
from .integer import INTEGER_FRONTENDS, WINDOW_PAIR_LIMIT
from .layout import ENUMS, FFT_Q15_POINTS, FIELDS, LEAST, LIMITS, RANGES, RUNS, STRUCTS
from .model import AnyFrontEnd
from .records import NO_LABEL, Cursor


def require(condition: bool, error: str, detail: str = "") -> None:
    """Raises the LnnError `error` unless the condition holds."""
    if not condition:
        raise LnnError(error, detail)


def in_range(section: str, fields: Record, error: str, *names: str) -> None:
    """Raises the LnnError `error` for the first of the named fields (by default all) that is outside its range."""
    for name in names or [name for name in RANGES[section] if name in FIELDS[section]]:
        if not RANGES[section][name].holds(fields[name], fields):
            raise LnnError(error, RANGES[section][name].complaint(name, fields[name], fields))


def arrays_in_range(section: str, arrays: dict[str, Array]) -> None:
    """Raises LnnError NUMBER for the first array that holds a number outside its range."""
    for name, values in arrays.items():
        if name in RANGES[section] and not RANGES[section][name].holds(values, {}):
            raise LnnError("NUMBER", f"{section}.{name}")


def runs(enum: str, value: int, error: str) -> None:
    """Raises the LnnError `error`, with the name of the value, unless the core runs it."""
    names = {number: name for name, number in ENUMS[enum].items()}
    require(names.get(value) in RUNS[enum], error, names.get(value, f"{enum} {value}"))


def header(h: Record) -> None:
    """Raises LnnError PADDING or RANGE for a header that no file can have."""
    require(not (h["reserved"] or h["reserved2"]), "PADDING", "header")
    require(h["version_minor"] >= 1 or h["model_version"] == 0, "PADDING", "model_version needs version 1.1")
    in_range("header", h, "RANGE")
    table_end = STRUCTS["header"].size + h["n_sections"] * STRUCTS["section"].size
    require(table_end <= h["file_bytes"], "RANGE", f"{h['n_sections']} sections in {h['file_bytes']} bytes")


def text(raw: bytes) -> str:
    """UTF-8 without control characters.  Raises LnnError LABEL."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        raise LnnError("LABEL", "not UTF-8") from None
    require(not any(ord(c) < 0x20 or c == "\x7f" for c in decoded), "LABEL", "control character")
    return decoded


def label(fields: Record) -> None:
    """Raises LnnError LABEL, PADDING or NUMBER."""
    name, _, rest = fields["name"].partition(b"\0")
    require(0 < len(name) < LIMITS["label_name_bytes"], "LABEL", f"{len(name)} bytes")
    text(name)
    require(not any(rest), "PADDING", "after a label")
    in_range("label", fields, "NUMBER")


def frontend_kind(cursor: Cursor) -> str:
    """The kind of a frontend section.  An unknown kind is taken for the float kind, whose check refuses it."""
    require(cursor.end - cursor.at >= 2, "SHAPE", "front-end")
    kind = int.from_bytes(cursor.data[cursor.at : cursor.at + 2], "little")
    return next((name for name in (*INTEGER_FRONTENDS, "none") if kind == ENUMS["frontend"][name]), "logmel_f32")


def frontend(section: str, f: Record) -> None:
    """A record frontend, frontend_q15 or frontend_s16.  Raises LnnError FRONTEND, RANGE, PADDING or NUMBER."""
    points, integer = f["fft_points"], section != "frontend"
    require(integer or f["kind"] == ENUMS["frontend"]["logmel_f32"], "FRONTEND", f"front-end {f['kind']}")
    require(points <= LIMITS["fft_points"], "RANGE", f"an FFT of {points} points, at most {LIMITS['fft_points']}")
    in_range(section, f, "RANGE", "window_samples", "n_mels", "n_mel_weights")
    if integer:
        require(points in FFT_Q15_POINTS and f["window_samples"] % 2 == 0, "FRONTEND", f"{points} points")
    else:
        require(points >= LEAST["fft_points"] and points & (points - 1) == 0, "FRONTEND", f"{points} points")
    require(f["reserved"] == 0, "PADDING", "front-end")
    in_range(section, f, "NUMBER", *(["clip_q12"] if integer else ["log_floor", "feature_clip"]))


def frontend_none(f: Record, n_labels: int) -> None:
    """Raises LnnError RANGE, SHAPE or NUMBER."""
    in_range("frontend_none", f, "RANGE", "n_mels")
    require(n_labels <= f["n_mels"], "SHAPE", f"{n_labels} forecasts of {f['n_mels']} numbers")
    in_range("frontend_none", f, "NUMBER", "feature_clip", "time_scale")


def task(header: Record, kind: str) -> None:
    """Raises LnnError TASK unless rows of numbers (front-end none) are read by task series alone."""
    series = header["task"] == ENUMS["task"]["series"]
    require((kind == "none") == series, "TASK", f"front-end {kind}")


def filters(f: Record, arrays: dict[str, Array]) -> None:
    """The mel filters of a front-end.  Raises LnnError RANGE or SHAPE."""
    start, count = arrays["mel_start"].astype(int), arrays["mel_count"].astype(int)
    inside = bool(np.all(start + count <= f["fft_points"] // 2 + 1))
    require(inside, "RANGE", "a mel filter reaches beyond the spectrum")
    require(count.sum() == f["n_mel_weights"], "SHAPE", "mel_count")


def triangles(f: Record, arrays: dict[str, Array]) -> None:
    """Mel filters and window of a front-end in triangles.  Raises LnnError RANGE, SHAPE, NUMBER or PADDING."""
    inside = f["first_bin"] + f["n_mel_weights"] <= f["fft_points"] // 2 + 1
    require(inside, "RANGE", "a mel filter reaches beyond the spectrum")
    require(arrays["mel_count"].sum(dtype=int) == f["n_mel_weights"], "SHAPE", "mel_count")
    pairs = np.abs(arrays["window"].astype(int)).reshape(2, -1).sum(0)
    require(int(pairs.max()) <= WINDOW_PAIR_LIMIT, "NUMBER", "window: two weights add up to too much")
    require(not arrays["window"][f["window_samples"] :].any(), "PADDING", "after the window")


def traces(f: Record, n_mels: int) -> None:
    """Raises LnnError SHAPE or PADDING."""
    require(f["n_channels"] == n_mels, "SHAPE", f"traces of {f['n_channels']} channels follow {n_mels} features")
    require(f["reserved"] == 0, "PADDING", "traces")


def is_integer(weight: int) -> bool:
    """Whether a value of enum weight is an integer type."""
    return weight in (ENUMS["weight"]["int8"], ENUMS["weight"]["int16"])


def cell_is_integer(
    cursor: Cursor, header: Record, frontend: AnyFrontEnd, before: Sequence[AnyCell], outputs: int
) -> bool:
    """Checks what all kinds of cells have in common.  Gives whether it is an integer cell.

    before: the cells read so far; outputs: how many numbers the stage before it gives.

    Raises LnnError CELL, SOLVER, RANGE, SHAPE or WEIGHTS.
    """
    f = cursor.peek("cell")
    runs("cell", f["kind"], "CELL")
    is_grid = f["kind"] == ENUMS["cell"]["ltc_grid"]
    require(not is_grid or header["version_minor"] >= 3, "CELL", "ltc_grid needs version 1.3")
    runs("solver", f["solver"], "SOLVER")
    in_range("cell", f, "RANGE", "n_units", "n_inputs")
    require(f["n_units"] % 2 == 0, "RANGE", f"{f['n_units']} units; an even number is needed")
    require(f["n_inputs"] == outputs, "SHAPE", f"a cell of {f['n_inputs']} inputs follows {outputs} outputs")
    require(not (is_grid and before), "SHAPE", "a grid is the first cell: it hears neighbouring channels")
    if is_grid:
        grid_sizes(cursor.peek("cell_grid"), frontend.n_mels, outputs // frontend.n_mels)
    integer = is_integer(f["weight"])
    alike = not before or (before[-1].weight != "float32") == integer
    require(alike, "WEIGHTS", "float and integer cells in one model")
    require(integer or frontend.kind not in INTEGER_FRONTENDS, "WEIGHTS", "float cells behind an integer front-end")
    return integer


def grid_sizes(f: Record, n_mels: int, planes: int) -> None:
    """What float and integer grids have in common: a record that begins as cell_grid.  Raises LnnError RANGE or SHAPE."""
    in_range("cell_grid", f, "RANGE", "width", "stride", "filters")
    width, stride, filters = f["width"], f["stride"], f["filters"]
    require(filters % 2 == 0, "RANGE", f"{filters} filters; an even number is needed")
    fits = width <= n_mels and (n_mels - width) % stride == 0
    require(
        fits, "SHAPE", f"windows of {width} channels with a stride of {stride} do not end with the {n_mels} channels"
    )
    units, columns = ((n_mels - width) // stride + 1) * filters, planes * width + 3 * filters
    require(f["n_units"] == units, "SHAPE", f"{f['n_units']} units, the grid has {units}")
    require(f["n_columns"] == columns, "SHAPE", f"{f['n_columns']} columns, a unit hears {columns} numbers")


def grid(f: Record) -> None:
    """A record cell_grid.  Raises LnnError WEIGHTS or NUMBER."""
    float32 = f["weight"] == ENUMS["weight"]["float32"] and f["layout"] == ENUMS["layout"]["rows4"]
    require(float32, "WEIGHTS", f"weight {f['weight']}, layout {f['layout']}")
    in_range("cell_grid", f, "NUMBER", "gate_clamp")


def cell(f: Record) -> None:
    """A record cell.  Raises LnnError WEIGHTS, PADDING or NUMBER."""
    float32 = f["weight"] == ENUMS["weight"]["float32"] and f["layout"] == ENUMS["layout"]["rows4"]
    require(float32, "WEIGHTS", f"weight {f['weight']}, layout {f['layout']}")
    require(f["reserved"] == 0, "PADDING", "cell")
    in_range("cell", f, "NUMBER", "gate_clamp")


def cell_s8(f: Record, layout: str, weight: str) -> None:
    """A record cell_s8.  Raises LnnError WEIGHTS or NUMBER."""
    delta = f["delta_q15"] == 0 or (layout, weight) == ("rows4x4", "int8")
    require(delta, "WEIGHTS", f"delta_q15 with {weight} in {layout}")
    in_range("cell_s8", f, "NUMBER", "gate_clamp_q11", "delta_q15")


def readout(section: str, cursor: Cursor, header: Record, frontend: AnyFrontEnd, cells: Sequence[AnyCell]) -> None:
    """Checks what float and integer readouts of a section have in common.

    Raises LnnError WEIGHTS, SHAPE, RANGE, NUMBER or TASK.
    """
    f, last, units = cursor.peek(section), cells[-1], sum(cell.n_units for cell in cells)
    known = f["weight"] == ENUMS["weight"]["float32"] if last.weight == "float32" else is_integer(f["weight"])
    require(known, "WEIGHTS", f"weight {f['weight']} behind {last.weight} cells")
    all_fit = f["n_inputs"] == units <= LIMITS["cell_inputs"] and header["version_minor"] >= 3
    said = f"a readout of {f['n_inputs']} inputs follows {last.n_units} units, {units} with those of all cells"
    require(f["n_inputs"] == last.n_units or all_fit, "SHAPE", said)
    n_labels, n_mels = header["n_labels"], frontend.n_mels
    expected = header["task"] != ENUMS["task"]["anomaly"] or n_labels == n_mels
    require(expected, "SHAPE", f"task anomaly expects {n_labels} of {n_mels} features")
    idle = f["idle_label"]
    require(idle == NO_LABEL or idle < n_labels, "RANGE", f"idle_label {idle} of {n_labels} labels")
    if section == "readout":
        in_range("readout", f, "NUMBER", "smoothing_s")
    else:
        fits = header["task"] not in (ENUMS["task"]["anomaly"], ENUMS["task"]["series"])
        require(fits, "TASK", "a liquid readout chooses between labels")


def readout_f32(f: Record) -> None:
    """A record readout or liquid_readout.  Raises LnnError WEIGHTS or PADDING."""
    require(f["layout"] == ENUMS["layout"]["rows4"], "WEIGHTS", f"layout {f['layout']}")
    require(f["reserved"] == 0, "PADDING", "readout")


def policy(p: Record) -> None:
    """Raises LnnError POLICY naming the first field that is outside its range, its value and the range."""
    in_range("policy", p, "POLICY")


def golden(f: Record, frontend: AnyFrontEnd) -> None:
    """Raises LnnError NO_AUDIO, RANGE, PADDING or NUMBER."""
    require(frontend.kind != "none", "NO_AUDIO", "golden audio")
    in_range("golden", f, "RANGE", "n_samples")
    require(f["reserved"] == 0, "PADDING", "golden")
    in_range("golden", f, "NUMBER", "tolerance")
