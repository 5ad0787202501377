/* SPDX-License-Identifier: MIT */
/* What all kinds of front-end have in common: memory, and the way of their features to the first cell. */
#include "frontend.h"

#include <string.h>

#include "lnn_format.h"
#include "place.h"

uint32_t lnn_frontend_scratch_bytes(const lnn_frontend_t *fe) {
    return fe->is_integer ? 4u * fe->fft_points + 4u : 8u * fe->fft_points;
}

void lnn_frontend_place(lnn_frontend_t *fe, uintptr_t *next) {
    if (fe->is_integer) {
        fe->as.q15.previous = lnn_place(next, fe->n_mels, sizeof *fe->as.q15.previous);
    } else {
        fe->as.f32.features = lnn_place(next, fe->n_mels, sizeof *fe->as.f32.features);
        fe->as.f32.previous = lnn_place(next, fe->n_mels, sizeof *fe->as.f32.previous);
    }
}

void lnn_frontend_reset(lnn_frontend_t *fe) {
    if (fe->is_integer) {
        memset(fe->as.q15.previous, 0, fe->n_mels * sizeof *fe->as.q15.previous);
    } else {
        memset(fe->as.f32.previous, 0, fe->n_mels * sizeof *fe->as.f32.previous);
    }
}

/* A NaN becomes the smallest. */
static float clipped(float x, float limit) {
    return x > limit ? limit : x > -limit ? x : -limit;
}

void lnn_features_to_q12(const float *features, uint32_t n, float clip, int16_t *q12) {
    const float limit = clip * 4096.0f < (float)LNN_MAX_NUMBER ? clip * 4096.0f : (float)LNN_MAX_NUMBER;
    for (uint32_t i = 0; i < n; i++) {
        q12[i] = (int16_t)clipped(features[i] * 4096.0f, limit);
    }
}

static void run_integer(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                        void *scratch, int16_t *features) {
    if (fe->kind == LNN_FRONTEND_LOGMEL_S16) {
        lnn_frontend_s16_run(fe, older, n_older, newer, scratch, features);
    } else {
        lnn_frontend_q15_run(fe, older, n_older, newer, scratch, features);
    }
}

int32_t lnn_frontend_run(lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                         void *scratch, void *inputs, bool integer_cell) {
    if (fe->is_integer) {
        run_integer(fe, older, n_older, newer, scratch, inputs);
        return lnn_frontend_q15_flux_q16(fe, inputs);
    }
    float *features = integer_cell ? fe->as.f32.features : inputs;
    lnn_frontend_f32_run(fe, older, n_older, newer, scratch, features);
    if (integer_cell) {
        lnn_features_to_q12(features, fe->n_mels, fe->as.f32.feature_clip, inputs);
    }
    return lnn_frontend_f32_flux_q16(fe, features);
}

void lnn_frontend_look(const lnn_frontend_t *fe, const int16_t *window, void *scratch, int16_t *spare,
                       float *features) {
    if (!fe->is_integer) {
        lnn_frontend_f32_run(fe, window, fe->window_samples, window, scratch, features);
        return;
    }
    run_integer(fe, window, fe->window_samples, window, scratch, spare);
    for (uint32_t i = 0; i < fe->n_mels; i++) {
        features[i] = (float)spare[i] * (1.0f / 4096.0f);
    }
}

void lnn_frontend_take(const lnn_frontend_t *fe, const float *features, void *inputs, bool integer_cell) {
    float clip = fe->is_integer ? (float)fe->as.q15.clip_q12 * (1.0f / 4096.0f) : fe->as.f32.feature_clip;
    if (integer_cell) {
        lnn_features_to_q12(features, fe->n_mels, clip, inputs);
        return;
    }
    float *u = inputs;
    for (uint32_t i = 0; i < fe->n_mels; i++) {
        u[i] = clipped(features[i], clip);
    }
}
