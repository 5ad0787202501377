/* SPDX-License-Identifier: MIT */
/* The sections of the front-end and of the traces behind it. Float numbers are bounded so that no sum of products can overflow. */
#include "fft_q15.h"
#include "sections.h"

static bool check_sizes(lnn_model_t *m, lnn_cursor_t *c, uint32_t window_samples, uint32_t fft_points, uint32_t n_mels,
                        uint32_t n_mel_weights) {
    m->frontend.window_samples = (uint16_t)window_samples;
    m->frontend.fft_points = (uint16_t)fft_points;
    m->frontend.n_mels = (uint16_t)n_mels;
    return lnn_require(c,
                       fft_points <= LNN_MAX_FFT_POINTS && window_samples >= LNN_FRONTEND_WINDOW_SAMPLES_MIN
                           && window_samples <= fft_points && n_mels >= LNN_MIN_MELS && n_mels <= LNN_MAX_MELS
                           && n_mel_weights <= LNN_MAX_MEL_WEIGHTS,
                       LNN_ERR_RANGE);
}

static bool check_filters(const lnn_model_t *m, lnn_cursor_t *c, const uint16_t *start, const uint16_t *count,
                          uint32_t n_mel_weights) {
    uint32_t bins = m->frontend.fft_points / 2u + 1u, used = 0;
    for (uint32_t i = 0; start && count && i < m->frontend.n_mels; i++) {
        lnn_require(c, start[i] <= bins && count[i] <= bins - start[i], LNN_ERR_RANGE);
        used += count[i];
    }
    return lnn_require(c, used == n_mel_weights, LNN_ERR_SHAPE);
}

static void load_f32(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_f32_t *fe = &m->frontend.as.f32;
    const lnn_file_frontend_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->kind == LNN_FRONTEND_LOGMEL_F32, LNN_ERR_FRONTEND)
        || !check_sizes(m, c, f->window_samples, f->fft_points, f->n_mels, f->n_mel_weights)
        || !lnn_require(c, lnn_rfft_init(&fe->rfft, f->fft_points), LNN_ERR_FRONTEND)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c,
                        f->log_floor >= LNN_FRONTEND_LOG_FLOOR_MIN && f->log_floor <= LNN_FRONTEND_LOG_FLOOR_MAX
                            && f->feature_clip > LNN_FRONTEND_FEATURE_CLIP_ABOVE
                            && f->feature_clip <= LNN_FRONTEND_FEATURE_CLIP_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    fe->log_floor = f->log_floor;
    fe->feature_clip = f->feature_clip;
    fe->window = lnn_take_floats(c, f->window_samples, LNN_FRONTEND_WINDOW_MAX);
    fe->mel_start = lnn_take(c, f->n_mels, sizeof *fe->mel_start);
    fe->mel_count = lnn_take(c, f->n_mels, sizeof *fe->mel_count);
    fe->mel_weights = lnn_take_floats(c, f->n_mel_weights, LNN_FRONTEND_MEL_WEIGHTS_MAX);
    fe->mean = lnn_take_floats(c, f->n_mels, LNN_FRONTEND_MEAN_MAX);
    fe->inv_std = lnn_take_floats(c, f->n_mels, LNN_FRONTEND_INV_STD_MAX);
    check_filters(m, c, fe->mel_start, fe->mel_count, f->n_mel_weights);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_mel_weights; i++) { /* no filter may turn a power negative */
        lnn_require(c, fe->mel_weights[i] >= LNN_FRONTEND_MEL_WEIGHTS_MIN, LNN_ERR_NUMBER);
    }
}

static bool check_integer(const lnn_model_t *m, lnn_cursor_t *c, uint32_t reserved, uint32_t clip_q12) {
    const lnn_frontend_t *fe = &m->frontend;
    return lnn_require(c, lnn_fft_q15_has(fe->fft_points) && fe->window_samples % 2u == 0u, LNN_ERR_FRONTEND)
           && lnn_require(c, reserved == 0, LNN_ERR_PADDING)
           && lnn_require(c, clip_q12 >= LNN_FRONTEND_Q15_CLIP_Q12_MIN && clip_q12 <= LNN_FRONTEND_Q15_CLIP_Q12_MAX,
                          LNN_ERR_NUMBER);
}

static void load_q15(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_q15_t *fe = &m->frontend.as.q15;
    const lnn_file_frontend_q15_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !check_sizes(m, c, f->window_samples, f->fft_points, f->n_mels, f->n_mel_weights)
        || !check_integer(m, c, f->reserved, f->clip_q12)) {
        return;
    }
    fe->clip_q12 = f->clip_q12;
    fe->per_mel_q16 = 65536u / f->n_mels;
    fe->window = lnn_take(c, f->window_samples, sizeof *fe->window);
    fe->mel_start = lnn_take(c, f->n_mels, sizeof *fe->mel_start);
    fe->mel_count = lnn_take(c, f->n_mels, sizeof *fe->mel_count);
    fe->mel_weights = lnn_take(c, f->n_mel_weights, sizeof *fe->mel_weights);
    fe->floor = lnn_take(c, f->n_mels, sizeof *fe->floor);
    fe->mean_q16 = lnn_take_ints(c, f->n_mels, LNN_FRONTEND_Q15_MEAN_MAX);
    fe->scale_q22 = lnn_take_ints(c, f->n_mels, LNN_FRONTEND_Q15_SCALE_MAX);
    check_filters(m, c, fe->mel_start, fe->mel_count, f->n_mel_weights);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_mels; i++) { /* a logarithm needs something */
        lnn_require(c, fe->floor[i] >= LNN_FRONTEND_Q15_FLOOR_MIN, LNN_ERR_NUMBER);
    }
}

