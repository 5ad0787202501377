# SPDX-License-Identifier: MIT
"""Every truncation and every bit flip of a small model, under sanitizers."""

import pytest
import sanitized
from liquid_audio_nets.lnn import write
from small_model import tiny_anomaly_model, tiny_numbers_model
from verdicts import KINDS

MODELS = (*KINDS.values(), tiny_anomaly_model)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, root):
    flags = ("-Wall", "-Wextra", "-fsanitize=float-cast-overflow")
    return sanitized.build(root / "tests/format/hostile.c", tmp_path_factory.mktemp("hostile") / "hostile", *flags)


@pytest.mark.parametrize("make", [*MODELS[:2], *(pytest.param(make, marks=pytest.mark.long) for make in MODELS[2:])])
def test_hostile_files_give_named_errors(hostile, tmp_path, make):
    path = tmp_path / "tiny.lnn"
    path.write_bytes(write(make()))
    errors = dict(line.split() for line in sanitized.run(hostile, path).splitlines())
    expected = {
        "OK",
        "TRUNCATED",
        "LENGTH",
        "MAGIC",
        "VERSION",
        "CRC",
        "RAM",
        "SECTIONS",
        "PADDING",
        "RANGE",
        "SHAPE",
        "NUMBER",
        "LABEL",
        "FRONTEND",
        "CELL",
        "SOLVER",
        "WEIGHTS",
        "POLICY",
    }
    if make in (tiny_anomaly_model, tiny_numbers_model):  # of tasks a bit away from another pairing
        expected.add("TASK")
    assert expected <= set(errors), expected - set(errors)
