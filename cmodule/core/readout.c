/* SPDX-License-Identifier: MIT */
/*
 * Logits to evidence (logits smoothed over time), posterior and detection. The product is computed in
 * the model's own numbers; from there on all models go the same way, in integers. Task anomaly: anomaly.c.
 */
#include "readout.h"

#include "cell.h"
#include "dsp.h"
#include "fixmath.h"
#include "place.h"

#define LOG2_E_Q30 1549082005
#define LOGIT_LIMIT_Q16 (128 << 16) /* so that a logit is exact as a float, too */

static uint64_t bit(uint32_t label) {
    return (uint64_t)1 << label;
}

/* exp(-x) = 2**(-x log2 e) for x in q16, 0 <= x <= 256 */
static uint32_t log2_of_exp_q16(int32_t x_q16) {
    return (uint32_t)lnn_mul_high(x_q16 * 4, LOG2_E_Q30);
}

/* Softmax without a division: exp(e) / sum = 2**-(log2 of the distance to the largest + log2 of the sum). */
static void update_softmax(lnn_readout_t *ro) {
    int32_t largest = ro->evidence_q16[0];
    uint64_t sum_q31 = 0;
    for (uint32_t i = 1; i < ro->n_labels; i++) {
        largest = ro->evidence_q16[i] > largest ? ro->evidence_q16[i] : largest;
    }
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        sum_q31 += lnn_exp2_minus_q31(log2_of_exp_q16(largest - ro->evidence_q16[i]));
    }
    int32_t log2_sum_q16 = lnn_log2_u64_q16(sum_q31) - (31 << 16);
    uint32_t extra = log2_sum_q16 > 0 ? (uint32_t)log2_sum_q16 : 0u; /* 1 in q31 is a bit below 1 */
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        uint32_t p = lnn_exp2_minus_q31(log2_of_exp_q16(largest - ro->evidence_q16[i]) + extra);
        ro->posterior_q15[i] = (uint16_t)((p + 0x8000u) >> 16);
    }
}

static void update_posterior(lnn_readout_t *ro) {
    if (ro->expects_features) {
        lnn_anomaly_posterior(ro);
    } else {
        update_softmax(ro);
    }
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->posterior_q15[i] < ro->threshold_q15[i]) {
            ro->armed |= bit(i);
        }
    }
}

void lnn_readout_set_threshold(lnn_readout_t *ro, uint32_t label, float threshold) {
    ro->thresholds[label] = threshold;
    ro->threshold_q15[label] = (uint16_t)(threshold * 32768.0f + 0.5f);
}

void lnn_readout_init(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        lnn_readout_set_threshold(ro, i, ro->labels[i].threshold);
    }
}

uint32_t lnn_readout_scratch_bytes(const lnn_readout_t *ro) {
    /* what the integer product wants lies behind its sums */
    return 4u * lnn_rows4(ro->n_labels) + (ro->integer ? 2u * lnn_columns8(ro->n_inputs) : 0u);
}

void lnn_readout_place(lnn_readout_t *ro, uintptr_t *next) {
    uint32_t rows = lnn_rows4(ro->n_labels);
    ro->logits_q16 = lnn_place(next, rows, sizeof *ro->logits_q16);
    ro->evidence_q16 = lnn_place(next, rows, sizeof *ro->evidence_q16);
    ro->scores = lnn_place(next, rows, sizeof *ro->scores);
    ro->thresholds = lnn_place(next, rows, sizeof *ro->thresholds);
    ro->posterior_q15 = lnn_place(next, rows, sizeof *ro->posterior_q15);
    ro->threshold_q15 = lnn_place(next, rows, sizeof *ro->threshold_q15);
}

void lnn_readout_reset(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->evidence_q16[i] = 0;
        ro->logits_q16[i] = 0;
    }
    ro->refractory_samples = 0;
    update_posterior(ro);
    ro->armed = UINT64_MAX;
}

/* Share of the new logits in the evidence after dt: 1 - 1/c, c = 1 + dt/smoothing. */
static int32_t smoothing_share(lnn_readout_t *ro, uint32_t dt_us) {
    if (dt_us != ro->dt_us) {
        ro->dt_us = dt_us;
        ro->share_q31 = (int32_t)lnn_leak_share_q31(ro->inv_smoothing_q16, dt_us);
    }
    return ro->share_q31;
}

/*
 * Logits into the evidence. Nothing heard: the evidence fades as if they were zero, and what has faded is
 * armed again.
 */
void lnn_readout_smooth(lnn_readout_t *ro, uint32_t dt_us, bool heard) {
    int32_t share = smoothing_share(ro, dt_us);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        int32_t target = heard ? ro->logits_q16[i] : 0;
        ro->evidence_q16[i] += 2 * lnn_mul_high(target - ro->evidence_q16[i], share);
    }
    update_posterior(ro);
}

void lnn_readout_f32_logits(lnn_readout_t *ro, const float *state, float *scratch) {
    const float limit = (float)LOGIT_LIMIT_Q16;
    lnn_matvec_rows4(ro->weights, ro->bias, state, lnn_rows4(ro->n_labels), ro->n_inputs, scratch);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        float logit = scratch[i] * 65536.0f;
        ro->logits_q16[i] = (int32_t)(logit > limit ? limit : logit < -limit ? -limit : logit);
    }
}

void lnn_readout_s8_logits(lnn_readout_t *ro, const int16_t *state, int32_t *scratch) {
    lnn_matvec(&ro->matrix, state, scratch, scratch + lnn_rows4(ro->n_labels));
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        int32_t logit = ro->bias_q16[i] + lnn_mul_high(scratch[i], ro->scale[i]);
        ro->logits_q16[i] = lnn_clamp(logit, -LOGIT_LIMIT_Q16, LOGIT_LIMIT_Q16);
    }
}

void lnn_readout_step(lnn_readout_t *ro, const void *state, const int16_t *features_q12, uint32_t dt_us,
                      uint32_t longest_us, void *scratch) {
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

void lnn_readout_elapse(lnn_readout_t *ro, uint32_t samples) {
    ro->refractory_samples -= samples < ro->refractory_samples ? samples : ro->refractory_samples;
}

uint16_t lnn_readout_top(const lnn_readout_t *ro) {
    uint16_t top = 0;
    for (uint16_t i = 1; i < ro->n_labels; i++) {
        if (ro->evidence_q16[i] > ro->evidence_q16[top]) {
            top = i;
        }
    }
    /* before any evidence all labels are equal: that is the idle one */
    if (ro->idle_label != LNN_NO_LABEL && ro->evidence_q16[top] <= ro->evidence_q16[ro->idle_label]) {
        top = ro->idle_label;
    }
    return top;
}

/* The label detected now, or LNN_NO_LABEL. */
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint32_t sample_rate_hz) {
    uint16_t top = lnn_readout_top(ro);
    bool above = ro->threshold_q15[top] > 0 && ro->posterior_q15[top] >= ro->threshold_q15[top];
    if (!above || !(ro->armed & bit(top)) || ro->refractory_samples > 0) {
        return LNN_NO_LABEL;
    }
    ro->armed &= ~bit(top);
    ro->refractory_samples = (uint64_t)ro->labels[top].refractory_us * sample_rate_hz / 1000000u;
    return top;
}
