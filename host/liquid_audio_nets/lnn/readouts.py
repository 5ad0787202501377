# SPDX-License-Identifier: MIT
"""The readout sections of an .lnn file, smoothed and liquid: from their bytes and to them."""

from __future__ import annotations

import numpy as np

from . import checks
from .arrays import Record
from .errors import LnnError
from .integer import LiquidReadoutS8, ReadoutS8
from .layout import ENUMS
from .matrix_s8 import DENSE, Packed, dense_blocks, layout_name, pack, unpack_checked
from .model import AnyReadout, LiquidReadout, Readout
from .records import NO_LABEL, Cursor, enum_name, enum_value, from_rows4, pack_section, rows4, to_rows4


def is_liquid(readout: AnyReadout) -> bool:
    """Whether the evidence has a conductance of its own."""
    return isinstance(readout, LiquidReadout | LiquidReadoutS8)


def read_readout(cursor: Cursor, header: Record, parts: Record) -> None:
    """Takes a section `readout` into parts["readout"].  Raises LnnError as the functions of `checks`."""
    n, last = header["n_labels"], parts["cells"][-1]
    checks.readout("readout", cursor, header, parts["frontend"], parts["cells"])
    parts["readout"] = (_readout_f32 if last.weight == "float32" else _readout_s8)(cursor, header, n)


def _readout_f32(cursor: Cursor, header: Record, n: int) -> Readout:
    fields = cursor.record("readout")
    checks.readout_f32(fields)
    arrays = cursor.arrays("readout", header | fields)
    weights = from_rows4(arrays["weights"], fields["n_inputs"])[:n].copy()
    return Readout(weights, arrays["bias"][:n], fields["smoothing_s"], _label_index(fields))


def _readout_s8(cursor: Cursor, header: Record, n: int) -> ReadoutS8:
    fields = cursor.record("readout_s8")
    weight = enum_name("weight", fields["weight"])
    layout, rows = layout_name(fields["layout"], weight, sparse=False), rows4(n)
    arrays = cursor.arrays("readout_s8", header | fields, "bias", "scale")
    n_blocks = dense_blocks(layout, rows, fields["n_inputs"])
    checks.require(fields["n_blocks"] == n_blocks, "SHAPE", f"{fields['n_blocks']} blocks, {n_blocks} needed")
    packed = Packed(cursor.arrays("readout_s8", header | fields, "weights")["weights"], weight=weight)
    weights = unpack_checked(packed, layout, rows, fields["n_inputs"])[:n]
    bias, scale, idle = arrays["bias"][:n], arrays["scale"][:n], _label_index(fields)
    return ReadoutS8(weights, bias, scale, fields["smoothing_s"], idle, layout, weight)


def read_liquid_readout(cursor: Cursor, header: Record, parts: Record) -> None:
    """Takes a section `liquid_readout` into parts["readout"].  Raises LnnError as the functions of `checks`."""
    last = parts["cells"][-1]
    checks.readout("liquid_readout", cursor, header, parts["frontend"], parts["cells"])
    read_one = _liquid_readout_f32 if last.weight == "float32" else _liquid_readout_s8
    parts["readout"] = read_one(cursor, header, header["n_labels"])


def _liquid_readout_f32(cursor: Cursor, header: Record, n: int) -> LiquidReadout:
    fields = cursor.record("liquid_readout")
    checks.readout_f32(fields)
    arrays = cursor.arrays("liquid_readout", header | fields)
    checks.arrays_in_range("liquid_readout", arrays)
    rows, bias = from_rows4(arrays["weights"], fields["n_inputs"])[: 2 * n], arrays["bias"][: 2 * n]
    with np.errstate(divide="ignore"):
        tau = 1.0 / arrays["inv_tau"].astype(np.float64)
    return LiquidReadout(
        rows[0::2].copy(), bias[0::2].copy(), rows[1::2].copy(), bias[1::2].copy(), tau, _label_index(fields)
    )


