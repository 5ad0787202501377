/* Sections of a float model. Numbers are bounded so that no sum of products can overflow a float. */
#include "cursor.h"

#define WEIGHT_LIMIT 1e6f

void lnn_load_frontend_f32(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_f32_t *fe = &m->frontend.as.f32;
    const lnn_file_frontend_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->kind == LNN_FRONTEND_LOGMEL_F32, LNN_ERR_FRONTEND)
        || !lnn_check_frontend(m, c, f->window_samples, f->fft_points, f->n_mels, f->n_mel_weights)
        || !lnn_require(c, lnn_rfft_init(&fe->rfft, f->fft_points), LNN_ERR_FRONTEND)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c,
                        f->log_floor >= 1e-30f && f->log_floor <= 1.0f && f->feature_clip > 0.0f
                            && f->feature_clip <= WEIGHT_LIMIT,
                        LNN_ERR_NUMBER)) {
        return;
    }
    fe->log_floor = f->log_floor;
    fe->feature_clip = f->feature_clip;
    fe->window = lnn_take_floats(c, f->window_samples, 1.0f);
    fe->mel_start = lnn_take(c, f->n_mels, sizeof *fe->mel_start);
    fe->mel_count = lnn_take(c, f->n_mels, sizeof *fe->mel_count);
    fe->mel_weights = lnn_take_floats(c, f->n_mel_weights, WEIGHT_LIMIT);
    fe->mean = lnn_take_floats(c, f->n_mels, WEIGHT_LIMIT);
    fe->inv_std = lnn_take_floats(c, f->n_mels, WEIGHT_LIMIT);
    lnn_check_filters(m, c, fe->mel_start, fe->mel_count, f->n_mel_weights);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_mel_weights; i++) { /* no filter may turn a power negative */
        lnn_require(c, fe->mel_weights[i] >= 0.0f, LNN_ERR_NUMBER);
    }
}

void lnn_load_cell_f32(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_f32_t *f32 = &cell->as.f32;
    const lnn_file_cell_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->weight == LNN_WEIGHT_FLOAT32 && f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c, f->gate_clamp > 0.0f && f->gate_clamp <= 40.0f, LNN_ERR_NUMBER)) {
        return;
    }
    f32->gate_clamp = f->gate_clamp;
    f32->inv_tau = lnn_take_floats(c, f->n_units, WEIGHT_LIMIT);
    f32->bias = lnn_take_floats(c, 2u * f->n_units, WEIGHT_LIMIT);
    f32->weights = lnn_take_floats(c, 2u * f->n_units * ((uint32_t)f->n_inputs + f->n_units), WEIGHT_LIMIT);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_units; i++) {
        lnn_require(c, f32->inv_tau[i] >= 0.0f, LNN_ERR_NUMBER);
    }
}

void lnn_load_readout_f32(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f = lnn_take(c, 1, sizeof *f);
    uint32_t rows = lnn_rows4(m->info.n_labels);
    if (f && lnn_require(c, f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        && lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        ro->bias = lnn_take_floats(c, rows, WEIGHT_LIMIT);
        ro->weights = lnn_take_floats(c, rows * f->n_inputs, WEIGHT_LIMIT);
    }
}
