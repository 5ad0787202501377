# SPDX-License-Identifier: MIT
"""The integer front-end, bit by bit as in cmodule/core/{frontend_q15,fft_q15}.c.

Complex numbers are pairs (re, im) of int64 arrays.
"""

from __future__ import annotations

import numpy as np

from ..lnn.arrays import Array
from ..lnn.integer import FrontEndQ15
from .fixmath import log2_q16, mul_high

Complex = tuple[Array, Array]
_ANGLES = 2 * np.pi * np.arange(384) / 512
TWIDDLE = np.rint(32767 * np.cos(_ANGLES)).astype(np.int64), np.rint(32767 * np.sin(_ANGLES)).astype(np.int64)


def sat16(x: Array) -> Array:
    """Limited to 16 bits."""
    return np.clip(x, -32768, 32767)


def half_add(a: Complex, b: Complex) -> Complex:
    """(a + b) / 2, rounded down."""
    return (a[0] + b[0]) >> 1, (a[1] + b[1]) >> 1


def half_sub(a: Complex, b: Complex) -> Complex:
    """(a - b) / 2, rounded down."""
    return (a[0] - b[0]) >> 1, (a[1] - b[1]) >> 1


def times_j(a: Complex) -> Complex:
    """a times the imaginary unit."""
    return -a[1], a[0]


def minus(a: Complex) -> Complex:
    """-a"""
    return -a[0], -a[1]


def rotate(x: Complex, index: Array) -> Complex:
    """x times cos - j sin of 2 pi index / 512."""
    cos, sin = TWIDDLE[0][index], TWIDDLE[1][index]
    return (x[0] * cos + x[1] * sin) >> 15, (cos * x[1] - sin * x[0]) >> 15


def fft(z: Complex) -> Complex:
    """Complex FFT of 128 or 256 points divided by its size: radix 4, after one radix-2 stage for 128 points."""
    re, im = z
    n = len(re)
    blocks = [(re, im)]
    if n == 128:
        k = np.arange(64)
        a, b = (re[:64], im[:64]), (re[64:], im[64:])
        blocks = [half_add(a, b), rotate(half_sub(a, b), 4 * k)]
    while len(blocks[0][0]) > 1:
        quarter = len(blocks[0][0]) // 4
        stride, k, after = 512 // (4 * quarter), np.arange(quarter), []
        for re, im in blocks:
            a, b, c, d = ((re[i * quarter : (i + 1) * quarter], im[i * quarter : (i + 1) * quarter]) for i in range(4))
            sum_ac, difference_ac, sum_bd, difference_bd = (
                half_add(a, c),
                half_sub(a, c),
                half_add(b, d),
                half_sub(b, d),
            )
            turn = rotate if quarter > 1 else _unturned  # the last twiddles are all one, and the core leaves them out
            after += [
                half_add(sum_ac, sum_bd),
                turn(half_sub(sum_ac, sum_bd), 2 * k * stride),
                turn(half_add(difference_ac, minus(times_j(difference_bd))), k * stride),
                turn(half_add(difference_ac, times_j(difference_bd)), 3 * k * stride),
            ]
        blocks = after
    order = [int(f"{i:0{n.bit_length() - 1}b}"[::-1], 2) for i in range(n)]
    re, im = (np.concatenate([block[part] for block in blocks])[order] for part in (0, 1))
    return re, im


def _unturned(x: Complex, _: Array) -> Complex:
    return x


def power_spectrum(z: Array) -> Array:
    """Real samples int (points,), below 2**14 -> powers int64 (points // 2 + 1,) of the spectrum / (points / 2)."""
    half = len(z) // 2
    re, im = fft((z[0::2], z[1::2]))
    k = np.arange(1, half // 2 + 1)
    a, b = (re[k], im[k]), (re[half - k], im[half - k])
    total, difference = half_add(a, b), half_sub(a, b)
    even, odd_j = (total[0], difference[1]), rotate((difference[0], total[1]), k * (512 // (2 * half)))
    out = np.zeros(half + 1, np.int64)
    out[0], out[half] = sat16(re[0] + im[0]) ** 2, sat16(re[0] - im[0]) ** 2
    lower = sat16(even[0] + odd_j[1]), sat16(even[1] - odd_j[0])
    upper = sat16(even[0] - odd_j[1]), sat16(even[1] + odd_j[0])
    out[k] = lower[0] ** 2 + lower[1] ** 2
    out[half - k] = upper[0] ** 2 + upper[1] ** 2
    return out


def features_q12(fe: FrontEndQ15, window: Array) -> Array:
    """Audio int16 (window_samples,) -> features int64 (n_mels,)."""
    x = np.asarray(window, np.int64)
    before = np.concatenate([x[:1], x[:-1]])
    y = sat16(x - before + (before >> 5))
    bits = int(np.bitwise_or.reduce(y ^ (y >> 63)))
    width = max(bits.bit_length(), 1)
    z = np.zeros(fe.fft_points, np.int64)
    z[: len(y)] = y * np.asarray(fe.window, np.int64) >> (width + 1)
    power = power_spectrum(z)
    left = 2 * width - (19 if fe.fft_points == 512 else 21)
    levels, at = [], 0
    for start, count, floor in zip(fe.mel_start, fe.mel_count, fe.floor, strict=True):
        weights = np.asarray(fe.mel_weights[at : at + count], np.int64)
        total, at = int(power[start : start + count] @ weights), at + int(count)
        levels.append((total << left if left >= 0 else total >> -left) + int(floor))
    value = mul_high((log2_q16(np.array(levels)) - np.asarray(fe.mean, np.int64)) * 64, fe.scale)
    return np.asarray(np.clip(value, -fe.clip_q12, fe.clip_q12))
