/* SPDX-License-Identifier: MIT */
/*
 * The product for int16 weights. A block of four rows by four columns is two of four rows by a pair of
 * columns: one word of weights and one of numbers feed two multiply-accumulates.
 */
#include "matvec_s8.h"
#include "lnn_format.h"
#include "pair.h"
#include "place.h"

#if defined(LNN_MATVEC_DSP) && defined(__OPTIMIZE__) /* at -O0 the compiler runs out of registers */

typedef uint32_t words_t; /* of the file: pairs of weights */

/* Half a block. It has few operands, so that it compiles with a fixed register, too. */
static inline const words_t *add_half(const words_t *w, lnn_pair_t x, int32_t *sums) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    __asm("ldmia %[w]!, {r4-r6, r8}\n"
          "smlad %[a], r4, %[x], %[a]\n"
          "smlad %[b], r5, %[x], %[b]\n"
          "smlad %[c], r6, %[x], %[c]\n"
          "smlad %[d], r8, %[x], %[d]\n"
          : [w] "+r"(w), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d)
          : [x] "r"(x), "m"(*(const words_t(*)[4])w)
          : "r4", "r5", "r6", "r8");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return w;
}

static inline const words_t *add_block(const words_t *w, const int16_t *x, int32_t *sums) {
    lnn_pair_t x01 = lnn_pair_load(x), x23 = lnn_pair_load(x + 2);
    return add_half(add_half(w, x01, sums), x23, sums);
}

#else

typedef int16_t words_t;

static inline const words_t *add_block(const words_t *w, const int16_t *x, int32_t *sums) {
    int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    sums[0] += w[0] * x0 + w[1] * x1 + w[8] * x2 + w[9] * x3;
    sums[1] += w[2] * x0 + w[3] * x1 + w[10] * x2 + w[11] * x3;
    sums[2] += w[4] * x0 + w[5] * x1 + w[12] * x2 + w[13] * x3;
    sums[3] += w[6] * x0 + w[7] * x1 + w[14] * x2 + w[15] * x3;
    return w + 16;
}

#endif

void lnn_matvec_s16(const lnn_matrix_t *m, const int16_t *x, int32_t *sums) {
    const words_t *w = m->weights;
    const uint8_t *column = m->columns;
    for (uint32_t group = 0; group < m->n_groups; group++, sums += 4) {
        int32_t sum[4] = {0, 0, 0, 0};
        if (m->layout == LNN_LAYOUT_ROWS4X4_SPARSE) {
            for (uint32_t n = m->counts[group]; n > 0; n--) {
                w = add_block(w, x + 4u * *column++, sum);
            }
        } else {
            for (const int16_t *at = x; at < x + m->n_columns; at += 4) {
                w = add_block(w, at, sum);
            }
        }
        sums[0] = sum[0];
        sums[1] = sum[1];
        sums[2] = sum[2];
        sums[3] = sum[3];
    }
}
