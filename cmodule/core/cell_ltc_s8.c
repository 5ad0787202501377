/* SPDX-License-Identifier: MIT */
/*
 * The fused liquid step of cell_ltc_f32.c in integers, with the timestep free at every step. With
 * c = 1 + dt/tau and s = sigmoid(zf + ln(dt/c)) that step is
 *
 *     h <- (1 - s) h/c + s A
 *
 * so dt is one addition to the gate's argument and one scale 1/c of the state. Both are computed here,
 * by table, when dt changes (lnn_leak_set_dt); the step itself has neither float nor division.
 *
 * Fractions: h and A q30, the state's copy for the product q15, arguments q16 and q11, s q31, 1/c q31.
 * Bounds: |A| < 0.996 (lnn_tanh_q30). 1/c < 1 shrinks |h|. The new h lies between h/c and A, but for two
 * units of rounding downwards: |h| < 0.996 always, its copy is within LNN_MAX_NUMBER, and A - h/c fits
 * 32 bits.
 */
#include <string.h>

#include "cell.h"

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

/* q16 to q11 and log2 to ln in one product */
static int32_t ln_q11(int32_t log2_q16) {
    return lnn_mul_high(log2_q16 * 2, LN2_Q31) >> 5;
}

int32_t lnn_ln_us_q11(uint32_t us) {
    return ln_q11(lnn_log2_q16(us) - LOG2_MILLION_Q16);
}

void lnn_leak_set_dt(const uint32_t *inv_tau_q16, uint32_t n, uint32_t dt_us, int32_t *inv_c_q31, int16_t *shift_q11) {
    int32_t log2_dt_q16 = lnn_log2_q16(dt_us) - LOG2_MILLION_Q16;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = leak_q20(inv_tau_q16[i], dt_us);
        int32_t log2_c_q16 = lnn_log2_q16(c) - (20 << 16);
        inv_c_q31[i] = (int32_t)reciprocal_q31(c, log2_c_q16);
        shift_q11[i] = (int16_t)ln_q11(log2_dt_q16 - log2_c_q16); /* from -16 to 0 */
    }
}

void lnn_cell_s8_set_dt(lnn_cell_t *owner, uint32_t dt_us) {
    lnn_cell_s8_t *cell = &owner->as.s8;
    if (dt_us != cell->dt_us) {
        lnn_leak_set_dt(cell->inv_tau_q16, owner->n_units, dt_us, cell->inv_c_q31, cell->shift_q11);
        cell->dt_us = dt_us;
    }
}

static bool moved_far(int32_t delta, int32_t limit) {
    return delta > limit || delta < -limit;
}

/*
 * The fours of states in which one has moved further than delta_q15 since it counted last: they count
 * as they are now. Returns how many, UINT32_MAX where one has moved too far for 16 bits.
 */
static uint32_t find_moved(const lnn_cell_t *owner, lnn_delta_s8_t *moved) {
    const lnn_cell_s8_t *cell = &owner->as.s8;
    const int16_t *h = lnn_state_s8(owner);
    int16_t *counted = cell->counted;
    uint32_t n = 0, n_columns = lnn_rows4(owner->n_units);
    for (uint32_t column = 0; column < n_columns; column += 4, h += 4, counted += 4) {
        int32_t d0 = h[0] - counted[0], d1 = h[1] - counted[1], d2 = h[2] - counted[2], d3 = h[3] - counted[3];
        uint32_t far = (uint32_t)(d0 ^ d0 >> 31) | (uint32_t)(d1 ^ d1 >> 31) | (uint32_t)(d2 ^ d2 >> 31)
                       | (uint32_t)(d3 ^ d3 >> 31);
        if (far > INT16_MAX) {
            return UINT32_MAX;
        }
        if (moved_far(d0, cell->delta_q15) || moved_far(d1, cell->delta_q15) || moved_far(d2, cell->delta_q15)
            || moved_far(d3, cell->delta_q15)) {
            lnn_delta_s8_t change = {4u * column, {(int16_t)d0, (int16_t)d1, (int16_t)d2, (int16_t)d3}};
            moved[n++] = change;
            memcpy(counted, h, 4 * sizeof *h);
        }
    }
    return n;
}

/* The state's product by what has moved; exact for the states as they count. Returns the products that were not needed. */
static uint32_t update_sums(const lnn_cell_t *owner, void *spare) {
    const lnn_cell_s8_t *cell = &owner->as.s8;
    uint32_t n_columns = lnn_rows4(owner->n_units);
    uint32_t n = find_moved(owner, spare);
    if (n == UINT32_MAX) {
        memcpy(cell->counted, lnn_state_s8(owner), n_columns * sizeof *cell->counted);
        lnn_matvec(&cell->state, cell->counted, cell->sums, spare);
        return 0;
    }
    if (n > 0) {
        lnn_matvec_s8_add(&cell->state, spare, n, cell->sums);
    }
    return 2u * owner->n_units * (n_columns - 4u * n);
}

/*
 * Arguments z in q16, 2N of them: gate and reversal of each unit side by side. Scratch: the sums of the
 * inputs (2N), which become z, those of the state (2N), then what the product wants.
 */
uint32_t lnn_cell_s8_step(lnn_cell_t *owner, uint32_t dt_us, int32_t *scratch) {
    lnn_cell_s8_t *const cell = &owner->as.s8;
    uint32_t rows = 2u * owner->n_units, skipped = cell->pruned_macs;
    const int32_t *from_state = scratch + rows;
    lnn_cell_s8_set_dt(owner, dt_us);
    lnn_matvec(&cell->inputs, cell->uh, scratch, scratch + 2u * rows);
    if (cell->delta_q15 > 0) {
        skipped += update_sums(owner, scratch + rows);
        from_state = cell->sums;
    } else {
        lnn_matvec(&cell->state, lnn_state_s8(owner), scratch + rows, scratch + 2u * rows);
    }
    lnn_scale_sums(scratch, cell->bias_q16, cell->scale_inputs, from_state, cell->scale_state, rows);
    const int32_t *z = scratch, *inv_c = cell->inv_c_q31; /* |z| < 3 * 2**29 by the loader's bounds */
    const int16_t *shift = cell->shift_q11;
    int32_t *state = cell->h_q30, clamp = cell->gate_clamp_q11;
    int16_t *copy = lnn_state_s8(owner);
    for (const int32_t *end = state + owner->n_units; state < end; state++, z += 2) {
        int32_t gate = lnn_clamp(z[0] >> 5, -clamp, clamp) + *shift++;
        int32_t h = lnn_unit_step_q30(*state, gate, z[1] >> 5, *inv_c++);
        *state = h;
        *copy++ = (int16_t)(h >> 15);
    }
    return skipped;
}
