/* SPDX-License-Identifier: MIT */
/*
 * Models that read rows of numbers instead of audio: task series. The readout says by how much each number will
 * change.
 */
#include "frontend.h"

/* The row as features, in the front-end's own buffer; NULL where a number is not finite. */
const float *lnn_numbers_to_features(const lnn_frontend_t *frontend, const float *numbers) {
    const lnn_frontend_f32_t *fe = &frontend->as.f32;
    for (uint32_t i = 0; i < frontend->n_mels; i++) {
        float x = (numbers[i] - fe->mean[i]) * fe->inv_std[i];
        if (!(numbers[i] - numbers[i] == 0.0f)) {
            return NULL;
        }
        fe->features[i] = x > fe->feature_clip ? fe->feature_clip : x < -fe->feature_clip ? -fe->feature_clip : x;
    }
    return fe->features;
}

/* Logits, the changes in deviations, become what the numbers will be. */
void lnn_numbers_forecast(const lnn_frontend_t *fe, const float *numbers, uint32_t n_labels, float *logits) {
    for (uint32_t i = 0; i < n_labels; i++) {
        logits[i] = numbers[i] + logits[i] * fe->as.f32.scale[i];
    }
}
