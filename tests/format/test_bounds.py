# SPDX-License-Identifier: MIT
"""Every bound of fields.toml: a value at the bound loads, the next one is refused by its name, on host and C core."""

import math
import re
import struct
from dataclasses import replace

import numpy as np
import pytest
from integer_model import integer_model
from liquid_audio_nets.lnn import Policy, Timetable, read, write
from liquid_audio_nets.lnn.layout import ARRAYS, ENUMS, FIELDS, LIMITS, RANGES, STRUCTS
from liquid_audio_nets.lnn.records import align, array_length, unpack_record
from liquid_audio_nets.lnn.writer import with_crc
from small_model import small_model, with_grid
from verdicts import same_verdict, tiny

SUFFIX = re.compile("_(q15|none|s8|s16)$")
# section -> a kind of file that has it
KIND_OF = dict.fromkeys(RANGES, "float") | {
    "frontend_q15": "rows4x4",
    "cell_s8": "rows4x4",
    "cell_grid": "grid",
    "cell_grid_s8": "integer grid",
    "readout_s8": "rows4x4",
    "frontend_none": "numbers",
    "traces": "stages",
    "rhythm": "rhythm",
    "liquid_readout": "stages",
    "liquid_readout_s8": "integer stages",
    "frontend_s16": "triangles",
    "timetable": "timetable",
}
# Other values of these make the file another one, so that even a value in range is refused, but for another reason.
SIZES = {"n_sections", "n_labels", "n_cells", "task", "window_samples", "fft_points", "n_mels", "n_mel_weights"}
SIZES |= {"n_inputs", "n_units", "n_samples", "width", "stride", "filters"}
SECTIONS = {"label": "labels", "cell_grid": "cell", "cell_grid_s8": "cell"}
ENLARGES_RAM = {"delta_q15"}
BOUNDS = [
    (section, name, end)
    for section, ranges in RANGES.items()
    for name in ranges
    for end in ("low", "high")
    if name != "file_bytes"
]


def example(section: str, name: str) -> bytes:
    """A valid file in which the field may take the values at both of its bounds."""
    data = tiny(KIND_OF[section])
    if section == "policy":
        policy = Policy(1000, 1_000_000, attack_threshold=1000.0, release_threshold=0.0)
        if name == "floor_ratio":  # a file without it ends before it
            policy.floor_ratio = 1.0
        return write(replace(read(data), policy=policy, golden=None, signature=None, signed_digest=None))
    if section == "timetable":  # the other border gives way
        table = Timetable((0.0, 3.0, 0.25), (0.0, 0.75, 0.125), read(data).timetable.timestep_ms)
        return write(replace(read(data), timetable=table))
    if name == "fft_points":  # at least as many as samples of the window
        return patched(data, *places(data, section)[1]["window_samples"], 2)
    return data


def places(data: bytes, section: str) -> tuple[dict, dict[str, tuple[int, str]]]:
    """The record of a section, and of its fields and arrays where the first number is and its type for struct."""
    header = unpack_record("header", data)
    if section == "header":
        start = 0
    else:
        kind = ENUMS["section"][SECTIONS.get(section, SUFFIX.sub("", section))]
        table = range(STRUCTS["header"].size, 10**6, STRUCTS["section"].size)
        entries = (
            unpack_record("section", data, at) for at, _ in zip(table, range(header["n_sections"]), strict=False)
        )
        start = next(entry["offset"] for entry in entries if entry["kind"] == kind)
    record, found, at = unpack_record(section, data, start), {}, start
    for name, code in zip(FIELDS[section], _codes(STRUCTS[section].format), strict=True):
        found[name] = (at, "<" + code)
        at += struct.calcsize("<" + code)
    for name, type_, length in ARRAYS.get(section, ()):
        at, dtype = align(at), np.dtype(type_)
        found[name] = (at, "<" + {"f4": "f", "i1": "b", "u1": "B"}.get(type_[1:], dtype.char))
        at += array_length(length, header | record) * dtype.itemsize
    return record, found


def _codes(format_: str) -> list[str]:
    codes, count = [], ""
    for c in format_.lstrip("<"):
        count, codes = (count + c, codes) if c.isdigit() else ("", [*codes, count + c])
    return codes


def beyond(value: float, direction: int, code: str, name: str) -> float:
    """The next number after value in the type."""
    if code == "<f":
        return float(np.nextafter(np.float32(value), np.float32(direction * math.inf)))
    return value + direction * (2 if name == "n_units" else 1)  # units are even


def patched(data: bytes, at: int, code: str, value: float) -> bytes | None:
    """The file with another number; None if its type cannot hold it."""
    changed = bytearray(data)
    try:
        struct.pack_into(code, changed, at, value if code == "<f" else int(value))
    except struct.error:
        return None
    return with_crc(bytes(changed))


