/* SPDX-License-Identifier: MIT */
/* From the state of the last cell, or of all cells, to logits, evidence, posterior and detections. */
#ifndef LNN_READOUT_H
#define LNN_READOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lnn_format.h"
#include "matvec_s8.h"
#include "place.h"

#define LNN_NO_LABEL UINT16_MAX
#define LNN_LOGIT_LIMIT_Q16 (128 << 16) /* so that a logit is exact as a float, too */

typedef struct {
    /* config */
    uint16_t n_inputs;
    uint16_t n_labels;
    uint16_t idle_label;
    bool integer;                   /* weights are int8 or int16, else float32 */
    bool expects_features;          /* task anomaly */
    bool is_liquid;                 /* rows: gate and value of each label side by side; else logits, smoothed */
    bool hears_all;                 /* cells, not only the last one */
    uint32_t inv_smoothing_q16;     /* 1/s */
    const lnn_file_label_t *labels; /* (n_labels) */
    /* weights of a float model */
    const float *bias;    /* (lnn_readout_rows) */
    const float *weights; /* (lnn_readout_rows, n_inputs) rows4 */
    /* weights of an integer model */
    const int32_t *bias_q16; /* (lnn_readout_rows) */
    const int32_t *scale;    /* (lnn_readout_rows) */
    lnn_matrix_t matrix;     /* (lnn_readout_rows, n_inputs) */
    /* if is_liquid */
    union {
        struct {
            const float *inv_tau; /* (n_labels) 1/s */
            float *evidence;      /* (n_labels) */
        } f32;
        struct {
            const uint32_t *inv_tau_q16; /* (n_labels) 1/s */
            int32_t *evidence_q22;       /* (n_labels) with the bits that a small timestep needs */
            /* of dt_us, until it changes */
            int32_t *inv_c_q31; /* (n_labels) 1 / (1 + dt/tau) */
            int16_t *shift_q11; /* (n_labels) ln(dt / (1 + dt/tau)) */
        } s8;
    } liquid;
    /* state */
    void *heard;                 /* if hears_all, else NULL: (columns8(n_inputs)) int16_t or (n_inputs) float */
    int32_t *logits_q16;         /* (rows4(n_labels)); anomaly: the features expected at the next step */
    int32_t *evidence_q16;       /* (n_labels) logits smoothed over time; anomaly: their squared errors */
    uint16_t *posterior_q15;     /* (n_labels) softmax of the evidence; anomaly: s / (1 + s) for all, s its mean */
    float *scores;               /* (n_labels) what the caller sees; anomaly: the share of each band in the error */
    float *thresholds;           /* (n_labels) writable copy of the file's */
    uint16_t *threshold_q15;     /* (n_labels) */
    uint32_t *refractory_us;     /* (n_labels) writable copy of the file's */
    uint64_t *ready_at;          /* (n_labels) sample from which it may be detected again */
    uint64_t armed;              /* a bit per label: its posterior was below the threshold since its detection */
    uint32_t dt_us;              /* of share_q31, or of a liquid readout's 1/c */
    int32_t share_q31;           /* of new logits in the evidence */
} lnn_readout_t;

/* readout.c */
/* What the readout's own state takes besides the bytes that the format counts. */
static inline uint32_t lnn_readout_own_bytes(uint32_t n_labels) {
    return lnn_rows4(n_labels) * (uint32_t)(sizeof(uint32_t) + sizeof(uint64_t));
}

static inline uint32_t lnn_readout_rows(const lnn_readout_t *ro) {
    return lnn_rows4(ro->is_liquid ? 2u * ro->n_labels : ro->n_labels);
}

LNN_COLD uint32_t lnn_readout_scratch_bytes(const lnn_readout_t *ro);
LNN_COLD void lnn_readout_place(lnn_readout_t *ro, uintptr_t *next);
LNN_COLD void lnn_readout_init(lnn_readout_t *ro); /* thresholds and refractory times of the file */
LNN_COLD void lnn_readout_reset(lnn_readout_t *ro);
LNN_COLD void lnn_readout_set_threshold(lnn_readout_t *ro, uint32_t label, float threshold);

/*
 * A step of dt_us: new logits from the state that it hears, then evidence and posterior. features_q12 is what the first
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
uint32_t lnn_readout_belief(const lnn_readout_t *ro); /* q15, the largest posterior of a label with a threshold */
/* The evidence after `times` times dt_us of silence. */
void lnn_readout_fade(lnn_readout_t *ro, uint32_t dt_us, uint32_t times);
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint64_t now, uint32_t sample_rate_hz); /* LNN_NO_LABEL: none */

/* liquid_readout.c: in the place of logits and smoothing if is_liquid; the posterior is not updated */
LNN_COLD void lnn_liquid_place(lnn_readout_t *ro, uintptr_t *next);
LNN_COLD void lnn_liquid_reset(lnn_readout_t *ro);
void lnn_liquid_step(lnn_readout_t *ro, const void *state, uint32_t dt_us, void *scratch);
void lnn_liquid_fade(lnn_readout_t *ro, uint32_t dt_us, uint32_t times); /* `times` times dt_us of silence */

/* anomaly.c: in the place of softmax and scores if expects_features */
void lnn_anomaly_errors(lnn_readout_t *ro, const int16_t *features_q12);
void lnn_anomaly_posterior(lnn_readout_t *ro);
void lnn_anomaly_share(const lnn_readout_t *ro);

#endif
