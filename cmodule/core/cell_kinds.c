/* SPDX-License-Identifier: MIT */
/* What all kinds of cell have in common: memory, and the way of their inputs and state. */
#include "cell.h"

#include <string.h>

uint32_t lnn_cell_scratch_bytes(const lnn_cell_t *cell) {
    if (cell->filters > 0) {
        return lnn_grid_scratch_bytes(cell);
    }
    uint32_t widest = lnn_larger(lnn_columns8(cell->n_inputs), lnn_columns8(cell->n_units));
    return cell->integer ? 16u * cell->n_units + 2u * widest : 8u * cell->n_units;
}

void lnn_cell_place(lnn_cell_t *cell, uintptr_t *next) {
    if (!cell->integer) {
        cell->as.f32.uh = lnn_place(next, (uint32_t)cell->n_inputs + cell->n_units, sizeof *cell->as.f32.uh);
        return;
    }
    lnn_cell_s8_t *s8 = &cell->as.s8;
    s8->uh = lnn_place(next, lnn_columns8(cell->n_inputs) + lnn_columns8(cell->n_units), sizeof *s8->uh);
    s8->h_q30 = lnn_place(next, cell->n_units, sizeof *s8->h_q30);
    s8->inv_c_q31 = lnn_place(next, cell->n_units, sizeof *s8->inv_c_q31);
    s8->shift_q11 = lnn_place(next, cell->n_units, sizeof *s8->shift_q11);
    if (s8->delta_q15 > 0) {
        s8->counted = lnn_place(next, lnn_columns8(cell->n_units), sizeof *s8->counted);
        s8->sums = lnn_place(next, 2u * cell->n_units, sizeof *s8->sums);
    }
}

void lnn_cell_reset(lnn_cell_t *cell) {
    cell->waits = 0;
    cell->waited_us = 0;
    if (!cell->integer) {
        memset(cell->as.f32.uh, 0, ((size_t)cell->n_inputs + cell->n_units) * sizeof *cell->as.f32.uh);
        return;
    }
    lnn_cell_s8_t *s8 = &cell->as.s8;
    memset(s8->uh, 0, (lnn_columns8(cell->n_inputs) + lnn_columns8(cell->n_units)) * sizeof *s8->uh);
    memset(s8->h_q30, 0, cell->n_units * sizeof *s8->h_q30);
    if (s8->delta_q15 > 0) {
        memset(s8->counted, 0, lnn_columns8(cell->n_units) * sizeof *s8->counted);
        memset(s8->sums, 0, 2u * cell->n_units * sizeof *s8->sums);
    }
}

void *lnn_cell_inputs(const lnn_cell_t *cell) {
    return cell->integer ? (void *)cell->as.s8.uh : (void *)cell->as.f32.uh;
}

const void *lnn_cell_state(const lnn_cell_t *cell) {
    return cell->integer ? (const void *)lnn_state_s8(cell) : (const void *)(cell->as.f32.uh + cell->n_inputs);
}

void lnn_cell_hear(lnn_cell_t *cell, const lnn_cell_t *before) {
    size_t bytes = cell->n_inputs * (cell->integer ? sizeof *cell->as.s8.uh : sizeof *cell->as.f32.uh);
    memcpy(lnn_cell_inputs(cell), lnn_cell_state(before), bytes);
}

uint32_t lnn_cell_step(lnn_cell_t *cell, uint32_t dt_us, float dt_s, void *scratch) {
    if (cell->integer && cell->filters == 0) {
        return lnn_cell_s8_step(cell, dt_us, scratch);
    }
    if (cell->integer) {
        lnn_grid_s8_step(cell, dt_us, scratch);
    } else if (cell->filters > 0) {
        lnn_grid_f32_step(cell, dt_s, scratch);
    } else {
        lnn_cell_f32_step(cell, dt_s, scratch);
    }
    return 0;
}
