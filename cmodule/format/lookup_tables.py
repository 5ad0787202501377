# SPDX-License-Identifier: MIT
"""What the portable kernels look up: computed here, constant in the firmware, so that they cost no RAM."""

import math


def c_table(declaration: str, values: list[str], storage: str = "") -> str:
    """A constant array in C."""
    rows = [", ".join(values[i : i + 8]) for i in range(0, len(values), 8)]
    body = ",\n    ".join(rows)
    array = f"{storage}const {declaration}[{len(values)}] = {{\n    {body},\n}};"
    return f"/* clang-format off */\n{array}\n/* clang-format on */\n"


def sine_table() -> str:
    """A quarter wave for the portable FFT: constant, so that it costs no RAM."""
    n = 1024
    values = [f"{math.sin(2 * math.pi * i / n):.9g}" for i in range(n // 4 + 1)]
    values = [v + ("f" if "." in v or "e" in v else ".0f") for v in values]
    return f"#define LNN_SINE_POINTS {n}u\n" + c_table("float lnn_quarter_sine", values, "static ")


def fix_tables() -> str:
    """What fixmath.h and the integer FFTs look up: log2 and 2**-x over an octave, the sigmoid from 0 to -16, rotations."""
    log2 = [f"{round(math.log2(1 + i / 64) * 2**16)}u" for i in range(65)]
    exp2 = [f"{min(round(2 ** (31 - i / 64)), 2**31 - 1)}u" for i in range(65)]
    sigmoid = [f"{round(2**31 / (1 + math.exp(i / 32)))}u" for i in range(513)]
    angles = [2 * math.pi * i / 512 for i in range(384)]
    rotations = [f"{{{round(32767 * math.cos(a))}, {round(32767 * math.sin(a))}}}" for a in angles]
    sine = [f"{min(round(2**31 * math.sin(2 * math.pi * i / 512)), 2**31 - 1)}" for i in range(129)]
    reversed_ = [str(int(f"{i:08b}"[::-1], 2)) for i in range(256)]
    tables = [
        c_table("uint32_t lnn_log2_table_q16", log2),
        c_table("uint32_t lnn_exp2_table_q31", exp2),
        c_table("uint32_t lnn_sigmoid_table_q31", sigmoid),
        c_table("int16_t lnn_twiddle_q15", rotations).replace("[384]", "[384][2]"),
        c_table("uint8_t lnn_bit_reverse_8", reversed_),
        c_table("int32_t lnn_sine_q31", sine),
    ]
    return '#include "fft_s16.h"\n#include "fixmath.h"\n\n' + "\n".join(tables)
