/*
 * Weights int8, numbers int16, sums int32. Layout rows4x4: rows in groups of four, columns in groups of
 * four; a group of sixteen weights is four words, one a row, whose bytes are columns 0, 2, 1, 3: one
 * SXTB16 makes a pair of columns 0 and 1 of it, a second one with rotation a pair of 2 and 3.
 *
 * No overflow: |weight| <= 127 (checked at load), |number| <= 2**15, at most 512 columns: the sum of a
 * row stays below 127 * 2**15 * 512 < 2**31.
 */
#ifndef LNN_MATVEC_S8_H
#define LNN_MATVEC_S8_H

#include <stdint.h>

#if defined(__ARM_FEATURE_SIMD32) && defined(__thumb2__)
#define LNN_DOT4_DSP
#elif defined(__ARM_ARCH_6M__)
#define LNN_DOT4_V6M
#endif

/* sums[0..3] = four rows times x (aligned to 4 bytes); returns the weights that follow. */
#if defined(LNN_DOT4_DSP) || defined(LNN_DOT4_V6M)

const int8_t *lnn_dot4_s8(const int8_t *w, const int16_t *x, uint32_t n_fours, int32_t sums[4]); /* matvec_s8_arm.c */

#else

static inline const int8_t *lnn_dot4_s8(const int8_t *w, const int16_t *x, uint32_t n_fours, int32_t sums[4]) {
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    for (; n_fours > 0; n_fours--, w += 16, x += 4) {
        int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        a0 += w[0] * x0 + w[2] * x1 + w[1] * x2 + w[3] * x3;
        a1 += w[4] * x0 + w[6] * x1 + w[5] * x2 + w[7] * x3;
        a2 += w[8] * x0 + w[10] * x1 + w[9] * x2 + w[11] * x3;
        a3 += w[12] * x0 + w[14] * x1 + w[13] * x2 + w[15] * x3;
    }
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    return w;
}

#endif

#endif
