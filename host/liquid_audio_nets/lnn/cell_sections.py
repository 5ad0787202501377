# SPDX-License-Identifier: MIT
"""The cell sections of an .lnn file, dense cells and grids: from their bytes and to them."""

from __future__ import annotations

import numpy as np

from . import checks
from .arrays import Array, Record
from .cells import AnyCell, Cell, Grid, GridS8
from .errors import LnnError
from .integer import CellS8
from .layout import ENUMS
from .matrix_s8 import DENSE, SPARSE, Packed, check_blocks, dense_blocks, layout_name, pack, unpack_checked
from .records import Cursor, enum_name, enum_value, from_rows4, pack_section, to_rows4


def read_cell(cursor: Cursor, header: Record, parts: Record) -> None:
    """Takes a section `cell` into parts["cells"].  Raises LnnError as the functions of `checks`."""
    before = parts["cells"]
    outputs = before[-1].n_units if before else parts["frontend"].n_mels * (2 if "traces" in parts else 1)
    integer = checks.cell_is_integer(cursor, header, parts["frontend"], before, outputs)
    if cursor.peek("cell")["kind"] == ENUMS["cell"]["ltc_grid"]:
        parts["cells"].append((_grid_s8 if integer else _grid_f32)(cursor, header))
    else:
        parts["cells"].append((_cell_s8 if integer else _cell_f32)(cursor, header))


def _cell_f32(cursor: Cursor, header: Record) -> Cell:
    fields = cursor.record("cell")
    checks.cell(fields)
    arrays = cursor.arrays("cell", header | fields)
    checks.arrays_in_range("cell", arrays)
    n, m = fields["n_units"], fields["n_inputs"]
    rows = from_rows4(arrays["weights"], m + n).reshape(n, 2, m + n)
    bias = arrays["bias"].reshape(n, 2)
    with np.errstate(divide="ignore"):
        tau = 1.0 / arrays["inv_tau"].astype(np.float64)
    return Cell(
        rows[:, 0].copy(),
        rows[:, 1].copy(),
        bias[:, 0].copy(),
        bias[:, 1].copy(),
        tau,
        fields["gate_clamp"],
        enum_name("cell", fields["kind"]),
        enum_name("solver", fields["solver"]),
    )


def _grid_f32(cursor: Cursor, header: Record) -> Grid:
    fields = cursor.record("cell_grid")
    checks.grid(fields)
    arrays = cursor.arrays("cell_grid", header | fields)
    checks.arrays_in_range("cell_grid", arrays)
    f, k = fields["filters"], fields["n_columns"]
    rows = from_rows4(arrays["weights"], k).reshape(f, 2, k)
    bias = arrays["bias"].reshape(-1, f, 2)
    with np.errstate(divide="ignore"):
        tau = 1.0 / arrays["inv_tau"].astype(np.float64).reshape(-1, f)
    return Grid(
        rows[:, 0].copy(),
        rows[:, 1].copy(),
        bias[..., 0].copy(),
        bias[..., 1].copy(),
        tau,
        fields["width"],
        fields["stride"],
        fields["gate_clamp"],
        enum_name("solver", fields["solver"]),
    )


def _cell_s8(cursor: Cursor, header: Record) -> CellS8:
    fields = cursor.record("cell_s8")
    weight = enum_name("weight", fields["weight"])
    layout = layout_name(fields["layout"], weight, sparse=True)
    checks.cell_s8(fields, layout, weight)
    n, fields = fields["n_units"], header | fields
    arrays = cursor.arrays("cell_s8", fields, "inv_tau", "bias", "scale_inputs", "scale_state")
    for part, columns in (("inputs", fields["n_inputs"]), ("state", n)):
        arrays[f"weights_{part}"] = _matrix_s8(cursor, fields, part, layout, 2 * n, columns)
    checks.arrays_in_range("cell_s8", arrays)
    return CellS8(
        gate_clamp_q11=fields["gate_clamp_q11"],
        kind=enum_name("cell", fields["kind"]),
        solver=enum_name("solver", fields["solver"]),
        layout=layout,
        delta_q15=fields["delta_q15"],
        weight=weight,
        **arrays,
    )


def _matrix_s8(cursor: Cursor, fields: Record, part: str, layout: str, rows: int, columns: int) -> Array:
    if layout != SPARSE:
        blocks = dense_blocks(layout, rows, columns)
        checks.require(fields[f"n_blocks_{part}"] == blocks, "SHAPE", f"n_blocks_{part}")
    lists = cursor.arrays("cell_s8", fields, f"counts_{part}", f"columns_{part}")
    counts, places = lists.values()
    if layout == SPARSE:
        check_blocks(counts, places, columns)
    weights = cursor.arrays("cell_s8", fields, f"weights_{part}")[f"weights_{part}"]
    return unpack_checked(Packed(weights, counts, places, enum_name("weight", fields["weight"])), layout, rows, columns)