@pytest.mark.parametrize("section, name, end", BOUNDS)
def test_a_bound_holds_on_both_sides(section, name, end):
    data = example(section, name)
    record, found = places(data, section)
    range_, (at, code) = RANGES[section][name], found[name]
    low, high = range_.ends(record)
    direction = -1 if end == "low" else 1
    inside, outside = (low, beyond(low, -1, code, name)) if end == "low" else (high, beyond(high, 1, code, name))
    if end == "low" and range_.above:
        inside, outside = beyond(low, 1, code, name), low
    error = (
        "POLICY"
        if section == "policy" or name.startswith(("complexity_", "evidence_"))
        else "RANGE"
        if name in SIZES | {"sample_rate_hz", "target"}
        else "NUMBER"
    )
    errors = {error, "FRONTEND"} if name == "fft_points" else {error}

    if (file := patched(data, at, code, inside)) is not None:
        said = same_verdict(file)
        assert said != error if name in SIZES | ENLARGES_RAM else said == "OK"
    for wrong in (outside, direction * math.inf, math.nan) if code == "<f" else (outside,):
        if (file := patched(data, at, code, wrong)) is not None:
            assert same_verdict(file) in errors, wrong


def test_two_weights_of_a_window_half_an_fft_apart_are_bounded_together():
    data = tiny("triangles")
    at, code = places(data, "frontend_s16")[1]["window"]
    half = read(data).frontend.fft_points // 2
    for weight in (LIMITS["window_pair"], -LIMITS["window_pair"]):
        assert same_verdict(patched(data, at, code, weight)) == "OK"
        assert same_verdict(patched(data, at, code, weight + (1 if weight > 0 else -1))) == "NUMBER"
    small = patched(data, at, code, LIMITS["window_pair"] - 100)
    assert same_verdict(patched(small, at + 2 * half, code, 101)) == "NUMBER"
    assert same_verdict(patched(small, at + 2 * half, code, 100)) == "PADDING"  # it is after the window


@pytest.mark.parametrize("name, value, error", [("first_bin", 128, "RANGE"), ("mel_count", 65535, "SHAPE")])
def test_triangles_fill_a_part_of_the_spectrum(name, value, error):
    data = tiny("triangles")
    assert same_verdict(patched(data, *places(data, "frontend_s16")[1][name], value)) == error


def test_triangles_need_version_1_2():
    data = tiny("triangles")
    for minor, error in ((1, "FRONTEND"), (2, "OK")):
        assert same_verdict(patched(data, *places(data, "header")[1]["version_minor"], minor)) == error


@pytest.mark.parametrize("section, part", [("cell_s8", "inputs"), ("cell_s8", "state"), ("readout_s8", "")])
def test_an_int8_weight_of_minus_128_is_refused(section, part):
    data = tiny("rows4x4")
    _, found = places(data, section)
    at, code = found[f"weights_{part}".rstrip("_")]
    assert same_verdict(patched(data, at, code, -LIMITS["int8_weight"])) == "OK"
    assert same_verdict(patched(data, at, code, -LIMITS["int8_weight"] - 1)) == "NUMBER"


@pytest.mark.parametrize("more, error", [(0, "SECTIONS"), (1, "RANGE")])
def test_the_largest_file(more, error):
    size = LIMITS["file_bytes"] + more
    file = tiny("float")[:8] + size.to_bytes(4, "little") + tiny("float")[12:]
    assert same_verdict(with_crc(file + bytes(size - len(file)))) == error


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize(
    "changes, error",
    [
        ({"width": 5}, "SHAPE"),  # 10 channels do not end with a window
        ({"stride": 4}, "SHAPE"),
        ({"stride": 5}, "RANGE"),  # channels that nobody hears
        ({"stride": 0}, "RANGE"),
        ({"width": 0}, "RANGE"),
        ({"width": 129}, "RANGE"),
        ({"filters": 3}, "RANGE"),  # rows come in fours
        ({"filters": 66}, "RANGE"),
        ({"filters": 8}, "SHAPE"),
        ({"n_columns": 17}, "SHAPE"),
        ({"n_units": 18}, "SHAPE"),
        ({"n_inputs": 12}, "SHAPE"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_by_name(integer, changes, error):
    """A grid of 4 filters, width 4 and stride 2, on 10 channels."""
    made = integer_model(units=(6,)) if integer else small_model(units=(6,), channels=10)
    data = bytearray(write(with_grid(made, 4, 2, 4)))
    _, at = places(bytes(data), "cell_grid_s8" if integer else "cell_grid")
    for name, value in changes.items():
        data[at[name][0] : at[name][0] + 2] = value.to_bytes(2, "little")
    assert same_verdict(with_crc(bytes(data))) == error
