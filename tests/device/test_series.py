# SPDX-License-Identifier: MIT
"""Models of numbers on a virtual board: step(), and the script that forecasts a table."""

import re

import numpy as np
import pytest
from liquid_audio_nets.link import RemoteError
from liquid_audio_nets.lnn import write
from liquid_audio_nets.native import LNN
from liquid_audio_nets.series import Rows, write_rows
from small_model import tiny_numbers_model
from virtual_board import ROOT


def table(count: int = 40) -> Rows:
    """Rows of the tiny model's four numbers, some missing, time stamps of today."""
    rng = np.random.default_rng(1)
    numbers = rng.normal(size=(count, 4)) * [3, 8, 0.5, 2e3] + [20, 5, 0.5, 1e5]
    time_s = 1.79e9 + np.cumsum(rng.choice([300, 600, 2100], count))
    return Rows(("room", "pressure", "outdoor", "heater"), time_s, np.float32(np.round(numbers[:, [0, 3, 1, 2]], 3)))


def host_forecasts(model: bytes, rows: Rows) -> np.ndarray:
    order = [0, 2, 1, 3]  # what is forecast comes first
    with LNN(model) as lnn:
        since = np.diff(rows.time_s, prepend=rows.time_s[0] - 1)
        return np.array([lnn.step(row[order], dt_s) for row, dt_s in zip(rows.values, since, strict=True)])


@pytest.fixture(scope="module")
def board(m4f):
    m4f.send(write(tiny_numbers_model()), "/models/series.lnn")
    m4f.exec("import liquid_audio\nfrom array import array\nnet = liquid_audio.LNN.load('/models/series.lnn')")
    return m4f


@pytest.mark.parametrize("integer", [False, True], ids=["float32", "int8"])
def test_step_is_the_hosts(m4f, integer):
    model, rng = write(tiny_numbers_model(integer=integer)), np.random.default_rng(2)
    m4f.send(model, "/models/numbers.lnn")
    m4f.exec("import liquid_audio\nfrom array import array\nnumbers = liquid_audio.LNN.load('/models/numbers.lnn')")
    with LNN(model) as lnn:
        for _ in range(10):
            row, dt_s = (
                np.float32(rng.normal(size=4) * [3, 8, 0.5, 2e3] + [20, 5, 0.5, 1e5]),
                float(rng.integers(60, 3000)),
            )
            theirs = eval(m4f.exec(f"print(numbers.step(array('f', {[float(x) for x in row]}), {dt_s}))"))
            assert np.allclose(theirs, lnn.step(row, dt_s), rtol=0 if integer else 1e-5, atol=2e-3)


def test_mistakes_are_named(board):
    for code, sentence in (
        ("net.process(bytes(640))", "NO_AUDIO"),
        ("net.step(array('f', [1, 2]), 300)", "array('f') of 4"),
        ("net.step(array('h', [1, 2, 3, 4]), 300)", "array('f') of 4"),
        ("net.step(array('f', [1, float('nan'), 3, 4]), 300)", "ARGUMENT"),
        ("net.step(array('f', [1, 2, 3, 4]), 0)", "ARGUMENT"),
        ("net.selftest()", "NO_GOLDEN"),
    ):
        with pytest.raises(RemoteError, match="ValueError: .*" + re.escape(sentence)):
            board.exec(code)


def test_the_script_forecasts_a_table(board, tmp_path):
    rows = table()
    write_rows(tmp_path / "series.csv", rows)
    board.mpremote("cp", tmp_path / "series.csv", ":/models/series.csv")
    lines = board.mpremote("run", ROOT / "device/series.py").strip().splitlines()
    assert len(lines) == len(rows) + 1 and lines[-1].startswith(f"{len(rows)} rows, ")
    for line, time_s, row, forecast in zip(
        lines[:-1], rows.time_s, rows.values, host_forecasts(write(tiny_numbers_model()), rows), strict=True
    ):
        said = re.fullmatch(r" *(\d+) s  room (\S+) -> (\S+)  outdoor (\S+) -> (\S+)", line)
        assert int(said[1]) == time_s
        assert np.allclose([float(x) for x in said.groups()[1:]], [row[0], forecast[0], row[2], forecast[1]], atol=0.02)


def test_the_script_says_what_is_missing(board, tmp_path):
    (tmp_path / "series.csv").write_text("time_s,room\n1,20\n")
    board.mpremote("cp", tmp_path / "series.csv", ":/models/series.csv")
    assert "no column outdoor" in board.mpremote("run", ROOT / "device/series.py")
    board.mpremote("rm", ":/models/series.csv")
    assert "mpremote cp series.csv :models/" in board.mpremote("run", ROOT / "device/series.py")


def test_the_script_leaves_out_what_is_no_row(board, tmp_path):
    """As a row that is missing: what comes after it is forecast over the longer time."""
    rows = table(6)
    write_rows(tmp_path / "series.csv", rows)
    lines = (tmp_path / "series.csv").read_text().splitlines()
    bad = [lines[2].rpartition(",")[0], lines[2] + ",1", "", "logger restarted", lines[2].rpartition(",")[0] + ",nan"]
    (tmp_path / "series.csv").write_text("\n".join([*lines[:3], *bad, lines[2], *lines[3:], lines[3][:12]]))
    board.mpremote("cp", tmp_path / "series.csv", ":/models/series.csv")
    said = board.mpremote("run", ROOT / "device/series.py").strip().splitlines()
    left_out = [line for line in said if line.endswith("left out")]
    assert [line.split(" is ")[0] for line in left_out] == [
        *(f"models/series.csv line {number}" for number in (4, 5, 7, 8)),
        f"{int(rows.time_s[1])} s",
        "models/series.csv line 14",
    ]
    assert (
        left_out[0].endswith("is not a row of 5 numbers: left out") and "not later than the row before" in left_out[4]
    )
    forecasts = [line for line in said if " -> " in line]
    wanted = host_forecasts(write(tiny_numbers_model()), rows)
    assert len(forecasts) == 6 and said[-1].startswith("6 rows, ")
    assert np.allclose([float(line.split("-> ")[1].split()[0]) for line in forecasts], wanted[:, 0], atol=0.02)