def _grid_s8(cursor: Cursor, header: Record) -> GridS8:
    fields = cursor.record("cell_grid_s8")
    weight = enum_name("weight", fields["weight"])
    layout = layout_name(fields["layout"], weight, sparse=False)
    checks.in_range("cell_grid_s8", fields, "NUMBER", "gate_clamp_q11")
    rows, columns, known = 2 * fields["filters"], fields["n_columns"], header | fields
    arrays = cursor.arrays("cell_grid_s8", known, "inv_tau", "bias", "scale")
    blocks = dense_blocks(layout, rows, columns)
    checks.require(fields["n_blocks"] == blocks, "SHAPE", f"{fields['n_blocks']} blocks, {blocks} needed")
    packed = Packed(cursor.arrays("cell_grid_s8", known, "weights")["weights"], weight=weight)
    weights = unpack_checked(packed, layout, rows, columns)
    checks.arrays_in_range("cell_grid_s8", arrays)
    return GridS8(
        weights,
        arrays["scale"],
        arrays["bias"],
        arrays["inv_tau"],
        fields["width"],
        fields["stride"],
        fields["gate_clamp_q11"],
        enum_name("solver", fields["solver"]),
        layout,
        weight,
    )


def write_cell(cell: AnyCell, header: Record) -> bytes:
    """The content of a cell's section.  Raises LnnError SHAPE, CELL, SOLVER, WEIGHTS or NUMBER."""
    if isinstance(cell, Grid | GridS8):
        return _grid_bytes(cell, header)
    return _cell_s8_bytes(cell, header) if isinstance(cell, CellS8) else _cell_bytes(cell, header)


def _common(cell: AnyCell) -> Record:
    return {
        "kind": enum_value("cell", cell.kind),
        "solver": enum_value("solver", cell.solver),
        "weight": enum_value("weight", cell.weight),
        "n_inputs": cell.n_inputs,
        "n_units": cell.n_units,
    }


def _cell_bytes(cell: Cell, header: Record) -> bytes:
    n, m = cell.n_units, cell.n_inputs
    if not 0 < m or any(np.shape(a) != s for a, s in ((cell.wa, (n, m + n)), (cell.bf, (n,)), (cell.ba, (n,)))):
        raise LnnError("SHAPE", f"a cell of {n} units: wf and wa are (N, M + N), bf and ba (N,)")
    fields = _common(cell) | {"layout": ENUMS["layout"]["rows4"], "gate_clamp": cell.gate_clamp, "reserved": 0}
    return pack_section("cell", fields, _float_arrays(cell), header)


def _float_arrays(cell: Cell | Grid) -> Record:
    with np.errstate(divide="ignore"):
        inv_tau = 1.0 / np.asarray(cell.tau, np.float64)
    return {
        "inv_tau": inv_tau,
        "bias": np.stack([cell.bf, cell.ba], -1),
        "weights": to_rows4(np.stack([cell.wf, cell.wa], 1).reshape(-1, np.shape(cell.wf)[1])),
    }


def _cell_s8_bytes(cell: CellS8, header: Record) -> bytes:
    n, m = cell.n_units, cell.n_inputs
    if np.shape(cell.weights_inputs) != (2 * n, m) or np.shape(cell.weights_state) != (2 * n, n):
        raise LnnError("SHAPE", f"a cell of {n} units: weights_inputs are (2N, M), weights_state (2N, N)")
    inputs, state = (pack(w, cell.layout, cell.weight) for w in (cell.weights_inputs, cell.weights_state))
    fields = _common(cell) | {
        "layout": ENUMS["layout"][cell.layout],
        "n_blocks_inputs": inputs.n_blocks,
        "n_blocks_state": state.n_blocks,
        "delta_q15": cell.delta_q15,
        "gate_clamp_q11": cell.gate_clamp_q11,
    }
    arrays = vars(cell) | {
        f"{name}_{part}": values
        for part, packed in (("inputs", inputs), ("state", state))
        for name, values in vars(packed).items()
    }
    return pack_section("cell_s8", fields, arrays, header)


def _grid_bytes(grid: Grid | GridS8, header: Record) -> bytes:
    fields = _common(grid) | {
        "width": grid.width,
        "stride": grid.stride,
        "filters": grid.filters,
        "n_columns": grid.columns,
    }
    if isinstance(grid, GridS8):
        if grid.layout not in DENSE[grid.weight]:
            raise LnnError("WEIGHTS", f"a grid's layout is one of {', '.join(DENSE[grid.weight])}")
        packed = pack(grid.weights, grid.layout, grid.weight)
        fields |= {
            "layout": ENUMS["layout"][grid.layout],
            "gate_clamp_q11": grid.gate_clamp_q11,
            "n_blocks": packed.n_blocks,
        }
        return pack_section("cell_grid_s8", fields, vars(grid) | {"weights": packed.weights}, header)
    of_units, matrix = (grid.positions, grid.filters), (grid.filters, grid.columns)
    shapes = ((grid.wa, matrix), (grid.bf, of_units), (grid.ba, of_units), (grid.tau, of_units))
    if any(np.shape(array) != shape for array, shape in shapes):
        raise LnnError("SHAPE", f"a grid of {of_units} units: wf and wa are (F, K), bf, ba and tau (P, F)")
    fields |= {"layout": ENUMS["layout"]["rows4"], "gate_clamp": grid.gate_clamp}
    return pack_section("cell_grid", fields, _float_arrays(grid), header)