/* No sum within the FFT may overflow: see fft_s16.c. */
static void check_window(const lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_frontend_t *fe = &m->frontend;
    const int16_t *window = fe->as.q15.window;
    uint32_t half = fe->fft_points / 2u;
    for (uint32_t i = 0; c->status == LNN_OK && i < half; i++) {
        int32_t a = window[i], b = window[i + half];
        lnn_require(c, (a < 0 ? -a : a) + (b < 0 ? -b : b) <= (int32_t)LNN_MAX_WINDOW_PAIR, LNN_ERR_NUMBER);
    }
    for (uint32_t i = fe->window_samples; c->status == LNN_OK && i < fe->fft_points; i++) {
        lnn_require(c, window[i] == 0, LNN_ERR_PADDING);
    }
}

static void load_s16(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_q15_t *fe = &m->frontend.as.q15;
    const lnn_file_frontend_s16_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, lnn_version_minor(c) >= 2u, LNN_ERR_FRONTEND)
        || !check_sizes(m, c, f->window_samples, f->fft_points, f->n_mels, f->n_mel_weights)
        || !check_integer(m, c, f->reserved, f->clip_q12)) {
        return;
    }
    fe->clip_q12 = f->clip_q12;
    fe->per_mel_q16 = 65536u / f->n_mels;
    fe->first_bin = f->first_bin;
    fe->window = lnn_take(c, f->fft_points, sizeof *fe->window);
    fe->mel_count = lnn_take(c, f->n_mels + 1u, sizeof *fe->mel_count);
    fe->rising_q8 = lnn_take(c, f->n_mel_weights, sizeof *fe->rising_q8);
    fe->floor = lnn_take(c, f->n_mels, sizeof *fe->floor);
    fe->mean_q16 = lnn_take_ints(c, f->n_mels, LNN_FRONTEND_S16_MEAN_MAX);
    fe->scale_q22 = lnn_take_ints(c, f->n_mels, LNN_FRONTEND_S16_SCALE_MAX);
    lnn_require(c, f->first_bin + f->n_mel_weights <= f->fft_points / 2 + 1, LNN_ERR_RANGE);
    uint32_t used = 0;
    for (uint32_t i = 0; c->status == LNN_OK && i <= f->n_mels; i++) {
        used += fe->mel_count[i];
    }
    lnn_require(c, used == f->n_mel_weights, LNN_ERR_SHAPE);
    check_window(m, c);
    for (uint32_t i = 0; c->status == LNN_OK && i < f->n_mels; i++) { /* with any power it fits into 32 bits */
        lnn_require(c, fe->floor[i] <= LNN_FRONTEND_S16_FLOOR_MAX, LNN_ERR_NUMBER);
    }
}

static void load_none(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_f32_t *fe = &m->frontend.as.f32;
    const lnn_file_frontend_none_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->n_mels >= LNN_MIN_MELS && f->n_mels <= LNN_MAX_MELS, LNN_ERR_RANGE)
        || !lnn_require(c, m->info.n_labels <= f->n_mels, LNN_ERR_SHAPE)
        || !lnn_require(c,
                        f->feature_clip > LNN_FRONTEND_NONE_FEATURE_CLIP_ABOVE
                            && f->feature_clip <= LNN_FRONTEND_NONE_FEATURE_CLIP_MAX
                            && f->time_scale > LNN_FRONTEND_NONE_TIME_SCALE_ABOVE
                            && f->time_scale <= LNN_FRONTEND_NONE_TIME_SCALE_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    m->frontend.n_mels = f->n_mels;
    fe->feature_clip = f->feature_clip;
    fe->time_scale = f->time_scale;
    fe->mean = lnn_take_floats(c, f->n_mels, LNN_FRONTEND_NONE_MEAN_MAX);
    fe->inv_std = lnn_take_floats(c, f->n_mels, LNN_FRONTEND_NONE_INV_STD_MAX);
    fe->scale = lnn_take_floats(c, m->info.n_labels, LNN_FRONTEND_NONE_SCALE_MAX);
}

void lnn_load_frontend(lnn_model_t *m, lnn_cursor_t *c) {
    const uint8_t *kind = lnn_peek(c, 2);
    if (!lnn_require(c, kind != NULL, LNN_ERR_SHAPE)) {
        return;
    }
    m->frontend.kind = (uint16_t)(kind[0] | kind[1] << 8);
    m->frontend.is_integer = m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15 || m->frontend.kind == LNN_FRONTEND_LOGMEL_S16;
    if (m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15) {
        load_q15(m, c);
    } else if (m->frontend.kind == LNN_FRONTEND_LOGMEL_S16) {
        load_s16(m, c);
    } else if (m->frontend.kind == LNN_FRONTEND_NONE) {
        load_none(m, c);
    } else {
        load_f32(m, c);
    }
    lnn_require(c, (m->frontend.kind == LNN_FRONTEND_NONE) == (m->info.task == LNN_TASK_SERIES), LNN_ERR_TASK);
}

void lnn_load_traces(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_traces_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->n_channels == m->frontend.n_mels, LNN_ERR_SHAPE)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)) {
        return;
    }
    const float *tau = lnn_take_floats(c, f->n_channels, LNN_TRACES_TAU_MAX);
    for (uint32_t i = 0; tau && i < f->n_channels; i++) {
        lnn_require(c, tau[i] >= LNN_TRACES_TAU_MIN, LNN_ERR_NUMBER);
    }
    m->traces.n_channels = f->n_channels;
    m->traces.tau = tau;
    m->info.parameters += f->n_channels;
}
