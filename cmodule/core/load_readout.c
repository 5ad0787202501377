/* SPDX-License-Identifier: MIT */
/* The sections of a readout, smoothed or liquid. All records of both begin alike. */
#include "sections.h"

#include <stddef.h>

typedef char weight_alike[offsetof(lnn_file_readout_t, weight) == offsetof(lnn_file_liquid_readout_t, weight) ? 1 : -1];
typedef char
    label_alike[offsetof(lnn_file_readout_t, idle_label) == offsetof(lnn_file_liquid_readout_t, idle_label) ? 1 : -1];

static void load_f32(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_liquid_readout_t *f =
        lnn_take(c, 1, ro->is_liquid ? sizeof *f : (uint32_t)sizeof(lnn_file_readout_t));
    uint32_t rows = lnn_readout_rows(ro);
    if (!f || !lnn_require(c, f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        return;
    }
    if (ro->is_liquid) {
        ro->liquid.f32.inv_tau = lnn_take_floats(c, ro->n_labels, LNN_LIQUID_READOUT_INV_TAU_MAX);
    }
    ro->bias = lnn_take_floats(c, rows, LNN_READOUT_BIAS_MAX);
    ro->weights = lnn_take_floats(c, rows * f->n_inputs, LNN_READOUT_WEIGHTS_MAX);
    for (uint32_t i = 0; ro->is_liquid && c->status == LNN_OK && i < ro->n_labels; i++) {
        lnn_require(c, ro->liquid.f32.inv_tau[i] >= LNN_LIQUID_READOUT_INV_TAU_MIN, LNN_ERR_NUMBER);
    }
}

static void load_s8(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_liquid_readout_s8_t *f =
        lnn_take(c, 1, ro->is_liquid ? sizeof *f : (uint32_t)sizeof(lnn_file_readout_s8_t));
    uint32_t rows = lnn_readout_rows(ro);
    if (!f || !lnn_require(c, lnn_is_dense(f->weight, f->layout), LNN_ERR_WEIGHTS)) {
        return;
    }
    if (ro->is_liquid) {
        ro->liquid.s8.inv_tau_q16 = lnn_take(c, ro->n_labels, sizeof *ro->liquid.s8.inv_tau_q16);
    }
    ro->bias_q16 = lnn_take_ints(c, rows, LNN_READOUT_S8_BIAS_MAX);
    ro->scale = lnn_take_ints(c, rows, LNN_READOUT_S8_SCALE_MAX);
    lnn_load_matrix(c, &ro->matrix, f->weight, f->layout, rows, f->n_inputs, f->n_blocks);
    for (uint32_t i = 0; ro->is_liquid && c->status == LNN_OK && i < ro->n_labels; i++) {
        lnn_require(c, ro->liquid.s8.inv_tau_q16[i] <= LNN_LIQUID_READOUT_S8_INV_TAU_MAX, LNN_ERR_NUMBER);
    }
}

static bool check_smoothing(lnn_readout_t *ro, lnn_cursor_t *c, float smoothing_s) {
    ro->inv_smoothing_q16 = 0;
    if (!lnn_require(c, smoothing_s >= LNN_READOUT_SMOOTHING_S_MIN && smoothing_s <= LNN_READOUT_SMOOTHING_S_MAX,
                     LNN_ERR_NUMBER)) {
        return false;
    }
    ro->inv_smoothing_q16 = (uint32_t)(65536.0f / (smoothing_s > 0.001f ? smoothing_s : 0.001f));
    return true;
}

void lnn_load_readout(lnn_model_t *m, lnn_cursor_t *c, bool is_liquid) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f =
        (const void *)lnn_peek(c, is_liquid ? (uint32_t)sizeof(lnn_file_liquid_readout_t) : (uint32_t)sizeof *f);
    uint32_t of_all = 0, of_last = m->cells[m->info.n_cells - 1u].n_units;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        of_all += m->cells[i].n_units;
    }
    bool hears_all = f && f->n_inputs == of_all && of_all > of_last && lnn_version_minor(c) >= 3u;
    bool chooses = m->info.task != LNN_TASK_ANOMALY && m->info.task != LNN_TASK_SERIES; /* between labels */
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE)
        || !lnn_require(c, m->integer ? lnn_is_integer(f->weight) : f->weight == LNN_WEIGHT_FLOAT32, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->n_inputs == of_last || (hears_all && of_all <= LNN_MAX_CELL_INPUTS), LNN_ERR_SHAPE)
        || !lnn_require(c, m->info.task != LNN_TASK_ANOMALY || m->info.n_labels == m->frontend.n_mels, LNN_ERR_SHAPE)
        || !lnn_require(c, f->idle_label == UINT16_MAX || f->idle_label < m->info.n_labels, LNN_ERR_RANGE)
        || !(is_liquid ? lnn_require(c, chooses, LNN_ERR_TASK) : check_smoothing(ro, c, f->smoothing_s))) {
        return;
    }
    ro->n_inputs = f->n_inputs;
    ro->n_labels = m->info.n_labels;
    ro->idle_label = f->idle_label;
    ro->integer = m->integer;
    ro->is_liquid = is_liquid;
    ro->hears_all = hears_all;
    ro->expects_features = m->info.task == LNN_TASK_ANOMALY;
    m->info.idle_label = f->idle_label;
    uint32_t n_rows = (uint32_t)m->info.n_labels * (is_liquid ? 2u : 1u);
    m->info.macs_per_step += n_rows * f->n_inputs;
    m->info.parameters += n_rows * (f->n_inputs + 1u) + (is_liquid ? m->info.n_labels : 0u);
    if (m->integer) {
        load_s8(m, c);
    } else {
        load_f32(m, c);
    }
}
