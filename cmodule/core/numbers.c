/* Models that read rows of numbers instead of audio: task series. The readout says by how much each number will change. */
#include "cursor.h"

#define NUMBER_LIMIT 1e12f /* of means and scales, so that no forecast can overflow a float */

void lnn_load_frontend_none(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_frontend_f32_t *fe = &m->frontend.as.f32;
    const lnn_file_frontend_none_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, f->n_mels >= 1u && f->n_mels <= LNN_MAX_MELS, LNN_ERR_RANGE)
        || !lnn_require(c, m->info.n_labels <= f->n_mels, LNN_ERR_SHAPE)
        || !lnn_require(
            c, f->feature_clip > 0.0f && f->feature_clip <= 1000.0f && f->time_scale > 0.0f && f->time_scale <= 1e6f,
            LNN_ERR_NUMBER)) {
        return;
    }
    m->frontend.n_mels = f->n_mels;
    fe->feature_clip = f->feature_clip;
    fe->time_scale = f->time_scale;
    fe->mean = lnn_take_floats(c, f->n_mels, NUMBER_LIMIT);
    fe->inv_std = lnn_take_floats(c, f->n_mels, NUMBER_LIMIT);
    fe->scale = lnn_take_floats(c, m->info.n_labels, NUMBER_LIMIT);
}

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
void lnn_numbers_forecast(const lnn_model_t *m, const float *numbers, float *logits) {
    for (uint32_t i = 0; i < m->info.n_labels; i++) {
        logits[i] = numbers[i] + logits[i] * m->frontend.as.f32.scale[i];
    }
}
