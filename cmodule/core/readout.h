/* SPDX-License-Identifier: MIT */
/* From the last cell's state to logits, evidence, posterior and detections. */
#ifndef LNN_READOUT_H
#define LNN_READOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lnn_format.h"
#include "matvec_s8.h"
#include "place.h"

#define LNN_NO_LABEL UINT16_MAX

typedef struct {
    /* config */
    uint16_t n_inputs;
    uint16_t n_labels;
    uint16_t idle_label;
    bool integer;                   /* weights are int8 or int16, else float32 */
    bool expects_features;          /* task anomaly */
    uint32_t inv_smoothing_q16;     /* 1/s */
    const lnn_file_label_t *labels; /* (n_labels) */
    /* weights of a float model */
    const float *bias;    /* (rows4(n_labels)) */
    const float *weights; /* (n_labels, n_inputs) rows4 */
    /* weights of an integer model */
    const int32_t *bias_q16; /* (rows4(n_labels)) */
    const int32_t *scale;    /* (rows4(n_labels)) */
    lnn_matrix_t matrix;     /* (rows4(n_labels), n_inputs) */
    /* state */
    int32_t *logits_q16;         /* (rows4(n_labels)); anomaly: the features expected at the next step */
    int32_t *evidence_q16;       /* (n_labels) logits smoothed over time; anomaly: their squared errors */
    uint16_t *posterior_q15;     /* (n_labels) softmax of the evidence; anomaly: s / (1 + s) for all, s its mean */
    float *scores;               /* (n_labels) what the caller sees; anomaly: the share of each band in the error */
    float *thresholds;           /* (n_labels) writable copy of the file's */
    uint16_t *threshold_q15;     /* (n_labels) */
    uint32_t *refractory_us;     /* (n_labels) writable copy of the file's */
    uint64_t *ready_at;          /* (n_labels) sample from which it may be detected again */
    uint64_t armed;              /* a bit per label: its posterior was below the threshold since its detection */
    uint32_t dt_us;              /* of share_q31 */
    int32_t share_q31;           /* of new logits in the evidence */
} lnn_readout_t;

/* readout.c */
/* What the readout's own state takes besides the bytes that the format counts. */
static inline uint32_t lnn_readout_own_bytes(uint32_t n_labels) {
    return lnn_rows4(n_labels) * (uint32_t)(sizeof(uint32_t) + sizeof(uint64_t));
}

LNN_COLD uint32_t lnn_readout_scratch_bytes(const lnn_readout_t *ro);
LNN_COLD void lnn_readout_place(lnn_readout_t *ro, uintptr_t *next);
LNN_COLD void lnn_readout_init(lnn_readout_t *ro); /* thresholds and refractory times of the file */
LNN_COLD void lnn_readout_reset(lnn_readout_t *ro);
LNN_COLD void lnn_readout_set_threshold(lnn_readout_t *ro, uint32_t label, float threshold);

/*
 * A step of dt_us: new logits from the last cell's state, then evidence and posterior. features_q12 is what the first
 * cell heard, for task anomaly, whose evidence counts at most longest_us of dt_us.
 */
void lnn_readout_step(lnn_readout_t *ro, const void *state, const int16_t *features_q12, uint32_t dt_us,
                      uint32_t longest_us, void *scratch);
void lnn_readout_f32_logits(lnn_readout_t *ro, const float *state, float *scratch);
void lnn_readout_s8_logits(lnn_readout_t *ro, const int16_t *state, int32_t *scratch);
LNN_COLD void lnn_readout_report(const lnn_readout_t *ro); /* scores */

/* evidence.c */
void lnn_readout_update_posterior(lnn_readout_t *ro);
void lnn_readout_smooth(lnn_readout_t *ro, uint32_t dt_us, bool heard);
uint16_t lnn_readout_top(const lnn_readout_t *ro);
/* The evidence after `times` times dt_us of silence. */
void lnn_readout_fade(lnn_readout_t *ro, uint32_t dt_us, uint32_t times);
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint64_t now, uint32_t sample_rate_hz); /* LNN_NO_LABEL: none */

/* anomaly.c: in the place of softmax and scores if expects_features */
void lnn_anomaly_errors(lnn_readout_t *ro, const int16_t *features_q12);
void lnn_anomaly_posterior(lnn_readout_t *ro);
void lnn_anomaly_share(const lnn_readout_t *ro);

#endif