def _liquid_readout_s8(cursor: Cursor, header: Record, n: int) -> LiquidReadoutS8:
    fields = cursor.record("liquid_readout_s8")
    weight = enum_name("weight", fields["weight"])
    layout, rows = layout_name(fields["layout"], weight, sparse=False), rows4(2 * n)
    arrays = cursor.arrays("liquid_readout_s8", header | fields, "inv_tau", "bias", "scale")
    n_blocks = dense_blocks(layout, rows, fields["n_inputs"])
    checks.require(fields["n_blocks"] == n_blocks, "SHAPE", f"{fields['n_blocks']} blocks, {n_blocks} needed")
    packed = Packed(cursor.arrays("liquid_readout_s8", header | fields, "weights")["weights"], weight=weight)
    weights = unpack_checked(packed, layout, rows, fields["n_inputs"])[: 2 * n]
    checks.arrays_in_range("liquid_readout_s8", {"inv_tau": arrays["inv_tau"]})
    bias, scale = arrays["bias"][: 2 * n], arrays["scale"][: 2 * n]
    return LiquidReadoutS8(weights, bias, scale, arrays["inv_tau"], _label_index(fields), layout, weight)


def _label_index(fields: Record) -> int | None:
    return None if fields["idle_label"] == NO_LABEL else fields["idle_label"]


def _readout_s8_bytes(readout: ReadoutS8 | LiquidReadoutS8, header: Record) -> bytes:
    n = header["n_labels"] * (2 if is_liquid(readout) else 1)
    if readout.layout not in DENSE[readout.weight]:
        raise LnnError("WEIGHTS", f"a readout's layout is one of {', '.join(DENSE[readout.weight])}")
    packed = pack(readout.weights, readout.layout, readout.weight)
    fields = {
        "weight": enum_value("weight", readout.weight),
        "layout": ENUMS["layout"][readout.layout],
        "n_inputs": np.shape(readout.weights)[1],
        "n_blocks": packed.n_blocks,
        "idle_label": NO_LABEL if readout.idle_label is None else readout.idle_label,
    }
    pad = (0, rows4(n) - n)
    arrays = {"bias": np.pad(readout.bias, pad), "scale": np.pad(readout.scale, pad), "weights": packed.weights}
    if isinstance(readout, LiquidReadoutS8):
        return pack_section("liquid_readout_s8", fields, arrays | {"inv_tau": readout.inv_tau}, header)
    return pack_section("readout_s8", fields | {"smoothing_s": readout.smoothing_s}, arrays, header)


def _liquid_readout_bytes(readout: LiquidReadout, header: Record) -> bytes:
    n, columns = header["n_labels"], np.shape(readout.wg)[-1]
    if np.shape(readout.wg) != (n, columns) or np.shape(readout.wv) != (n, columns):
        raise LnnError("SHAPE", f"a liquid readout's wg and wv are (n_labels, N) with {n} labels")
    if any(np.shape(a) != (n,) for a in (readout.bg, readout.bv, readout.tau)):
        raise LnnError("SHAPE", f"a liquid readout's bg, bv and tau are (n_labels,) with {n} labels")
    fields = {
        "weight": ENUMS["weight"]["float32"],
        "layout": ENUMS["layout"]["rows4"],
        "n_inputs": columns,
        "idle_label": NO_LABEL if readout.idle_label is None else readout.idle_label,
        "reserved": 0,
    }
    with np.errstate(divide="ignore"):
        inv_tau = 1.0 / np.asarray(readout.tau, np.float64)
    arrays = {
        "inv_tau": inv_tau,
        "bias": np.pad(np.stack([readout.bg, readout.bv], 1).ravel(), (0, rows4(2 * n) - 2 * n)),
        "weights": to_rows4(np.stack([readout.wg, readout.wv], 1).reshape(2 * n, columns)),
    }
    return pack_section("liquid_readout", fields, arrays, header)


def write_readout(readout: AnyReadout, header: Record) -> bytes:
    """The content of a readout's section.  Raises LnnError SHAPE, WEIGHTS or NUMBER."""
    if isinstance(readout, ReadoutS8 | LiquidReadoutS8):
        return _readout_s8_bytes(readout, header)
    if isinstance(readout, LiquidReadout):
        return _liquid_readout_bytes(readout, header)
    w, b = np.asarray(readout.w), np.asarray(readout.b)
    if w.ndim != 2 or b.shape != w.shape[:1] or len(b) != header["n_labels"]:
        raise LnnError("SHAPE", f"the readout's w is (n_labels, N), b (n_labels,) with {header['n_labels']} labels")
    fields = {
        "weight": ENUMS["weight"]["float32"],
        "layout": ENUMS["layout"]["rows4"],
        "n_inputs": w.shape[1],
        "idle_label": NO_LABEL if readout.idle_label is None else readout.idle_label,
        "reserved": 0,
        "smoothing_s": readout.smoothing_s,
    }
    arrays = {"bias": np.pad(b, (0, rows4(len(b)) - len(b))), "weights": to_rows4(w)}
    return pack_section("readout", fields, arrays, header)
