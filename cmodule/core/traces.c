/* SPDX-License-Identifier: MIT */
/*
 * Traces: for each feature x, which is a logarithm of a power, a leaky mean m with its own time constant. At the first
 * step m = x, then
 *
 *     dm/dt = (x - m) / tau,   in steps   m <- m + dt/(dt + tau) (x - m)
 *
 * x - m does not change with gain. In integers the share is dt/(dt + tau) = sigmoid(ln dt - ln tau): when dt changes, it
 * costs a look into a table for each channel, no division and no logarithm.
 *
 * Fractions: x and x - m q12, m q27, shares q31, logarithms q11.
 * Bounds: |x| <= LNN_MAX_NUMBER = 32639, so that x in q27 is below 2**15 * 32639 < 1.07e9. The new m lies between the old
 * one and x but for two units of rounding downwards: |x - m| <= 2**16 * 32639 + 2 < 2**31.
 */
#include "traces.h"

#include "cell.h"
#include "fixmath.h"
#include "lnn_format.h"

void lnn_traces_place(lnn_traces_t *traces, uintptr_t *next) {
    uint32_t n = traces->n_channels;
    if (n == 0) {
        return;
    }
    if (!traces->integer) {
        traces->as.f32.mean = lnn_place(next, n, sizeof *traces->as.f32.mean);
        return;
    }
    traces->as.s8.mean_q27 = lnn_place(next, n, sizeof *traces->as.s8.mean_q27);
    traces->as.s8.share_q31 = lnn_place(next, n, sizeof *traces->as.s8.share_q31);
    traces->as.s8.ln_tau_q11 = lnn_place(next, n, sizeof *traces->as.s8.ln_tau_q11);
}

void lnn_traces_init(lnn_traces_t *traces) {
    for (uint32_t i = 0; traces->integer && i < traces->n_channels; i++) {
        uint32_t tau_us = (uint32_t)(traces->tau[i] * 1e6f + 0.5f); /* 1000 to 6e7 by the loader's bounds */
        traces->as.s8.ln_tau_q11[i] = (int16_t)lnn_ln_us_q11(tau_us);
    }
}

static void step_f32(lnn_traces_t *traces, float *x, float dt_s) {
    float *mean = traces->as.f32.mean, *difference = x + traces->n_channels;
    for (uint32_t i = 0; i < traces->n_channels; i++) {
        float m = traces->started ? mean[i] + dt_s / (dt_s + traces->tau[i]) * (x[i] - mean[i]) : x[i];
        mean[i] = m;
        difference[i] = x[i] - m;
    }
}

static void set_dt(lnn_traces_t *traces, uint32_t dt_us) {
    int32_t ln_dt_q11 = lnn_ln_us_q11(dt_us); /* -14148 to 0, as dt is 1 ms to 1 s; ln tau is up to 8386 */
    for (uint32_t i = 0; i < traces->n_channels; i++) {
        traces->as.s8.share_q31[i] = lnn_sigmoid_q31(ln_dt_q11 - traces->as.s8.ln_tau_q11[i]);
    }
    traces->as.s8.dt_us = dt_us;
}

static void step_s8(lnn_traces_t *traces, int16_t *x, uint32_t dt_us) {
    int32_t *mean = traces->as.s8.mean_q27;
    const int32_t *share = traces->as.s8.share_q31;
    int16_t *const middle = x + traces->n_channels, *difference = middle;
    if (dt_us != traces->as.s8.dt_us) {
        set_dt(traces, dt_us);
    }
    for (uint32_t i = 0; !traces->started && i < traces->n_channels; i++) {
        mean[i] = x[i] * 32768;
    }
    while (x < middle) {
        int32_t x_q27 = *x++ * 32768;
        int32_t m = *mean + 2 * lnn_mul_high(x_q27 - *mean, *share++);
        int32_t above = (x_q27 - m) >> 15;
        *mean++ = m;
        if ((uint32_t)(above + LNN_MAX_NUMBER) > 2u * LNN_MAX_NUMBER) { /* rarely */
            above = above < 0 ? -LNN_MAX_NUMBER : LNN_MAX_NUMBER;
        }
        *difference++ = (int16_t)above;
    }
}

void lnn_traces_step(lnn_traces_t *traces, void *inputs, uint32_t dt_us, float dt_s) {
    if (traces->integer) {
        step_s8(traces, inputs, dt_us);
    } else {
        step_f32(traces, inputs, dt_s);
    }
    traces->started = true;
}
