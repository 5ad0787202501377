/* SPDX-License-Identifier: MIT */
/*
 * The liquid readout: evidence e of each label with a conductance of its own, which decides when to listen. It is the
 * equation of a cell without a feedback of the state:
 *
 *     g = exp(Wg h + bg)                         conductance, 1/s (argument clamped to -12 to 8)
 *     v = Wv h + bv                              value
 *     de/dt = -(1/tau + g) e + g v
 *     e <- (e + dt g v) / (1 + dt/tau + dt g)
 *
 * In integers, with c = 1 + dt/tau and s = sigmoid(zg + ln(dt/c)), as in cell_ltc_s8.c:
 *
 *     e <- (1 - s) e/c + s v
 *
 * In silence g counts as 0, so that e <- e/c. The logits are the evidence.
 *
 * Fractions: e and v q22, arguments q16 and q11, s and 1/c q31; logits and evidence for all others q16.
 * Bounds: |v| <= 128 (clamped), which is 2**29 in q22. The new e lies between e/c and v but for four units of rounding
 * downwards: |e| <= 2**29 + 4, and v - e/c fits 32 bits.
 */
#include "cell.h"
#include "dsp.h"
#include "fixmath.h"
#include "readout.h"

void lnn_liquid_place(lnn_readout_t *ro, uintptr_t *next) {
    uint32_t rows = lnn_rows4(ro->n_labels);
    if (!ro->integer) {
        ro->liquid.f32.evidence = lnn_place(next, rows, sizeof *ro->liquid.f32.evidence);
        return;
    }
    ro->liquid.s8.evidence_q22 = lnn_place(next, rows, sizeof *ro->liquid.s8.evidence_q22);
    ro->liquid.s8.inv_c_q31 = lnn_place(next, rows, sizeof *ro->liquid.s8.inv_c_q31);
    ro->liquid.s8.shift_q11 = lnn_place(next, rows, sizeof *ro->liquid.s8.shift_q11);
}

void lnn_liquid_reset(lnn_readout_t *ro) {
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->integer) {
            ro->liquid.s8.evidence_q22[i] = 0;
        } else {
            ro->liquid.f32.evidence[i] = 0.0f;
        }
    }
}

static float clamped(float x, float low, float high) {
    return x > high ? high : x < low ? low : x;
}

static void step_f32(lnn_readout_t *ro, const float *state, uint32_t dt_us, float *scratch) {
    const float *z = scratch, limit = (float)LNN_LOGIT_LIMIT_Q16 / 65536.0f, dt_s = (float)dt_us * 1e-6f;
    float *evidence = ro->liquid.f32.evidence;
    lnn_matvec_f32(ro->weights, ro->bias, state, lnn_readout_rows(ro), ro->n_inputs, scratch);
    for (uint32_t i = 0; i < ro->n_labels; i++, z += 2) {
        float g =
            dt_s * lnn_exp_f32(clamped(z[0], (float)LNN_MIN_READOUT_GATE, (float)LNN_MAX_READOUT_GATE)); /* dt g */
        float v = clamped(z[1], -limit, limit);
        evidence[i] = (evidence[i] + g * v) / (1.0f + dt_s * ro->liquid.f32.inv_tau[i] + g);
        ro->logits_q16[i] = ro->evidence_q16[i] = (int32_t)(evidence[i] * 65536.0f);
    }
}

static void set_dt(lnn_readout_t *ro, uint32_t dt_us) {
    lnn_leak_set_dt(ro->liquid.s8.inv_tau_q16, ro->n_labels, dt_us, ro->liquid.s8.inv_c_q31, ro->liquid.s8.shift_q11);
    ro->dt_us = dt_us;
}

static void step_s8(lnn_readout_t *ro, const int16_t *state, uint32_t dt_us, int32_t *scratch) {
    if (dt_us != ro->dt_us) {
        set_dt(ro, dt_us);
    }
    lnn_matvec(&ro->matrix, state, scratch, scratch + lnn_readout_rows(ro));
    const int32_t *sum = scratch, *bias = ro->bias_q16, *scale = ro->scale;
    for (uint32_t i = 0; i < ro->n_labels; i++, sum += 2, bias += 2, scale += 2) {
        int32_t gate = (bias[0] + lnn_mul_high(sum[0], scale[0])) >> 5; /* |bias + scaled sum| < 2**30 */
        int32_t v = bias[1] + lnn_mul_high(sum[1], scale[1]);
        gate = lnn_clamp(gate, LNN_MIN_READOUT_GATE * 2048, LNN_MAX_READOUT_GATE * 2048);
        v = lnn_clamp(v, -LNN_LOGIT_LIMIT_Q16, LNN_LOGIT_LIMIT_Q16) * 64;
        int32_t s = lnn_sigmoid_q31(gate + ro->liquid.s8.shift_q11[i]);
        int32_t kept = 2 * lnn_mul_high(ro->liquid.s8.evidence_q22[i], ro->liquid.s8.inv_c_q31[i]);
        int32_t e = kept + 2 * lnn_mul_high(s, v - kept);
        ro->liquid.s8.evidence_q22[i] = e;
        ro->logits_q16[i] = ro->evidence_q16[i] = e >> 6;
    }
}

void lnn_liquid_step(lnn_readout_t *ro, const void *state, uint32_t dt_us, void *scratch) {
    if (ro->integer) {
        step_s8(ro, state, dt_us, scratch);
    } else {
        step_f32(ro, state, dt_us, scratch);
    }
}

/* x * kept to the power of times, which is above 0 */
static float faded_f32(float x, float kept, uint32_t times) {
    for (; times > 0; times >>= 1, kept *= kept) {
        x = times & 1u ? x * kept : x;
    }
    return x;
}

static int32_t faded_q22(int32_t x, int32_t kept_q31, uint32_t times) {
    for (; times > 0; times >>= 1, kept_q31 = 2 * lnn_mul_high(kept_q31, kept_q31)) {
        x = times & 1u ? 2 * lnn_mul_high(x, kept_q31) : x;
    }
    return x;
}

void lnn_liquid_fade(lnn_readout_t *ro, uint32_t dt_us, uint32_t times) {
    if (ro->integer && dt_us != ro->dt_us) {
        set_dt(ro, dt_us);
    }
    for (uint32_t i = 0; i < ro->n_labels; i++) {
        if (ro->integer) {
            int32_t *e = &ro->liquid.s8.evidence_q22[i];
            *e = faded_q22(*e, ro->liquid.s8.inv_c_q31[i], times);
            ro->evidence_q16[i] = *e >> 6;
        } else {
            float *e = &ro->liquid.f32.evidence[i];
            *e = faded_f32(*e, 1.0f / (1.0f + (float)dt_us * 1e-6f * ro->liquid.f32.inv_tau[i]), times);
            ro->evidence_q16[i] = (int32_t)(*e * 65536.0f);
        }
    }
}
