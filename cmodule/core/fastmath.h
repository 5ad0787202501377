/* SPDX-License-Identifier: MIT */
/*
 * exp, log, tanh in single precision, the same on every core: a C library's differ between cores
 * and cost five times as much. Errors are held by tests/core/test_fastmath.py.
 */
#ifndef LNN_FASTMATH_H
#define LNN_FASTMATH_H

#include <stdint.h>
#include <string.h>

static inline float lnn_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t lnn_to_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* e**x, relative error < 5e-7, for |x| <= 80 (clamped). 2**(k + r), |r| <= 1/2, Taylor in r. */
static inline float lnn_expf(float x) {
    float t = x * 1.44269504f;
    t = t > 115.0f ? 115.0f : t < -115.0f ? -115.0f : t;
    /* adding 1.5 * 2**23 rounds to the nearest integer and leaves it in the low bits */
    float rounded = t + 12582912.0f;
    uint32_t k = lnn_to_bits(rounded) - 0x4b400000u;
    float r = (t - (rounded - 12582912.0f)) * 0.69314718f;
    float p =
        1.0f
        + r * (1.0f + r * (0.5f + r * (0.16666667f + r * (0.041666667f + r * (0.0083333333f + r * 0.0013888889f)))));
    return lnn_from_bits(lnn_to_bits(p) + (k << 23));
}

/* ln x, absolute error < 1e-6 for |ln x| < 20; x is normal and positive. m in [sqrt(1/2), sqrt(2)). */
static inline float lnn_logf(float x) {
    uint32_t bits = lnn_to_bits(x) - 0x3f3504f3u;
    float k = (float)((int32_t)bits >> 23);
    float m = lnn_from_bits((bits & 0x007fffffu) + 0x3f3504f3u);
    float s = (m - 1.0f) / (m + 1.0f);
    float s2 = s * s;
    return k * 0.69314718f + 2.0f * s * (1.0f + s2 * (0.33333333f + s2 * (0.2f + s2 * 0.14285714f)));
}

/* tanh x, absolute error < 5e-7 */
static inline float lnn_tanhf(float x) {
    return 1.0f - 2.0f / (1.0f + lnn_expf(2.0f * x));
}

/* square root for reporting; x >= 0. Newton from the halved exponent: no libm, no FPU needed. */
static inline float lnn_sqrtf(float x) {
    if (x < 1e-30f) {
        return 0.0f;
    }
    float y = lnn_from_bits((lnn_to_bits(x) >> 1) + 0x1fbd1df5u);
    y = 0.5f * (y + x / y);
    y = 0.5f * (y + x / y);
    return 0.5f * (y + x / y);
}

#endif
