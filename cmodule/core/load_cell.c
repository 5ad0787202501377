/* SPDX-License-Identifier: MIT */
/* A cell section. The bounds are those that the comments of the kernels rely on. */
#include "sections.h"

#include <stddef.h>

/* A grid has the same ranges. */
static void take_f32(lnn_cursor_t *c, lnn_cell_f32_t *f32, float gate_clamp, uint32_t n_units, uint32_t n_weights) {
    if (!lnn_require(c, gate_clamp > LNN_CELL_GATE_CLAMP_ABOVE && gate_clamp <= LNN_CELL_GATE_CLAMP_MAX,
                     LNN_ERR_NUMBER)) {
        return;
    }
    f32->gate_clamp = gate_clamp;
    f32->inv_tau = lnn_take_floats(c, n_units, LNN_CELL_INV_TAU_MAX);
    f32->bias = lnn_take_floats(c, 2u * n_units, LNN_CELL_BIAS_MAX);
    f32->weights = lnn_take_floats(c, n_weights, LNN_CELL_WEIGHTS_MAX);
    for (uint32_t i = 0; c->status == LNN_OK && i < n_units; i++) {
        lnn_require(c, f32->inv_tau[i] >= LNN_CELL_INV_TAU_MIN, LNN_ERR_NUMBER);
    }
}

static void load_f32(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_f32_t *f32 = &cell->as.f32;
    const lnn_file_cell_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->weight == LNN_WEIGHT_FLOAT32 && f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        return;
    }
    take_f32(c, f32, f->gate_clamp, f->n_units, 2u * f->n_units * ((uint32_t)f->n_inputs + f->n_units));
}

static void check_inv_tau(lnn_cursor_t *c, const lnn_cell_s8_t *s8, uint32_t n_units) {
    for (uint32_t i = 0; c->status == LNN_OK && i < n_units; i++) {
        lnn_require(c, s8->inv_tau_q16[i] <= LNN_CELL_S8_INV_TAU_MAX, LNN_ERR_NUMBER);
    }
}

static void load_s8(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_s8_t *s8 = &cell->as.s8;
    const lnn_file_cell_s8_t *f = lnn_take(c, 1, sizeof *f);
    if (!f
        || !lnn_require(c, lnn_is_dense(f->weight, f->layout) || f->layout == LNN_LAYOUT_ROWS4X4_SPARSE,
                        LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->delta_q15 == 0 || (f->layout == LNN_LAYOUT_ROWS4X4 && f->weight == LNN_WEIGHT_INT8),
                        LNN_ERR_WEIGHTS)
        || !lnn_require(c,
                        f->gate_clamp_q11 >= LNN_CELL_S8_GATE_CLAMP_Q11_MIN
                            && f->gate_clamp_q11 <= LNN_CELL_S8_GATE_CLAMP_Q11_MAX
                            && f->delta_q15 <= LNN_CELL_S8_DELTA_Q15_MAX,
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
    s8->bias_q16 = lnn_take_ints(c, rows, LNN_CELL_S8_BIAS_MAX);
    s8->scale_inputs = lnn_take_ints(c, rows, LNN_CELL_S8_SCALE_INPUTS_MAX);
    s8->scale_state = lnn_take_ints(c, rows, LNN_CELL_S8_SCALE_STATE_MAX);
    lnn_load_matrix(c, &s8->inputs, f->weight, f->layout, rows, f->n_inputs, f->n_blocks_inputs);
    lnn_load_matrix(c, &s8->state, f->weight, f->layout, rows, f->n_units, f->n_blocks_state);
    check_inv_tau(c, s8, f->n_units);
}

#define SAME(field) (offsetof(lnn_file_cell_grid_t, field) == offsetof(lnn_file_cell_grid_s8_t, field))
typedef char grids_alike[SAME(width) && SAME(stride) && SAME(filters) && SAME(n_columns) ? 1 : -1];

/* What float and integer grids have in common. */
static bool load_grid_sizes(const lnn_model_t *m, lnn_cursor_t *c, lnn_cell_t *cell) {
    const lnn_file_cell_grid_t *f = (const void *)lnn_peek(c, sizeof *f);
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE)) {
        return false;
    }
    uint32_t width = f->width, stride = f->stride, filters = f->filters, n_mels = m->frontend.n_mels;
    bool in_range = width >= LNN_CELL_GRID_WIDTH_MIN && width <= LNN_CELL_GRID_WIDTH_MAX
                    && stride >= LNN_CELL_GRID_STRIDE_MIN && stride <= width && filters >= LNN_MIN_GRID_FILTERS
                    && filters <= LNN_MAX_GRID_FILTERS && filters % 2u == 0u;
    if (!lnn_require(c, in_range, LNN_ERR_RANGE)) {
        return false;
    }
    cell->width = (uint8_t)width;
    cell->stride = (uint8_t)stride;
    cell->filters = (uint8_t)filters;
    cell->planes = m->traces.n_channels > 0 ? 2 : 1;
    uint32_t steps = (n_mels - width) / stride; /* wraps if the window is wider than the front-end */
    bool fits = width <= n_mels && steps * stride == n_mels - width && f->n_units == (steps + 1u) * filters
                && f->n_columns == lnn_grid_columns(cell);
    return lnn_require(c, fits, LNN_ERR_SHAPE);
}

