/* SPDX-License-Identifier: MIT */
/*
 * Integer logarithm, exponential, sigmoid and reciprocal: the same bits on every core. Tables are
 * constants written by format/generate.py; between their points they are linear.
 * A name ends in the fraction bits of its result: q16 is a number times 2**16.
 */
#ifndef LNN_FIXMATH_H
#define LNN_FIXMATH_H

#include <stdint.h>

/* Multiplications that keep the high word, saturation: Armv7E-M and Armv8-M with DSP extension. */
#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define LNN_HAVE_DSP
#endif

extern const uint32_t lnn_log2_table_q16[65];    /* log2(1 + i/64) */
extern const uint32_t lnn_exp2_table_q31[65];    /* 2**(-i/64) */
extern const uint32_t lnn_sigmoid_table_q31[513]; /* sigmoid(-i/32) */

#define LNN_Q30_ONE (1 << 30)

/* High word of a product: one instruction (SMMUL) on cores with the DSP extension. */
static inline int32_t lnn_mul_high(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)
    /* no long multiplication: four of 16 bits, where the library's general one takes three times as many */
    int32_t a_high = a >> 16, b_high = b >> 16;
    uint32_t a_low = (uint32_t)a & 0xffffu, b_low = (uint32_t)b & 0xffffu;
    int32_t cross = a_high * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    int32_t carry = (int32_t)a_low * b_high + (int32_t)((uint32_t)cross & 0xffffu);
    return a_high * b_high + (cross >> 16) + (carry >> 16);
#elif defined(LNN_HAVE_DSP)
    int32_t high;
    __asm("smmul %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
#else
    return (int32_t)(((int64_t)a * b) >> 32);
#endif
}

static inline int32_t lnn_clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
}

static inline int16_t lnn_sat16(int32_t x) {
#if defined(__ARM_FEATURE_SAT)
    int32_t y;
    __asm("ssat %0, #16, %1" : "=r"(y) : "r"(x));
    return (int16_t)y;
#else
    return (int16_t)lnn_clamp(x, INT16_MIN, INT16_MAX);
#endif
}

/* Zeros above the highest set bit; x > 0. Armv6-M has no such instruction, and the library's is slow. */
static inline uint32_t lnn_leading_zeros(uint32_t x) {
#if defined(__GNUC__) && !defined(__ARM_ARCH_6M__)
    return (uint32_t)__builtin_clz(x);
#else
    uint32_t n = 0;
    for (uint32_t step = 16; step > 0; step >>= 1) {
        if (x >> (32u - step) == 0) {
            x <<= step;
            n += step;
        }
    }
    return n;
#endif
}

/* log2 of a mantissa x with its top bit set, times 2**16: 31 * 2**16 to 32 * 2**16; error < 7e-5 */
static inline int32_t lnn_log2_mantissa_q16(uint32_t x) {
    uint32_t i = (x >> 25) & 63u;
    uint32_t fraction = (x >> 9) & 0xffffu;
    uint32_t low = lnn_log2_table_q16[i], high = lnn_log2_table_q16[i + 1u];
    return (int32_t)((31u << 16) + low + (((high - low) * fraction) >> 16));
}

/* log2(x) for x > 0 */
static inline int32_t lnn_log2_q16(uint32_t x) {
    uint32_t zeros = lnn_leading_zeros(x);
    return lnn_log2_mantissa_q16(x << zeros) - (int32_t)(zeros << 16);
}

static inline int32_t lnn_log2_u64_q16(uint64_t x) {
    uint32_t top = (uint32_t)(x >> 32);
    if (top == 0) {
        return lnn_log2_q16((uint32_t)x);
    }
    uint32_t zeros = lnn_leading_zeros(top);
    return lnn_log2_mantissa_q16((uint32_t)(x >> (32u - zeros))) + (int32_t)((32u - zeros) << 16);
}

/* 2**-x for x >= 0 in q16, result in q31 just below 1 at x = 0; relative error < 2e-5 */
static inline uint32_t lnn_exp2_minus_q31(uint32_t x_q16) {
    uint32_t whole = x_q16 >> 16;
    uint32_t i = (x_q16 >> 10) & 63u, fraction = x_q16 & 1023u;
    uint32_t high = lnn_exp2_table_q31[i], low = lnn_exp2_table_q31[i + 1u];
    uint32_t value = high - ((((high - low) >> 3) * fraction) >> 7); /* the difference has 25 bits */
    return whole < 32u ? value >> whole : 0u;
}

/* sigmoid(-distance), distance in q11, 0 to 32767; result in q31, error < 2e-5 */
static inline uint32_t lnn_sigmoid_below_q31(uint32_t distance_q11) {
    uint32_t i = distance_q11 >> 6, fraction = distance_q11 & 63u;
    uint32_t high = lnn_sigmoid_table_q31[i], low = lnn_sigmoid_table_q31[i + 1u];
    return high - (((high - low) * fraction) >> 6);
}

/*
 * Sigmoid of x in q11, result in q31. The table holds the lower half, whose relative precision is what
 * a small timestep needs; the upper half is one minus it.
 */
static inline int32_t lnn_sigmoid_q31(int32_t x_q11) {
    uint32_t distance = (uint32_t)(x_q11 < 0 ? -x_q11 : x_q11);
#if defined(LNN_HAVE_DSP)
    __asm("usat %0, #15, %0" : "+r"(distance));
#else
    distance = distance > 32767u ? 32767u : distance;
#endif
    uint32_t below = lnn_sigmoid_below_q31(distance);
    return (int32_t)(x_q11 < 0 ? below : ~(below | 0x80000000u)); /* 2**31 - 1 - below */
}

/*
 * tanh x = 1 - 2 sigmoid(-2x), x in q11 and |x| < 2**30, result in q30. It stops at tanh 3.076 = 0.9958:
 * a state then never exceeds 32639 in q15, which lets a kernel split it into two signed bytes.
 */
#define LNN_TANH_LIMIT_Q11 6300u

static inline int32_t lnn_tanh_q30(int32_t x_q11) {
    uint32_t distance = (uint32_t)(x_q11 < 0 ? -x_q11 : x_q11);
    distance = distance > LNN_TANH_LIMIT_Q11 ? LNN_TANH_LIMIT_Q11 : distance;
    int32_t magnitude = LNN_Q30_ONE - (int32_t)lnn_sigmoid_below_q31(2u * distance);
    return x_q11 < 0 ? -magnitude : magnitude;
}

#endif
