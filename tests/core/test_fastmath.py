# SPDX-License-Identifier: MIT
"""Errors of the core's own functions against NumPy, over their whole range."""

import ctypes
import subprocess

import numpy as np
import pytest
from sanitized import INCLUDE, ROOT

SOURCE = """
#include "fastmath.h"
#include "fixmath.h"
#define EACH(name, in, out, body) void name(const in *x, out *y, int n) { for (int i = 0; i < n; i++) { y[i] = body; } }
EACH(v_exp, float, float, lnn_expf(x[i]))
EACH(v_log, float, float, lnn_logf(x[i]))
EACH(v_tanh, float, float, lnn_tanhf(x[i]))
EACH(v_sqrt, float, float, lnn_sqrtf(x[i]))
EACH(v_log2, uint32_t, int32_t, lnn_log2_q16(x[i]))
EACH(v_log2_64, uint64_t, int32_t, lnn_log2_u64_q16(x[i]))
EACH(v_exp2_minus, uint32_t, uint32_t, lnn_exp2_minus_q31(x[i]))
EACH(v_sigmoid, int32_t, int32_t, lnn_sigmoid_q31(x[i]))
EACH(v_fix_tanh, int32_t, int32_t, lnn_tanh_q30(x[i]))
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    folder = tmp_path_factory.mktemp("math")
    (folder / "math.c").write_text(SOURCE)
    command = [
        "gcc",
        "-std=c99",
        "-O2",
        "-ffp-contract=off",
        "-shared",
        "-fPIC",
        *INCLUDE,
        str(folder / "math.c"),
        str(ROOT / "cmodule/core/fix_tables.c"),
        "-o",
        str(folder / "math.so"),
    ]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(folder / "math.so"))

    def call(name, x, out=None):
        x = np.ascontiguousarray(x)
        y = np.empty(len(x), out or x.dtype)
        getattr(library, name)(x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p), len(x))
        return y.astype(np.float64)

    return call


def test_exp(core):
    x = np.linspace(-79, 79, 400_001).astype(np.float32)
    assert np.abs(core("v_exp", x) / np.exp(x.astype(float)) - 1).max() < 2e-5
    near = np.linspace(-15, 15, 100_001).astype(np.float32)
    assert np.abs(core("v_exp", near) / np.exp(near.astype(float)) - 1).max() < 2e-6
    assert np.isfinite(core("v_exp", np.array([-1e30, 1e30, -np.inf, np.inf], np.float32))).all()


def test_log(core):
    x = np.exp(np.linspace(-69, 69, 400_001)).astype(np.float32)
    assert np.abs(core("v_log", x) - np.log(x.astype(float))).max() < 1e-5
    near = np.exp(np.linspace(-14, 14, 100_001)).astype(np.float32)
    assert np.abs(core("v_log", near) - np.log(near.astype(float))).max() < 1.5e-6


def test_tanh_and_sqrt(core):
    x = np.linspace(-30, 30, 400_001).astype(np.float32)
    assert np.abs(core("v_tanh", x) - np.tanh(x.astype(float))).max() < 1e-6
    assert np.abs(core("v_tanh", np.array([-1e30, 1e30], np.float32))).max() == 1
    x = 10 ** np.linspace(-20, 20, 100_001).astype(np.float32)
    assert np.abs(core("v_sqrt", x) / np.sqrt(x.astype(float)) - 1).max() < 1e-6


def test_integer_logarithms(core):
    rng = np.random.default_rng(0)
    x = np.concatenate([np.arange(1, 4096), (2 ** rng.uniform(0, 32, 100_000)).astype(np.uint64), [2**32 - 1]])
    x = np.clip(x, 1, 2**32 - 1)
    assert np.abs(core("v_log2", x.astype(np.uint32), np.int32) / 65536 - np.log2(x.astype(float))).max() < 7e-5
    x = np.concatenate(
        [x.astype(np.uint64), (2 ** rng.uniform(0, 63.9, 100_000)).astype(np.uint64), [np.uint64(2**64 - 1)]]
    )
    x = np.maximum(x, np.uint64(1))
    assert np.abs(core("v_log2_64", x, np.int32) / 65536 - np.log2(x.astype(float))).max() < 7e-5


def test_integer_exponential(core):
    x = np.arange(0, 8 << 16, 7).astype(np.uint32)
    assert np.abs(core("v_exp2_minus", x, np.uint32) / 2**31 / 2.0 ** (-x.astype(float) / 65536) - 1).max() < 2e-5
    assert core("v_exp2_minus", np.array([40 << 16, 2**32 - 1], np.uint32), np.uint32).max() <= 1


def test_integer_sigmoid_and_tanh(core):
    x = np.arange(-32768, 32768).astype(np.int32)
    expected = 1 / (1 + np.exp(-x / 2048))
    got = core("v_sigmoid", x, np.int32) / 2**31
    assert np.abs(got - expected).max() < 2e-5
    assert (np.abs(got - expected)[x < 0] / expected[x < 0])[x[x < 0] > -30000].max() < 2e-3
    got = core("v_fix_tanh", x, np.int32) / 2**30
    limited = np.clip(x, -6300, 6300) / 2048  # where the core stops
    assert np.abs(got - np.tanh(limited)).max() < 5e-5 and np.all(np.diff(got) >= 0)
    assert np.floor(got * 32768).max() <= 32639
    assert core("v_sigmoid", np.array([-(2**30), 2**30], np.int32), np.int32).min() >= 0
