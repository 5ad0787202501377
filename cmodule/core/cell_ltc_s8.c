/*
 * The fused liquid step of cell_ltc.c in integers, with the timestep free at every step. With
 * c = 1 + dt/tau and s = sigmoid(zf + ln(dt/c)) that step is
 *
 *     h <- (1 - s) h/c + s A
 *
 * so dt is one addition to the gate's argument and one scale 1/c of the state. Both are computed here,
 * by table, when dt changes (lnn_cell_s8_set_dt); the step itself has neither float nor division.
 *
 * Fractions: h and A q30, the state's copy for the product q15, arguments q16 and q11, s q31, 1/c q31.
 * Bounds: |A| < 0.996 (lnn_tanh_q30). 1/c < 1 shrinks |h|. The new h lies between h/c and A, but for two
 * units of rounding downwards: |h| < 0.996 always, its copy is within LNN_NUMBER_LIMIT, and A - h/c fits
 * 32 bits.
 */
#include "internal.h"
#include "fixmath.h"

#define LN2_Q31 1488522236 /* ln 2 */
#define LOG2_MILLION_Q16 1306238 /* log2(10**6): dt is in microseconds */

/* c = 1 + dt/tau in q20, at most 2**32 - 1: inv_tau is at most 4000 per second (checked at load) */
static uint32_t leak_q20(uint32_t inv_tau_q16, uint32_t dt_us) {
    uint64_t dt_q24 = (uint64_t)dt_us * 281474977u >> 24; /* 2**48 / 10**6 */
    return (1u << 20) + (uint32_t)(dt_q24 * inv_tau_q16 >> 20);
}

/* 1/c in q31 from log2 c: an estimate by table, then one step of Newton's method */
static uint32_t reciprocal_q31(uint32_t c_q20, int32_t log2_c_q16) {
    uint64_t estimate = lnn_exp2_minus_q31((uint32_t)log2_c_q16);
    int64_t error_q31 = (int64_t)((uint64_t)1 << 31) - (int64_t)(estimate * c_q20 >> 20);
    int64_t better = (int64_t)estimate + ((int64_t)estimate * error_q31 >> 31);
    return better > INT32_MAX ? INT32_MAX : (uint32_t)better;
}

/* Share of what is new after dt_us with this time constant, 1 - 1/c, in q31. */
uint32_t lnn_leak_share_q31(uint32_t inv_tau_q16, uint32_t dt_us) {
    uint32_t c = leak_q20(inv_tau_q16, dt_us);
    return (uint32_t)INT32_MAX - reciprocal_q31(c, lnn_log2_q16(c) - (20 << 16));
}

static void set_dt(lnn_cell_t *owner, uint32_t dt_us) {
    lnn_cell_s8_t *cell = &owner->as.s8;
    int32_t log2_dt_q16 = lnn_log2_q16(dt_us) - LOG2_MILLION_Q16;
    for (uint32_t i = 0; i < owner->n_units; i++) {
        uint32_t c = leak_q20(cell->inv_tau_q16[i], dt_us);
        int32_t log2_c_q16 = lnn_log2_q16(c) - (20 << 16);
        cell->inv_c_q31[i] = (int32_t)reciprocal_q31(c, log2_c_q16);
        /* ln(dt/c): from -16 to 0; q16 to q11 and log2 to ln in one product */
        cell->shift_q11[i] = (int16_t)(lnn_mul_high((log2_dt_q16 - log2_c_q16) * 2, LN2_Q31) >> 5);
    }
    cell->dt_us = dt_us;
}

/*
 * z in q16, 2N of them: gate and reversal of each unit side by side. |z| < 3 * 2**29 by the loader's
 * bounds. Scratch: z (2N), the state's sums (2N), then what the product wants.
 */
static void arguments(const lnn_cell_t *owner, int32_t *z) {
    const lnn_cell_s8_t *cell = &owner->as.s8;
    uint32_t rows = 2u * owner->n_units;
    int32_t *from_state = z + rows;
    lnn_matvec_s8(&cell->inputs, cell->uh, z, from_state + rows);
    lnn_matvec_s8(&cell->state, lnn_state_s8(owner), from_state, from_state + rows);
    for (uint32_t k = 0; k < rows; k++) {
        z[k] = cell->bias_q16[k] + lnn_mul_high(z[k], cell->scale_inputs[k])
            + lnn_mul_high(from_state[k], cell->scale_state[k]);
    }
}

void lnn_cell_s8_step(lnn_cell_t *owner, uint32_t dt_us, int32_t *scratch) {
    lnn_cell_s8_t *cell = &owner->as.s8;
    int16_t *copy = lnn_state_s8(owner);
    if (dt_us != cell->dt_us) {
        set_dt(owner, dt_us);
    }
    arguments(owner, scratch);
    const int32_t *z = scratch;
    for (uint32_t i = 0; i < owner->n_units; i++, z += 2) {
        int32_t gate = lnn_clamp(z[0] >> 5, -cell->gate_clamp_q11, cell->gate_clamp_q11);
        int32_t s = lnn_sigmoid_q31(gate + cell->shift_q11[i]);
        int32_t potential = lnn_tanh_q30(z[1] >> 5);
        int32_t kept = 2 * lnn_mul_high(cell->h_q30[i], cell->inv_c_q31[i]);
        int32_t h = kept + 2 * lnn_mul_high(s, potential - kept);
        cell->h_q30[i] = h;
        copy[i] = (int16_t)(h >> 15);
    }
}
