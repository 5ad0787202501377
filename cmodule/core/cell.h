/* SPDX-License-Identifier: MIT */
/* A liquid cell: the first hears the features, each other the state of the one before. */
#ifndef LNN_CELL_H
#define LNN_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "matvec_s8.h"
#include "place.h"

typedef struct {
    float gate_clamp;
    const float *inv_tau; /* (N) 1/s */
    const float *bias;    /* (2N) gate and reversal of each unit side by side */
    const float *weights; /* (2N, M+N) rows4 */
    float *uh;            /* (M+N) state: inputs, then h: one vector for one product */
} lnn_cell_f32_t;

typedef struct {
    /* config */
    int32_t gate_clamp_q11;
    int32_t delta_q15; /* 0: all states count at every step */
    /* weights */
    const uint32_t *inv_tau_q16; /* (N) 1/s */
    const int32_t *bias_q16;     /* (2N) gate and reversal of each unit side by side */
    const int32_t *scale_inputs; /* (2N) */
    const int32_t *scale_state;  /* (2N) */
    lnn_matrix_t inputs;         /* (2N, M) */
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
uint32_t lnn_cell_s8_step(lnn_cell_t *cell, uint32_t dt_us, int32_t *scratch);
uint32_t lnn_leak_share_q31(uint32_t inv_tau_q16, uint32_t dt_us);
/* With c = 1 + dt/tau, for n time constants: 1/c and ln(dt/c). */
void lnn_leak_set_dt(const uint32_t *inv_tau_q16, uint32_t n, uint32_t dt_us, int32_t *inv_c_q31, int16_t *shift_q11);
/* ln of a time in s, given in us, 1000 us to 6e7 us */
int32_t lnn_ln_us_q11(uint32_t us);

#endif
