/* SPDX-License-Identifier: MIT */
/* The readout section. */
#include "sections.h"

static void load_f32(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f = lnn_take(c, 1, sizeof *f);
    uint32_t rows = lnn_rows4(m->info.n_labels);
    if (f && lnn_require(c, f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        && lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        ro->bias = lnn_take_floats(c, rows, LNN_READOUT_BIAS_MAX);
        ro->weights = lnn_take_floats(c, rows * f->n_inputs, LNN_READOUT_WEIGHTS_MAX);
    }
}

static void load_s8(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_s8_t *f = lnn_take(c, 1, sizeof *f);
    uint32_t rows = lnn_rows4(m->info.n_labels);
    if (f && lnn_require(c, lnn_is_dense(f->weight, f->layout), LNN_ERR_WEIGHTS)) {
        ro->bias_q16 = lnn_take_ints(c, rows, LNN_READOUT_S8_BIAS_MAX);
        ro->scale = lnn_take_ints(c, rows, LNN_READOUT_S8_SCALE_MAX);
        lnn_load_matrix(c, &ro->matrix, f->weight, f->layout, rows, f->n_inputs, f->n_blocks);
    }
}

void lnn_load_readout(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f = (const void *)lnn_peek(c, sizeof *f);
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE)
        || !lnn_require(c, m->integer ? lnn_is_integer(f->weight) : f->weight == LNN_WEIGHT_FLOAT32, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->n_inputs == m->cells[m->info.n_cells - 1u].n_units, LNN_ERR_SHAPE)
        || !lnn_require(c, m->info.task != LNN_TASK_ANOMALY || m->info.n_labels == m->frontend.n_mels, LNN_ERR_SHAPE)
        || !lnn_require(c, f->idle_label == UINT16_MAX || f->idle_label < m->info.n_labels, LNN_ERR_RANGE)
        || !lnn_require(c,
                        f->smoothing_s >= LNN_READOUT_SMOOTHING_S_MIN && f->smoothing_s <= LNN_READOUT_SMOOTHING_S_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    ro->n_inputs = f->n_inputs;
    ro->n_labels = m->info.n_labels;
    ro->idle_label = f->idle_label;
    ro->integer = m->integer;
    ro->expects_features = m->info.task == LNN_TASK_ANOMALY;
    ro->inv_smoothing_q16 = (uint32_t)(65536.0f / (f->smoothing_s > 0.001f ? f->smoothing_s : 0.001f));
    m->info.idle_label = f->idle_label;
    m->info.macs_per_step += (uint32_t)m->info.n_labels * f->n_inputs;
    m->info.parameters += (uint32_t)m->info.n_labels * (f->n_inputs + 1u);
    if (m->integer) {
        load_s8(m, c);
    } else {
        load_f32(m, c);
    }
}