static void load_grid_f32(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_f32_t *f32 = &cell->as.f32;
    const lnn_file_cell_grid_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->weight == LNN_WEIGHT_FLOAT32 && f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)) {
        return;
    }
    take_f32(c, f32, f->gate_clamp, f->n_units, 2u * (uint32_t)f->filters * f->n_columns);
}

static void load_grid_s8(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_s8_t *s8 = &cell->as.s8;
    const lnn_file_cell_grid_s8_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, lnn_is_dense(f->weight, f->layout), LNN_ERR_WEIGHTS)
        || !lnn_require(c,
                        f->gate_clamp_q11 >= LNN_CELL_GRID_S8_GATE_CLAMP_Q11_MIN
                            && f->gate_clamp_q11 <= LNN_CELL_GRID_S8_GATE_CLAMP_Q11_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    uint32_t rows = 2u * f->filters;
    s8->gate_clamp_q11 = f->gate_clamp_q11;
    s8->inv_tau_q16 = lnn_take(c, f->n_units, sizeof *s8->inv_tau_q16);
    s8->bias_q16 = lnn_take_ints(c, 2u * f->n_units, LNN_CELL_GRID_S8_BIAS_MAX);
    s8->scale_inputs = lnn_take_ints(c, rows, LNN_CELL_GRID_S8_SCALE_MAX);
    lnn_load_matrix(c, &s8->inputs, f->weight, f->layout, rows, f->n_columns, f->n_blocks);
    check_inv_tau(c, s8, f->n_units);
}

/* Weights, biases and time constants. */
static uint32_t load_by_kind(lnn_cursor_t *c, lnn_cell_t *cell) {
    if (cell->filters > 0) {
        (cell->integer ? load_grid_s8 : load_grid_f32)(c, cell);
        cell->macs = 2u * cell->n_units * lnn_grid_columns(cell);
        return 2u * cell->filters * lnn_grid_columns(cell) + 3u * cell->n_units;
    }
    (cell->integer ? load_s8 : load_f32)(c, cell);
    cell->macs = 2u * cell->n_units * ((uint32_t)cell->n_inputs + cell->n_units);
    return cell->macs + 3u * cell->n_units;
}

void lnn_load_cell(lnn_model_t *m, lnn_cursor_t *c, uint32_t index) {
    lnn_cell_t *cell = &m->cells[index];
    const lnn_file_cell_t *f = (const void *)lnn_peek(c, sizeof *f);
    uint32_t n_inputs = index == 0 ? (uint32_t)m->frontend.n_mels + m->traces.n_channels : cell[-1].n_units;
    bool is_grid = f && f->kind == LNN_CELL_LTC_GRID;
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE) || !lnn_require(c, LNN_RUNS_CELL(f->kind), LNN_ERR_CELL)
        || !lnn_require(c, !is_grid || lnn_version_minor(c) >= 3u, LNN_ERR_CELL)
        || !lnn_require(c, LNN_RUNS_SOLVER(f->solver), LNN_ERR_SOLVER)
        || !lnn_require(c,
                        f->n_units >= LNN_MIN_CELL_UNITS && f->n_units <= LNN_MAX_CELL_UNITS && f->n_units % 2u == 0u
                            && f->n_inputs <= LNN_MAX_CELL_INPUTS,
                        LNN_ERR_RANGE)
        || !lnn_require(c, f->n_inputs == n_inputs && (index == 0 || !is_grid), LNN_ERR_SHAPE)
        || (is_grid && !load_grid_sizes(m, c, cell))) {
        return;
    }
    bool integer = lnn_is_integer(f->weight);
    if (!lnn_require(c, index == 0 || integer == m->integer, LNN_ERR_WEIGHTS) /* all cells alike */
        || !lnn_require(c, integer || !m->frontend.is_integer, LNN_ERR_WEIGHTS)) {
        return;
    }
    m->integer = integer;
    m->traces.integer = integer;
    cell->integer = integer;
    cell->n_inputs = f->n_inputs;
    cell->n_units = f->n_units;
    cell->every = 1;
    m->info.parameters += load_by_kind(c, cell);
    m->info.macs_per_step += cell->macs;
}

void lnn_load_rhythm(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_rhythm_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        return;
    }
    const uint8_t *every = lnn_take(c, m->info.n_cells, 1);
    for (uint32_t i = 0; every && i < m->info.n_cells; i++) {
        lnn_require(c, every[i] >= LNN_RHYTHM_EVERY_MIN && every[i] <= LNN_RHYTHM_EVERY_MAX, LNN_ERR_NUMBER);
        m->cells[i].every = every[i];
    }
}
