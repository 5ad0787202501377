/* SPDX-License-Identifier: MIT */
/* Traces: beside each feature x the first cell hears x - m, where m is a slow mean of x. */
#ifndef LNN_TRACES_H
#define LNN_TRACES_H

#include <stdbool.h>
#include <stdint.h>

#include "place.h"

typedef struct {
    /* config */
    uint16_t n_channels; /* 0: the model has none */
    bool integer;
    /* weights */
    const float *tau; /* (n_channels) s */
    /* state */
    bool started; /* the means hold something */
    union {
        struct {
            float *mean; /* (n_channels) */
        } f32;
        struct {
            int32_t *mean_q27; /* (n_channels) */
            /* of the file */
            int16_t *ln_tau_q11; /* (n_channels) */
            /* of dt_us, until it changes */
            int32_t *share_q31; /* (n_channels) dt / (dt + tau) */
            uint32_t dt_us;
        } s8;
    } as;
} lnn_traces_t;

LNN_COLD void lnn_traces_place(lnn_traces_t *traces, uintptr_t *next);
LNN_COLD void lnn_traces_init(lnn_traces_t *traces); /* time constants of the file */

static inline void lnn_traces_reset(lnn_traces_t *traces) {
    traces->started = false;
}

/*
 * dt after the last step, x in the first half of `inputs`: the second half becomes x - m. `inputs` (2 * n_channels) are
 * those of an integer cell (int16_t, q12) or of a float cell. dt_s counts for float models only.
 */
void lnn_traces_step(lnn_traces_t *traces, void *inputs, uint32_t dt_us, float dt_s);

#endif
