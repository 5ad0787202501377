/* SPDX-License-Identifier: MIT */
/*
 * Task anomaly: the readout's logits are the features that it expects of the next step. Their squared
 * errors, smoothed over time, are the evidence; how large they are together says how unlike normal the
 * sound is, how they are shared says at which frequency.
 */
#include "readout.h"

#include "fixmath.h"

#define ERROR_LIMIT_Q12 65535 /* its square fits 32 bits */
#define LEAST_ERROR 2         /* smoothing rounds down, to -1 at the least */

/* The last step's logits become the squared errors of what they expected, in q16, below 256. */
void lnn_anomaly_errors(lnn_readout_t *ro, const int16_t *features_q12) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        int32_t error = lnn_clamp(features_q12[i] - (ro->logits_q16[i] >> 4), -ERROR_LIMIT_Q12, ERROR_LIMIT_Q12);
        ro->logits_q16[i] = (int32_t)((uint32_t)error * (uint32_t)error >> 8);
    }
}

static uint32_t sum_of_errors_q16(const lnn_readout_t *ro) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        sum += (uint32_t)(ro->evidence_q16[i] + LEAST_ERROR);
    }
    return sum;
}

/* s / (1 + s) for every band, s being the mean of their errors: 1 is the limit of what is normal. */
void lnn_anomaly_posterior(lnn_readout_t *ro) {
    uint32_t sum = sum_of_errors_q16(ro);
    int32_t log2_whole_q16 = lnn_log2_u64_q16(sum + ((uint64_t)ro->n_labels << 16));
    uint32_t score_q31 = lnn_exp2_minus_q31((uint32_t)(log2_whole_q16 - lnn_log2_u64_q16(sum)));
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->posterior_q15[i] = (uint16_t)(score_q31 >> 16);
    }
}

/* As the caller sees it: the part of the error that each band has. */
void lnn_anomaly_share(const lnn_readout_t *ro) {
    float whole = 1.0f / (float)sum_of_errors_q16(ro);
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        ro->scores[i] = (float)(ro->evidence_q16[i] + LEAST_ERROR) * whole;
    }
}
