/* SPDX-License-Identifier: MIT */
/*
 * The liquid grid: units at positions along the channels, F at each, which have the equation of cell_ltc_f32.c and share
 * their matrices, as in a convolution. A unit at position p hears `width` channels from stride * p on, of x and, if there
 * are traces, of x - m, and the F units of the positions p - 1, p and p + 1 one step earlier (0 if there is none). Bias
 * and tau belong to each position and unit.
 *
 * What a position hears is laid side by side, so that the products of all other cells run on it.
 *
 * Fractions: states q15 for the next cell, but q12 here, as features are: a row has one scale. The rest is as in
 * cell_ltc_s8.c.
 * Bounds: LNN_MAX_NUMBER holds for features and, divided by 8, for states. |z| < 2**30 by the loader's bounds.
 */
#include <string.h>

#include "cell.h"
#include "dsp.h"

/* Sums of a position; what it hears; what the product wants; states before the step, zeros at both ends. */
uint32_t lnn_grid_scratch_bytes(const lnn_cell_t *cell) {
    uint32_t columns = lnn_grid_columns(cell), around = cell->n_units + 2u * cell->filters;
    return cell->integer ? 8u * cell->filters + 4u * lnn_columns8(columns) + 2u * around
                         : 8u * cell->filters + 4u * columns + 4u * around;
}

void lnn_grid_f32_step(lnn_cell_t *cell, float dt_s, float *scratch) {
    const lnn_cell_f32_t *c = &cell->as.f32;
    const uint32_t filters = cell->filters, width = cell->width, columns = lnn_grid_columns(cell);
    const uint32_t channels = (uint32_t)cell->n_inputs >> (cell->planes - 1u);
    const float *u = c->uh, *bias = c->bias, *inv_tau = c->inv_tau;
    float *h = c->uh + cell->n_inputs, *const end = h + cell->n_units;
    float *z = scratch, *heard = z + 2u * filters, *around = heard + columns;
    memset(around, 0, (cell->n_units + 2u * filters) * sizeof *around);
    memcpy(around + filters, h, cell->n_units * sizeof *around);
    for (; h < end; u += cell->stride, around += filters, bias += 2u * filters) {
        float *to = heard;
        for (uint32_t plane = 0; plane < cell->planes; plane++, to += width) {
            memcpy(to, u + plane * channels, width * sizeof *to);
        }
        memcpy(to, around, 3u * filters * sizeof *to);
        lnn_matvec_f32(c->weights, bias, heard, 2u * filters, columns, z);
        for (uint32_t i = 0; i < filters; i++, h++) {
            *h = lnn_unit_step_f32(*h, z + 2u * i, c->gate_clamp, *inv_tau++, dt_s);
        }
    }
}

/* n > 0 numbers; a library's memcpy has more to do, byte by byte on the smallest cores. */
static inline int16_t *copy(int16_t *to, const int16_t *from, uint32_t n) {
    for (const int16_t *end = from + n; from < end;) {
        *to++ = *from++;
    }
    return to;
}

void lnn_grid_s8_step(lnn_cell_t *owner, uint32_t dt_us, int32_t *scratch) {
    const lnn_cell_s8_t *const cell = &owner->as.s8;
    const uint32_t filters = owner->filters, filled = lnn_columns8(lnn_grid_columns(owner));
    const uint32_t channels = (uint32_t)owner->n_inputs >> (owner->planes - 1u);
    int16_t *const heard = (int16_t *)(scratch + 2u * filters), *const spare = heard + filled;
    int16_t *around = spare + filled, *to = around + filters, *h = lnn_state_s8(owner), *const end = h + owner->n_units;
    lnn_cell_s8_set_dt(owner, dt_us);
    memset(heard, 0, (2u * filled + owner->n_units + 2u * filters) * sizeof *heard);
    for (const int16_t *from = h; from < end;) {
        *to++ = (int16_t)(*from++ >> 3);
    }
    const int16_t *u = cell->uh, *shift = cell->shift_q11;
    const int32_t *bias = cell->bias_q16, *inv_c = cell->inv_c_q31, clamp = cell->gate_clamp_q11;
    int32_t *state = cell->h_q30;
    for (; h < end; u += owner->stride, around += filters) {
        to = copy(heard, u, owner->width);
        if (owner->planes > 1u) {
            to = copy(to, u + channels, owner->width);
        }
        copy(to, around, 3u * filters);
        lnn_matvec(&cell->inputs, heard, scratch, spare);
        const int32_t *sum = scratch, *scale = cell->scale_inputs;
        for (const int16_t *next = h + filters; h < next; sum += 2, scale += 2, bias += 2) {
            int32_t gate = (bias[0] + lnn_mul_high(sum[0], scale[0])) >> 5;
            int32_t potential = (bias[1] + lnn_mul_high(sum[1], scale[1])) >> 5;
            gate = lnn_clamp(gate, -clamp, clamp) + *shift++;
            *state = lnn_unit_step_q30(*state, gate, potential, *inv_c++);
            *h++ = (int16_t)(*state++ >> 15);
        }
    }
}
