# SPDX-License-Identifier: MIT
"""The integer functions of cmodule/core/fixmath.h, bit by bit, on int64 arrays.

A name ends in the fraction bits of its result: q16 is a number times 2**16.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..lnn.arrays import Array

LOG2_Q16 = np.array([round(math.log2(1 + i / 64) * 2**16) for i in range(65)], np.int64)
EXP2_Q31 = np.array([min(round(2 ** (31 - i / 64)), 2**31 - 1) for i in range(65)], np.int64)
SIGMOID_Q31 = np.array([round(2**31 / (1 + math.exp(i / 32))) for i in range(513)], np.int64)
INT32_MAX = 2**31 - 1
TANH_LIMIT_Q11 = 6300  # keeps states within 32639 in q15


def mul_high(a: ArrayLike, b: ArrayLike) -> Array:
    """High word of a 32 by 32 bit product, rounded down."""
    return np.asarray(np.asarray(a, np.int64) * np.asarray(b, np.int64) >> 32)


def log2_q16(x: ArrayLike) -> Array:
    """log2 of integers from 1 to 2**63, linear between 64 points per octave."""
    x = np.asarray(x, np.int64)
    bits = np.asarray(np.frompyfunc(lambda v: int(v).bit_length(), 1, 1)(x), np.int64)
    mantissa = np.where(bits <= 32, x << np.maximum(32 - bits, 0), x >> np.maximum(bits - 32, 0))
    i, fraction = (mantissa >> 25) & 63, (mantissa >> 9) & 0xFFFF
    return np.asarray((bits - 1) * 65536 + LOG2_Q16[i] + ((LOG2_Q16[i + 1] - LOG2_Q16[i]) * fraction >> 16))


def exp2_minus_q31(x_q16: ArrayLike) -> Array:
    """2**-x for x >= 0."""
    x = np.asarray(x_q16, np.int64)
    whole, i, fraction = x >> 16, (x >> 10) & 63, x & 1023
    value = EXP2_Q31[i] - (((EXP2_Q31[i] - EXP2_Q31[i + 1]) >> 3) * fraction >> 7)
    return np.where(whole < 32, value >> np.minimum(whole, 32), 0)


def sigmoid_below_q31(distance_q11: Array) -> Array:
    """sigmoid(-distance), distance 0 to 32767."""
    i, fraction = distance_q11 >> 6, distance_q11 & 63
    return np.asarray(SIGMOID_Q31[i] - ((SIGMOID_Q31[i] - SIGMOID_Q31[i + 1]) * fraction >> 6))


def sigmoid_q31(x_q11: ArrayLike) -> Array:
    """The logistic function."""
    x = np.asarray(x_q11, np.int64)
    below = sigmoid_below_q31(np.minimum(np.abs(x), 32767))
    return np.where(x < 0, below, INT32_MAX - below)


def tanh_q30(x_q11: ArrayLike) -> Array:
    """tanh; beyond 3.076 it stays constant, as in the core."""
    x = np.asarray(x_q11, np.int64)
    magnitude = 2**30 - sigmoid_below_q31(2 * np.minimum(np.abs(x), TANH_LIMIT_Q11))
    return np.where(x < 0, -magnitude, magnitude)


def leak_q20(inv_tau_q16: ArrayLike, dt_us: int) -> Array:
    """c = 1 + dt/tau, int64 like inv_tau_q16."""
    dt_q24 = dt_us * 281474977 >> 24
    return np.asarray(2**20 + (dt_q24 * np.asarray(inv_tau_q16, np.int64) >> 20))


def reciprocal_q31(c_q20: Array, log2_c_q16: Array) -> Array:
    """1/c: from the table of 2**-x, then one step of Newton's method."""
    estimate = exp2_minus_q31(log2_c_q16)
    error = 2**31 - (estimate * np.asarray(c_q20, np.int64) >> 20)
    return np.asarray(np.minimum(estimate + (estimate * error >> 31), INT32_MAX))
