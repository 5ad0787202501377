# SPDX-License-Identifier: MIT
"""The integer front-end logmel_s16, bit by bit as in cmodule/core/{frontend_s16,fft_s16}.c.

Complex numbers are pairs (re, im) of int64 arrays.
"""

from __future__ import annotations

import numpy as np

from ..lnn.arrays import Array
from ..lnn.integer import FrontEndS16
from .fixmath import log2_q16, mul_high
from .frontend_q15 import TWIDDLE, Complex, half_add, half_sub, minus, sat16, times_j

LEAST_WIDTH = 7
SINE_Q31 = np.minimum(np.rint(2**31 * np.sin(2 * np.pi * np.arange(129) / 512)), 2**31 - 1).astype(np.int64)


def add(a: Complex, b: Complex) -> Complex:
    """a + b, which fits into 16 bits."""
    total = a[0] + b[0], a[1] + b[1]
    assert all(np.all((x >= -32768) & (x <= 32767)) for x in total), "an overflow"
    return total


def turn(x: Complex, index: Array) -> Complex:
    """x times cos - j sin of 2 pi index / 512, halved."""
    cos, sin = TWIDDLE[0][index], TWIDDLE[1][index]
    return (x[0] * cos + x[1] * sin) >> 16, (cos * x[1] - sin * x[0]) >> 16


def fft(z: Complex) -> Complex:
    """Complex FFT of 128 or 256 points divided by half its size: radix 4, and at last radix 2 for 128 points."""
    n, blocks = len(z[0]), [z]
    while len(blocks[0][0]) > 1:
        size, after = len(blocks[0][0]), list[Complex]()
        for re, im in blocks:
            if size == 2:
                a, b = (re[:1], im[:1]), (re[1:], im[1:])
                after += [add(a, b), add(a, minus(b))]
            else:
                after += butterflies(re, im)
        blocks = after
    order = [int(f"{i:0{n.bit_length() - 1}b}"[::-1], 2) for i in range(n)]
    return np.concatenate([block[0] for block in blocks])[order], np.concatenate([block[1] for block in blocks])[order]


def butterflies(re: Array, im: Array) -> list[Complex]:
    """A block of 4 or more -> its four quarters in bit-reversed order, divided by 4; by 2 in the last stage."""
    quarter = len(re) // 4
    k = np.arange(quarter) * (128 // quarter)
    a, b, c, d = ((re[i * quarter : (i + 1) * quarter], im[i * quarter : (i + 1) * quarter]) for i in range(4))
    sum_ac, difference_ac, sum_bd, difference_bd = half_add(a, c), half_sub(a, c), half_add(b, d), half_sub(b, d)
    first = add(sum_ac, sum_bd)
    others = (
        add(sum_ac, minus(sum_bd)),
        add(difference_ac, minus(times_j(difference_bd))),
        add(difference_ac, times_j(difference_bd)),
    )
    if quarter == 1:
        return [first, *others]
    return [
        half_add(sum_ac, sum_bd),
        *(turn(x, times * k) for x, times in zip(others, (2, 1, 3), strict=True)),
    ]


def power_spectrum(z: Array) -> Array:
    """Windowed samples int (points,) -> powers int64 (points // 2 + 1,): 2 |X|**2, X the spectrum / (points / 2)."""
    half = len(z) // 2
    re, im = fft((z[0::2], z[1::2]))
    k = np.arange(1, half // 2 + 1)
    angle = k * (256 // half)
    square_a, square_b = re[k] ** 2 + im[k] ** 2, re[half - k] ** 2 + im[half - k] ** 2
    product = re[k] * im[half - k] + im[k] * re[half - k]
    tilt = mul_high(product, SINE_Q31[128 - angle]) + (mul_high(square_b - square_a, SINE_Q31[angle]) >> 1)
    out = np.zeros(half + 1, np.int64)
    out[0], out[half] = (re[0] + im[0]) ** 2 >> 1, (re[0] - im[0]) ** 2 >> 1
    out[k] = ((square_a + square_b) >> 2) + tilt
    out[half - k] = ((square_a + square_b) >> 2) - tilt
    return out


def features_q12(fe: FrontEndS16, window: Array) -> Array:
    """Audio int16 (window_samples,) -> features int64 (n_mels,)."""
    x = np.asarray(window, np.int64)
    y = sat16(np.diff(x, prepend=x[0]))
    bits = int(np.bitwise_or.reduce(y ^ (y >> 63)))
    width = max(bits.bit_length(), LEAST_WIDTH)
    z = np.zeros(fe.fft_points, np.int64)
    z[: len(y)] = y * np.asarray(fe.window, np.int64) >> width
    counts = np.asarray(fe.mel_count, np.int64)
    power = power_spectrum(z)[fe.first_bin : fe.first_bin + counts.sum()]
    segments = np.split(np.stack([power, power * np.asarray(fe.mel_weights, np.int64)]), np.cumsum(counts)[:-1], 1)
    total, rising_q8 = np.array([segment.sum(1) for segment in segments]).T
    rising = rising_q8 >> 8
    heard = np.maximum(rising[:-1] + (total - rising)[1:], 0) + (np.asarray(fe.floor) >> 2 * (width - LEAST_WIDTH))
    level = log2_q16(heard | 1) + (width << 17)
    value = mul_high((level - np.asarray(fe.mean, np.int64)) * 64, fe.scale)
    return np.asarray(np.clip(value, -fe.clip_q12, fe.clip_q12))
