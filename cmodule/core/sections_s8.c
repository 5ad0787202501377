/* Sections of an integer model. The bounds are those that the comments of the kernels rely on. */
#include "cursor.h"
#include "fft_q15.h"

#define SCALE_LIMIT ((1 << 30) - 1)
#define BIAS_LIMIT ((1 << 29) - 1)
#define INV_TAU_LIMIT_Q16 (4000u << 16)

void lnn_load_frontend_q15(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_q15_t *fe = &m->frontend.as.q15;
    const lnn_file_frontend_q15_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_check_frontend(m, c, f->window_samples, f->fft_points, f->n_mels, f->n_mel_weights)
        || !lnn_require(c, lnn_fft_q15_has(f->fft_points) && f->window_samples % 2u == 0u, LNN_ERR_FRONTEND)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c, f->clip_q12 >= 1u && f->clip_q12 <= LNN_NUMBER_LIMIT, LNN_ERR_NUMBER)) {
        return;
    }
    fe->clip_q12 = f->clip_q12;
    fe->per_mel_q16 = 65536u / f->n_mels;
    fe->window = lnn_take(c, f->window_samples, sizeof *fe->window);
    fe->mel_start = lnn_take(c, f->n_mels, sizeof *fe->mel_start);
    fe->mel_count = lnn_take(c, f->n_mels, sizeof *fe->mel_count);
    fe->mel_weights = lnn_take(c, f->n_mel_weights, sizeof *fe->mel_weights);
    fe->floor_q8 = lnn_take(c, f->n_mels, sizeof *fe->floor_q8);
    fe->mean_q16 = lnn_take_ints(c, f->n_mels, 64 << 16); /* a logarithm of 64 bits */
    fe->scale_q22 = lnn_take_ints(c, f->n_mels, INT32_MAX);
    lnn_check_filters(m, c, fe->mel_start, fe->mel_count, f->n_mel_weights);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_mels; i++) { /* a logarithm needs something */
        lnn_require(c, fe->floor_q8[i] >= 1u, LNN_ERR_NUMBER);
    }
}

/* -128 is refused: the bound on a sum (matvec_s8.h) needs |weight| <= 127 */
static void check_s8(lnn_cursor_t *c, const int8_t *w, uint32_t count) {
    for (uint32_t i = 0; w && i < count; i++) {
        lnn_require(c, w[i] >= -127, LNN_ERR_NUMBER);
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
            lnn_require(c, *sum <= LNN_ROW_LIMIT_S16, LNN_ERR_NUMBER);
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

static void load_matrix(lnn_cursor_t *c, lnn_matrix_t *m, uint32_t weight, uint32_t layout, uint32_t n_rows,
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

static bool is_dense(uint32_t weight, uint32_t layout) {
    return layout == LNN_LAYOUT_ROWS4X4 || (layout == LNN_LAYOUT_ROWS4X16 && weight == LNN_WEIGHT_INT8);
}

void lnn_load_cell_s8(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_s8_t *s8 = &cell->as.s8;
    const lnn_file_cell_s8_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, is_dense(f->weight, f->layout) || f->layout == LNN_LAYOUT_ROWS4X4_SPARSE, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->delta_q15 == 0 || (f->layout == LNN_LAYOUT_ROWS4X4 && f->weight == LNN_WEIGHT_INT8),
                        LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->gate_clamp_q11 >= 1u && f->gate_clamp_q11 <= INT16_MAX && f->delta_q15 <= INT16_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    uint32_t rows = 2u * f->n_units;
    s8->gate_clamp_q11 = f->gate_clamp_q11;
    s8->delta_q15 = f->delta_q15;
    if (f->layout == LNN_LAYOUT_ROWS4X4_SPARSE) {
        uint32_t blocks = rows / 4u * (lnn_rows4(f->n_inputs) / 4u + lnn_rows4(f->n_units) / 4u);
        s8->pruned_macs = 16u * (blocks - f->n_blocks_inputs - f->n_blocks_state);
    }
    s8->inv_tau_q16 = lnn_take(c, f->n_units, sizeof *s8->inv_tau_q16);
    s8->bias_q16 = lnn_take_ints(c, rows, BIAS_LIMIT);
    s8->scale_inputs = lnn_take_ints(c, rows, SCALE_LIMIT);
    s8->scale_state = lnn_take_ints(c, rows, SCALE_LIMIT);
    load_matrix(c, &s8->inputs, f->weight, f->layout, rows, f->n_inputs, f->n_blocks_inputs);
    load_matrix(c, &s8->state, f->weight, f->layout, rows, f->n_units, f->n_blocks_state);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_units; i++) {
        lnn_require(c, s8->inv_tau_q16[i] <= INV_TAU_LIMIT_Q16, LNN_ERR_NUMBER);
    }
}

void lnn_load_readout_s8(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_s8_t *f = lnn_take(c, 1, sizeof *f);
    uint32_t rows = lnn_rows4(m->info.n_labels);
    if (f && lnn_require(c, is_dense(f->weight, f->layout), LNN_ERR_WEIGHTS)) {
        ro->bias_q16 = lnn_take_ints(c, rows, BIAS_LIMIT);
        ro->scale = lnn_take_ints(c, rows, SCALE_LIMIT);
        load_matrix(c, &ro->matrix, f->weight, f->layout, rows, f->n_inputs, f->n_blocks);
    }
}
