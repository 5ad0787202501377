/* SPDX-License-Identifier: MIT */
/*
 * The liquid time-constant cell and its fused semi-implicit step
 * (Hasani et al., arXiv 2006.04439, eq. 1 and algorithm 1):
 *
 *     f = exp(Wf [u;h] + bf)                     conductance, 1/s
 *     A = tanh(Wa [u;h] + ba)                    reversal potential
 *     dh/dt = -(1/tau + f) h + f A
 *     h <- (h + dt f A) / (1 + dt/tau + dt f)
 *
 * The new h is a weighted mean of the old h, of A and of 0, the weights positive: |h| <= 1 for every dt > 0.
 */
#include "cell.h"
#include "dsp.h"

static float clamp(float x, float limit) {
    return x > limit ? limit : x < -limit ? -limit : x;
}

/* z: arguments of gate and reversal. Gives the new h. */
float lnn_unit_step_f32(float h, const float *z, float gate_clamp, float inv_tau, float dt_s) {
    float g = dt_s * lnn_exp_f32(clamp(z[0], gate_clamp)); /* dt f */
    return (h + g * (1.0f - 2.0f / (1.0f + lnn_exp_f32(2.0f * z[1])))) / (1.0f + dt_s * inv_tau + g);
}

void lnn_cell_f32_step(lnn_cell_t *cell, float dt_s, float *scratch) {
    const lnn_cell_f32_t *c = &cell->as.f32;
    uint32_t n_inputs = cell->n_inputs, n_units = cell->n_units;
    float *h = c->uh + n_inputs;
    lnn_matvec_f32(c->weights, c->bias, c->uh, 2u * n_units, n_inputs + n_units, scratch);
    const float *z = scratch;
    for (uint32_t i = 0; i < n_units; i++, z += 2) {
        h[i] = lnn_unit_step_f32(h[i], z, c->gate_clamp, c->inv_tau[i], dt_s);
    }
}
