/* SPDX-License-Identifier: MIT */
/*
 * Logits to evidence (logits smoothed over time), posterior and detection, in integers for every model. Task anomaly
 * has its own posterior: anomaly.c.
 */
#include "cell.h"
#include "fixmath.h"
#include "readout.h"

#define LOG2_E_Q30 1549082005

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

void lnn_readout_update_posterior(lnn_readout_t *ro) {
    if (ro->expects_features) {
        lnn_anomaly_posterior(ro);
    } else {
        update_softmax(ro);
    }
    const uint16_t *posterior = ro->posterior_q15, *threshold = ro->threshold_q15;
    uint64_t armed = ro->armed, mask = 1;
    for (const uint16_t *end = posterior + ro->n_labels; posterior < end; mask += mask) {
        armed |= *posterior++ < *threshold++ ? mask : 0u;
    }
    ro->armed = armed;
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
    if (ro->is_liquid) { /* nothing heard */
        lnn_readout_fade(ro, dt_us, 1);
        return;
    }
    int32_t share = smoothing_share(ro, dt_us);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        int32_t target = heard ? ro->logits_q16[i] : 0;
        ro->evidence_q16[i] += 2 * lnn_mul_high(target - ro->evidence_q16[i], share);
    }
    lnn_readout_update_posterior(ro);
}

void lnn_readout_fade(lnn_readout_t *ro, uint32_t dt_us, uint32_t times) {
    if (ro->is_liquid) {
        lnn_liquid_fade(ro, dt_us, times);
        lnn_readout_update_posterior(ro);
        return;
    }
    int32_t kept = INT32_MAX - smoothing_share(ro, dt_us);
    for (; times > 0; times >>= 1, kept = 2 * lnn_mul_high(kept, kept)) { /* kept to the power of times */
        for (uint32_t i = 0; times & 1u && i < ro->n_labels; i++) {
            ro->evidence_q16[i] = 2 * lnn_mul_high(ro->evidence_q16[i], kept);
        }
    }
    lnn_readout_update_posterior(ro);
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

uint32_t lnn_readout_belief(const lnn_readout_t *ro) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->threshold_q15[i] > 0 && ro->posterior_q15[i] > largest) {
            largest = ro->posterior_q15[i];
        }
    }
    return largest;
}

/* The label detected now, or LNN_NO_LABEL. */
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint64_t now, uint32_t sample_rate_hz) {
    uint16_t top = lnn_readout_top(ro);
    bool above = ro->threshold_q15[top] > 0 && ro->posterior_q15[top] >= ro->threshold_q15[top];
    if (!above || !(ro->armed & bit(top)) || now < ro->ready_at[top]) {
        return LNN_NO_LABEL;
    }
    ro->armed &= ~bit(top);
    ro->ready_at[top] = now + (uint64_t)ro->refractory_us[top] * sample_rate_hz / 1000000u;
    return top;
}
