/* SPDX-License-Identifier: MIT */
/* Matrices of integer cells and readouts. */
#include "sections.h"

/* -128 is refused: the bound on a sum (matvec_s8.h) needs |weight| <= LNN_MAX_INT8_WEIGHT. */
static void check_s8(lnn_cursor_t *c, const int8_t *w, uint32_t count) {
    for (uint32_t i = 0; w && i < count; i++) {
        lnn_require(c, w[i] >= -LNN_MAX_INT8_WEIGHT, LNN_ERR_NUMBER);
    }
}

/* The magnitudes of a row: the bound on a sum for int16. */
static void check_s16(lnn_cursor_t *c, const lnn_matrix_t *m) {
    const int16_t *w = m->weights;
    for (uint32_t group = 0; w && group < m->n_groups; group++) {
        uint32_t n = m->counts ? m->counts[group] : lnn_rows4(m->n_columns) / 4u, row[4] = {0, 0, 0, 0};
        for (const int16_t *end = w + 16u * n; w < end; w++) {
            uint32_t *sum = &row[(uint32_t)(end - w - 1) / 2u % 4u]; /* a pair a row, from the last to the first */
            int32_t weight = *w;
            *sum += (uint32_t)(weight < 0 ? -weight : weight);
            lnn_require(c, *sum <= LNN_MAX_INT16_ROW, LNN_ERR_NUMBER);
        }
    }
}

/* Blocks of a group are in ascending order within the matrix. */
static void check_blocks(lnn_cursor_t *c, const lnn_matrix_t *m, uint32_t n_blocks) {
    uint32_t used = 0, fours = lnn_rows4(m->n_columns) / 4u;
    for (uint32_t group = 0; c->status == LNN_OK && group < m->n_groups; group++) {
        uint32_t first = 0;
        for (uint32_t n = m->counts[group]; n > 0 && lnn_require(c, used < n_blocks, LNN_ERR_SHAPE); n--) {
            uint32_t column = m->columns[used++];
            lnn_require(c, column >= first && column < fours, LNN_ERR_RANGE);
            first = column + 1u;
        }
    }
    lnn_require(c, used == n_blocks, LNN_ERR_SHAPE);
}

void lnn_load_matrix(lnn_cursor_t *c, lnn_matrix_t *m, uint32_t weight, uint32_t layout, uint32_t n_rows,
                     uint32_t n_columns, uint32_t n_blocks) {
    m->wide = weight == LNN_WEIGHT_INT16;
    m->layout = (uint8_t)layout;
    m->n_groups = (uint16_t)(n_rows / 4u);
    m->n_columns = (uint16_t)n_columns;
    if (layout == LNN_LAYOUT_ROWS4X4_SPARSE) {
        m->counts = lnn_take(c, m->n_groups, 1);
        m->columns = lnn_take(c, n_blocks, 1);
        check_blocks(c, m, n_blocks);
    } else {
        lnn_require(c, n_blocks == lnn_matrix_blocks(layout, m->n_groups, n_columns), LNN_ERR_SHAPE);
        lnn_take(c, 0, 1); /* two empty arrays end at the same place */
    }
    m->weights = lnn_take(c, 16u * n_blocks, m->wide ? 2u : 1u);
    if (m->wide) {
        check_s16(c, m);
    } else {
        check_s8(c, m->weights, 16u * n_blocks);
    }
}

bool lnn_is_dense(uint32_t weight, uint32_t layout) {
    return layout == LNN_LAYOUT_ROWS4X4 || (layout == LNN_LAYOUT_ROWS4X16 && weight == LNN_WEIGHT_INT8);
}

bool lnn_is_integer(uint32_t weight) {
    return weight == LNN_WEIGHT_INT8 || weight == LNN_WEIGHT_INT16;
}
