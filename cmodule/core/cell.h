/* SPDX-License-Identifier: MIT */
/* A liquid cell: the first hears the features, each other the state of the one before. A grid is a first cell. */
#ifndef LNN_CELL_H
#define LNN_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "fixmath.h"
#include "matvec_s8.h"
#include "place.h"

typedef struct {
    float gate_clamp;
    const float *inv_tau; /* (N) 1/s */
    const float *bias;    /* (2N) gate and reversal of each unit side by side */
    const float *weights; /* (2N, M+N) rows4; of a grid (2F, K) */
    float *uh;            /* (M+N) state: inputs, then h: one vector for one product */
} lnn_cell_f32_t;

typedef struct {
    /* config */
    int32_t gate_clamp_q11;
    int32_t delta_q15; /* 0: all states count at every step */
    /* weights */
    const uint32_t *inv_tau_q16; /* (N) 1/s */
    const int32_t *bias_q16;     /* (2N) gate and reversal of each unit side by side */
    const int32_t *scale_inputs; /* (2N); of a grid (2F) */
    const int32_t *scale_state;  /* (2N); of a grid NULL */
    lnn_matrix_t inputs;         /* (2N, M); of a grid (2F, K), its only matrix */
    lnn_matrix_t state;          /* (2N, N) */
    /* state */
    int16_t *uh;    /* (columns8(M) + columns8(N)) inputs, then h in q15 */
    int32_t *h_q30; /* (N) h with the bits that a small timestep needs */
    /* of dt_us, until it changes */
    int32_t *inv_c_q31; /* (N) 1 / (1 + dt/tau) */
    int16_t *shift_q11; /* (N) ln(dt / (1 + dt/tau)) */
    uint32_t dt_us;
    uint32_t pruned_macs; /* of a step: blocks that the file leaves out */
    /* if delta_q15 > 0, else NULL */
    int16_t *counted; /* (columns8(N)) the states as they counted last */
    int32_t *sums;    /* (2N) their product */
} lnn_cell_s8_t;

typedef struct {
    uint16_t n_inputs;  /* M */
    uint16_t n_units;   /* N */
    bool integer;       /* weights are int8 or int16, else float32 */
    uint8_t every;      /* it runs at every so manieth step */
    uint8_t waits;      /* state: steps until it runs */
    uint8_t width;      /* of a grid: channels that a position hears */
    uint8_t stride;     /* of a grid: channels from one position to the next */
    uint8_t filters;    /* F of a grid, units of a position; 0: not a grid */
    uint8_t planes;     /* of a grid: the features, and x - m if there are traces */
    uint32_t macs;      /* of a run, those that are skipped included */
    uint32_t waited_us; /* state: since it ran, if it does not run at every step */
    union {
        lnn_cell_f32_t f32;
        lnn_cell_s8_t s8;
    } as;
} lnn_cell_t;

static inline int16_t *lnn_state_s8(const lnn_cell_t *cell) {
    return cell->as.s8.uh + lnn_columns8(cell->n_inputs);
}

/* K, what a unit of a grid hears: windows, and the units of three positions. */
static inline uint32_t lnn_grid_columns(const lnn_cell_t *cell) {
    return (uint32_t)cell->planes * cell->width + 3u * cell->filters;
}

/*
 * The fused step of a unit in integers: h <- (1 - s) h/c + s A, see cell_ltc_s8.c. gate_q11: clamped, with ln(dt/c)
 * added; |potential_q11| < 2**30. Gives the new h.
 */
static inline int32_t lnn_unit_step_q30(int32_t h_q30, int32_t gate_q11, int32_t potential_q11, int32_t inv_c_q31) {
    int32_t s = lnn_sigmoid_q31(gate_q11);
    int32_t potential = lnn_tanh_q30(potential_q11);
    int32_t kept = 2 * lnn_mul_high(h_q30, inv_c_q31);
    return kept + 2 * lnn_mul_high(s, potential - kept);
}

/* cell_kinds.c */
LNN_COLD uint32_t lnn_cell_scratch_bytes(const lnn_cell_t *cell);
LNN_COLD void lnn_cell_place(lnn_cell_t *cell, uintptr_t *next);
LNN_COLD void lnn_cell_reset(lnn_cell_t *cell);
void *lnn_cell_inputs(const lnn_cell_t *cell);      /* (M) int16_t or float */
const void *lnn_cell_state(const lnn_cell_t *cell); /* (N) int16_t or float */
void lnn_cell_hear(lnn_cell_t *cell, const lnn_cell_t *before);

/* One fused step on the inputs. Returns the products that were not needed. dt_s counts for float cells only. */
uint32_t lnn_cell_step(lnn_cell_t *cell, uint32_t dt_us, float dt_s, void *scratch);

/* cell_ltc_f32.c, cell_ltc_s8.c */
void lnn_cell_f32_step(lnn_cell_t *cell, float dt_s, float *scratch);
float lnn_unit_step_f32(float h, const float *z, float gate_clamp, float inv_tau, float dt_s);
uint32_t lnn_cell_s8_step(lnn_cell_t *cell, uint32_t dt_us, int32_t *scratch);
void lnn_cell_s8_set_dt(lnn_cell_t *cell, uint32_t dt_us);
uint32_t lnn_leak_share_q31(uint32_t inv_tau_q16, uint32_t dt_us);
/* With c = 1 + dt/tau, for n time constants: 1/c and ln(dt/c). */
void lnn_leak_set_dt(const uint32_t *inv_tau_q16, uint32_t n, uint32_t dt_us, int32_t *inv_c_q31, int16_t *shift_q11);
/* ln of a time in s, given in us, 1000 us to 6e7 us */
int32_t lnn_ln_us_q11(uint32_t us);

/* cell_grid.c */
LNN_COLD uint32_t lnn_grid_scratch_bytes(const lnn_cell_t *cell);
LNN_COLD void lnn_grid_f32_step(lnn_cell_t *cell, float dt_s, float *scratch);
void lnn_grid_s8_step(lnn_cell_t *cell, uint32_t dt_us, int32_t *scratch);

#endif
