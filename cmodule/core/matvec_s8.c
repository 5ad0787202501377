/* SPDX-License-Identifier: MIT */
/* The portable products, which are the reference, and the choice of a better one. */
#include "matvec_s8.h"
#include "fixmath.h"
#include "lnn_format.h"
#include "place.h"

uint32_t lnn_matrix_blocks(uint32_t layout, uint32_t n_groups, uint32_t n_columns) {
    return layout == LNN_LAYOUT_ROWS4X16 ? n_groups * lnn_columns8(n_columns) / 4u
                                         : n_groups * (lnn_rows4(n_columns) / 4u);
}

#if !defined(LNN_MATVEC_DSP)
/* Sixteen weights onto four sums; within a word the columns are 0, 2, 1, 3. */
static void add_block(const int8_t *w, const int16_t *x, int32_t *sums) {
    int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
    sums[0] += w[0] * x0 + w[2] * x1 + w[1] * x2 + w[3] * x3;
    sums[1] += w[4] * x0 + w[6] * x1 + w[5] * x2 + w[7] * x3;
    sums[2] += w[8] * x0 + w[10] * x1 + w[9] * x2 + w[11] * x3;
    sums[3] += w[12] * x0 + w[14] * x1 + w[13] * x2 + w[15] * x3;
}

static void rows4x4_sparse(const lnn_matrix_t *m, const int16_t *x, int32_t *sums) {
    const int8_t *w = m->weights;
    const uint8_t *column = m->columns;
    for (uint32_t group = 0; group < m->n_groups; group++, sums += 4) {
        sums[0] = sums[1] = sums[2] = sums[3] = 0;
        for (uint32_t n = m->counts[group]; n > 0; n--, w += 16) {
            add_block(w, x + 4u * *column++, sums);
        }
    }
}
#endif

#if !defined(LNN_MATVEC_DSP) && !defined(LNN_MATVEC_V6M)
static void rows4x4(const lnn_matrix_t *m, const int16_t *x, int32_t *sums) {
    const int8_t *w = m->weights;
    for (uint32_t group = 0; group < m->n_groups; group++, sums += 4) {
        sums[0] = sums[1] = sums[2] = sums[3] = 0;
        for (uint32_t column = 0; column < m->n_columns; column += 4, w += 16) {
            add_block(w, x + column, sums);
        }
    }
}
#endif

#if defined(__GNUC__) && !defined(LNN_MATVEC_MVE)
__attribute__((cold)) /* a layout for another core: small before fast */
#endif
static int32_t dot(const int8_t *w, const int16_t *x, uint32_t n) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += w[i] * x[i];
    }
    return sum;
}

static void rows4x16(const lnn_matrix_t *m, const int16_t *x, int32_t *sums) {
    uint32_t columns = lnn_columns8(m->n_columns);
    const int8_t *w = m->weights;
    for (uint32_t group = 0; group < m->n_groups; group++, sums += 4) {
        sums[0] = sums[1] = sums[2] = sums[3] = 0;
        for (uint32_t column = 0; column < columns; column += 16) {
            uint32_t n = columns - column < 16u ? 8u : 16u;
            for (uint32_t row = 0; row < 4u; row++, w += n) {
                sums[row] += dot(w, x + column, n);
            }
        }
    }
}

void lnn_matvec_s8_add(const lnn_matrix_t *m, const lnn_delta_s8_t *changes, uint32_t n, int32_t *sums) {
    uint32_t group_bytes = 4u * lnn_rows4(m->n_columns);
#if defined(LNN_MATVEC_DSP)
    lnn_rows4x4_add_asm(m->weights, changes, changes + n, m->n_groups, sums, group_bytes);
#else
    const int8_t *w = m->weights;
    for (uint32_t group = 0; group < m->n_groups; group++, sums += 4, w += group_bytes) {
        for (uint32_t i = 0; i < n; i++) {
            add_block(w + changes[i].offset, changes[i].delta, sums);
        }
    }
#endif
}

#if !defined(LNN_MATVEC_DSP)
void lnn_scale_sums(int32_t *sums, const int32_t *offset, const int32_t *scale, const int32_t *more,
                    const int32_t *more_scale, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        sums[i] = offset[i] + lnn_mul_high(sums[i], scale[i]) + lnn_mul_high(more[i], more_scale[i]);
    }
}
#endif

void lnn_matvec(const lnn_matrix_t *m, const int16_t *x, int32_t *sums, void *spare) {
    (void)spare;
    if (m->wide) {
        lnn_matvec_s16(m, x, sums);
        return;
    }
    switch (m->layout) {
        case LNN_LAYOUT_ROWS4X4_SPARSE:
#if defined(LNN_MATVEC_DSP)
            lnn_rows4x4_sparse_asm(m->weights, x, m->columns, m->counts, m->n_groups, sums);
#else
            rows4x4_sparse(m, x, sums);
#endif
            break;
        case LNN_LAYOUT_ROWS4X16:
#if defined(LNN_MATVEC_MVE)
            if (m->n_columns > 8u) {
                lnn_rows4x16_mve(m->weights, x, m->n_groups, lnn_columns8(m->n_columns), sums, spare);
                break;
            }
#endif
            rows4x16(m, x, sums);
            break;
        default:
#if defined(LNN_MATVEC_DSP) || defined(LNN_MATVEC_V6M)
            lnn_rows4x4_asm(m->weights, x, m->n_groups, lnn_rows4(m->n_columns) / 4u, sums);
#else
            rows4x4(m, x, sums);
#endif
            break;
    }
}
