/* SPDX-License-Identifier: MIT */
/*
 * The operations that a core's DSP instructions or CMSIS-DSP do better. The portable ones are the
 * reference; dsp_cmsis.h replaces those that it defines.
 *
 * lnn_rfft_f32: in[n] is destroyed; out = { X[0], X[n/2], re X[1], im X[1], ... re X[n/2-1], im X[n/2-1] }.
 * lnn_copy_and_square: copies and returns the sum of squares, exact.
 * lnn_copy_square_and_sum: also adds up the samples.
 * lnn_matvec_f32: out[r] = bias[r] + sum_c w[r][c] x[c], n_rows a multiple of 4, w in rows4 order.
 */
#ifndef LNN_DSP_H
#define LNN_DSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guards.h"

#include "pair.h"

#if defined(LNN_USE_CMSIS) && LNN_USE_CMSIS
#include "dsp_cmsis.h"
#endif

typedef struct {
    uint16_t points;
} lnn_rfft_t;
bool lnn_rfft_init(lnn_rfft_t *rfft, uint16_t points);
void lnn_rfft_f32(const lnn_rfft_t *rfft, float *in, float *out);

float lnn_exp_f32(float x); /* lnn_expf of fastmath.h */
void lnn_matvec_f32(const float *w, const float *bias, const float *x, uint32_t n_rows, uint32_t n_cols, float *out);

uint64_t lnn_copy_and_square(int16_t *to, const int16_t *from, uint32_t n);
uint64_t lnn_copy_square_and_sum(int16_t *to, const int16_t *from, uint32_t n, int32_t *sum);

#ifndef LNN_HAVE_MATVEC
static inline void lnn_matvec_rows4(const float *w, const float *bias, const float *x, uint32_t n_rows, uint32_t n_cols,
                                    float *out) {
    for (uint32_t r = 0; r < n_rows; r += 4) {
        float a0 = bias[r], a1 = bias[r + 1], a2 = bias[r + 2], a3 = bias[r + 3];
        for (uint32_t c = 0; c < n_cols; c++, w += 4) {
            float v = x[c];
            a0 += w[0] * v;
            a1 += w[1] * v;
            a2 += w[2] * v;
            a3 += w[3] * v;
        }
        out[r] = a0;
        out[r + 1] = a1;
        out[r + 2] = a2;
        out[r + 3] = a3;
    }
}
#endif

#endif
