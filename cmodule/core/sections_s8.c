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
        || !lnn_require(c, f->clip_q12 >= 1u && f->clip_q12 <= INT16_MAX, LNN_ERR_NUMBER)) {
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

void lnn_load_cell_s8(lnn_cursor_t *c, lnn_cell_t *cell) {
    lnn_cell_s8_t *s8 = &cell->as.s8;
    const lnn_file_cell_s8_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->layout == LNN_LAYOUT_ROWS4X4, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->gate_clamp_q11 >= 1u && f->gate_clamp_q11 <= INT16_MAX, LNN_ERR_NUMBER)) {
        return;
    }
    s8->gate_clamp_q11 = (int32_t)f->gate_clamp_q11;
    s8->inv_tau_q16 = lnn_take(c, f->n_units, sizeof *s8->inv_tau_q16);
    s8->bias_q16 = lnn_take_ints(c, 2u * f->n_units, BIAS_LIMIT);
    s8->scale_inputs = lnn_take_ints(c, 2u * f->n_units, SCALE_LIMIT);
    s8->scale_state = lnn_take_ints(c, 2u * f->n_units, SCALE_LIMIT);
    s8->weights_inputs = lnn_take_weights_s8(c, 2u * f->n_units * lnn_rows4(f->n_inputs));
    s8->weights_state = lnn_take_weights_s8(c, 2u * f->n_units * lnn_rows4(f->n_units));
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_units; i++) {
        lnn_require(c, s8->inv_tau_q16[i] <= INV_TAU_LIMIT_Q16, LNN_ERR_NUMBER);
    }
}

void lnn_load_readout_s8(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_s8_t *f = lnn_take(c, 1, sizeof *f);
    uint32_t rows = lnn_rows4(m->info.n_labels);
    if (f && lnn_require(c, f->layout == LNN_LAYOUT_ROWS4X4, LNN_ERR_WEIGHTS)) {
        ro->bias_q16 = lnn_take_ints(c, rows, BIAS_LIMIT);
        ro->scale = lnn_take_ints(c, rows, SCALE_LIMIT);
        ro->weights_s8 = lnn_take_weights_s8(c, rows * lnn_rows4(f->n_inputs));
    }
}
