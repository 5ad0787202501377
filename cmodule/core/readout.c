/* SPDX-License-Identifier: MIT */
/* The state of the cells to logits. The product is computed in the model's own numbers; evidence.c goes on in integers. */
#include "readout.h"

#include <string.h>

#include "dsp.h"
#include "fixmath.h"
#include "place.h"

void lnn_readout_set_threshold(lnn_readout_t *ro, uint32_t label, float threshold) {
    ro->thresholds[label] = threshold;
    ro->threshold_q15[label] = (uint16_t)(threshold * 32768.0f + 0.5f);
}

void lnn_readout_init(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        lnn_readout_set_threshold(ro, i, ro->labels[i].threshold);
        ro->refractory_us[i] = ro->labels[i].refractory_us;
    }
}

uint32_t lnn_readout_scratch_bytes(const lnn_readout_t *ro) {
    /* what the integer product wants lies behind its sums */
    return 4u * lnn_readout_rows(ro) + (ro->integer ? 2u * lnn_columns8(ro->n_inputs) : 0u);
}

/* Of a state. */
static uint32_t number_bytes(const lnn_readout_t *ro) {
    return ro->integer ? (uint32_t)sizeof(int16_t) : (uint32_t)sizeof(float);
}

void lnn_readout_place(lnn_readout_t *ro, uintptr_t *next) {
    uint32_t rows = lnn_rows4(ro->n_labels);
    if (ro->is_liquid) {
        lnn_liquid_place(ro, next);
    }
    if (ro->hears_all) {
        ro->heard = lnn_place(next, ro->integer ? lnn_columns8(ro->n_inputs) : ro->n_inputs, number_bytes(ro));
    }
    ro->logits_q16 = lnn_place(next, rows, sizeof *ro->logits_q16);
    ro->evidence_q16 = lnn_place(next, rows, sizeof *ro->evidence_q16);
    ro->scores = lnn_place(next, rows, sizeof *ro->scores);
    ro->thresholds = lnn_place(next, rows, sizeof *ro->thresholds);
    ro->posterior_q15 = lnn_place(next, rows, sizeof *ro->posterior_q15);
    ro->threshold_q15 = lnn_place(next, rows, sizeof *ro->threshold_q15);
    ro->refractory_us = lnn_place(next, rows, sizeof *ro->refractory_us);
    ro->ready_at = lnn_place(next, rows, sizeof *ro->ready_at);
}

void lnn_readout_reset(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->evidence_q16[i] = 0;
        ro->logits_q16[i] = 0;
        ro->ready_at[i] = 0;
    }
    if (ro->is_liquid) {
        lnn_liquid_reset(ro);
    }
    if (ro->hears_all && ro->integer) { /* kernels read the columns that fill it up, too */
        memset(ro->heard, 0, lnn_columns8(ro->n_inputs) * sizeof(int16_t));
    }
    lnn_readout_update_posterior(ro);
    ro->armed = UINT64_MAX;
}

void lnn_readout_f32_logits(lnn_readout_t *ro, const float *state, float *scratch) {
    const float limit = (float)LNN_LOGIT_LIMIT_Q16;
    lnn_matvec_f32(ro->weights, ro->bias, state, lnn_rows4(ro->n_labels), ro->n_inputs, scratch);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        float logit = scratch[i] * 65536.0f;
        ro->logits_q16[i] = (int32_t)(logit > limit ? limit : logit < -limit ? -limit : logit);
    }
}

void lnn_readout_s8_logits(lnn_readout_t *ro, const int16_t *state, int32_t *scratch) {
    lnn_matvec(&ro->matrix, state, scratch, scratch + lnn_rows4(ro->n_labels));
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        int32_t logit = ro->bias_q16[i] + lnn_mul_high(scratch[i], ro->scale[i]);
        ro->logits_q16[i] = lnn_clamp(logit, -LNN_LOGIT_LIMIT_Q16, LNN_LOGIT_LIMIT_Q16);
    }
}

void lnn_readout_step(lnn_readout_t *ro, const void *state, const int16_t *features_q12, uint32_t dt_us,
                      uint32_t longest_us, void *scratch) {
    if (ro->is_liquid) {
        lnn_liquid_step(ro, state, dt_us, scratch);
        lnn_readout_update_posterior(ro);
        return;
    }
    if (ro->expects_features) { /* the last step's logits are what was expected of these features */
        lnn_anomaly_errors(ro, features_q12);
        lnn_readout_smooth(ro, dt_us < longest_us ? dt_us : longest_us,
                           true); /* a look after a pause is not a long look */
    }
    if (ro->integer) {
        lnn_readout_s8_logits(ro, state, scratch);
    } else {
        lnn_readout_f32_logits(ro, state, scratch);
    }
    if (!ro->expects_features) {
        lnn_readout_smooth(ro, dt_us, true);
    }
}

void lnn_readout_report(const lnn_readout_t *ro) {
    if (ro->expects_features) {
        lnn_anomaly_share(ro);
        return;
    }
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->scores[i] = (float)ro->posterior_q15[i] * (1.0f / 32768.0f);
    }
}
