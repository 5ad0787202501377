/* SPDX-License-Identifier: MIT */
/*
 * Log-mel features of one window in integers, for cores without an FPU and for speed on those with one.
 *
 * The first difference of the audio (pre-emphasis, 31/32) is windowed and shifted up to 14 bits, so
 * that quiet sound keeps its precision; the shift is undone where the mel sums become logarithms. What
 * pre-emphasis does to a channel's level is part of its mean and floor, which the host has measured.
 */
#include <string.h>

#include "frontend.h"
#include "fft_q15.h"
#include "fixmath.h"

#define PREEMPHASIS_SHIFT 5

typedef struct {
    int16_t *out;
    int32_t before; /* the sample before */
    uint32_t bits;  /* in either half: the highest one set is the highest any magnitude needs */
} emphasis_t;

static int32_t emphasized(int32_t x, int32_t before) {
    return lnn_sat16(x - before + (before >> PREEMPHASIS_SHIFT));
}

/* The pair after `before`. A bit that differs from the one below it ends a run of sign bits. */
static lnn_pair_t emphasize_pair(int16_t *out, const int16_t *audio, int32_t before, uint32_t *bits) {
    lnn_pair_t x = lnn_pair_load(audio);
    lnn_pair_t y = lnn_pair(emphasized(lnn_low(x), before), emphasized(lnn_high(x), lnn_low(x)));
    *bits |= y ^ (y << 1);
    lnn_pair_store(out, y);
    return x;
}

static void emphasize(emphasis_t *e, const int16_t *audio, uint32_t n) {
    int16_t *out = e->out;
    int32_t before = e->before;
    uint32_t bits = e->bits;
    for (; n >= 8u; n -= 8u, audio += 8, out += 8) {
        lnn_pair_t x = emphasize_pair(out, audio, before, &bits);
        x = emphasize_pair(out + 2, audio + 2, lnn_high(x), &bits);
        x = emphasize_pair(out + 4, audio + 4, lnn_high(x), &bits);
        before = lnn_high(emphasize_pair(out + 6, audio + 6, lnn_high(x), &bits));
    }
    for (; n >= 2u; n -= 2u, audio += 2, out += 2) {
        before = lnn_high(emphasize_pair(out, audio, before, &bits));
    }
    if (n > 0) {
        int32_t y = emphasized(*audio, before);
        before = *audio;
        bits |= ((uint32_t)y ^ (uint32_t)y << 1) & 0xffffu;
        *out++ = (int16_t)y;
    }
    e->out = out;
    e->before = before;
    e->bits = bits;
}

static void multiply_pair(int16_t *z, const int16_t *w, uint32_t right) {
    lnn_pair_t a = lnn_pair_load(z), b = lnn_pair_load(w);
    lnn_pair_store(z, lnn_pair(lnn_low(a) * lnn_low(b) >> right, lnn_high(a) * lnn_high(b) >> right));
}

/* In place: |audio| < 2**width times the window, shifted to |z| < 2**14 */
static void apply_window(int16_t *z, const int16_t *window, uint32_t n, uint32_t width) {
    for (; n >= 8u; n -= 8u, z += 8, window += 8) {
        multiply_pair(z, window, width + 1u);
        multiply_pair(z + 2, window + 2, width + 1u);
        multiply_pair(z + 4, window + 4, width + 1u);
        multiply_pair(z + 6, window + 6, width + 1u);
    }
    for (; n > 0; n -= 2u, z += 2, window += 2) {
        multiply_pair(z, window, width + 1u);
    }
}

static uint64_t shift_by(uint64_t x, int32_t left) {
    return left >= 0 ? x << left : x >> -left;
}

void lnn_frontend_q15_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          void *scratch, int16_t *features) {
    const lnn_frontend_q15_t *f = &fe->as.q15;
    uint32_t n = fe->window_samples, points = fe->fft_points;
    int16_t *z = scratch;
    uint32_t *power = (uint32_t *)scratch + points / 2u;
    emphasis_t e = {z, older[0], 0};
    emphasize(&e, older, n_older);
    emphasize(&e, newer, n - n_older);
    uint32_t width = 31u - lnn_leading_zeros(((e.bits | e.bits >> 16) & 0xffffu) | 2u); /* 1 to 15 */
    apply_window(z, f->window, n, width);
    memset(z + n, 0, (points - n) * sizeof *z);
    lnn_power_spectrum_q15(scratch, points, power);
    /*
     * The signal was multiplied by 2**(14 - width), its spectrum divided by points / 2, the weights are
     * q15, the sums are wanted in q8. By Parseval all powers together are below 2**30: nothing overflows.
     */
    int32_t left = 2 * (int32_t)width - (points == 512u ? 19 : 21);
    const uint16_t *weight = f->mel_weights;
    for (uint32_t channel = 0; channel < fe->n_mels; channel++) {
        const uint32_t *p = power + f->mel_start[channel];
        uint64_t sum = 0;
        for (uint32_t count = f->mel_count[channel]; count > 0; count--) {
            sum += (uint64_t)*p++ * *weight++;
        }
        int32_t level_q16 = lnn_log2_u64_q16(shift_by(sum, left) + f->floor[channel]);
        features[channel] = lnn_frontend_q15_feature(f, channel, level_q16);
    }
}

/* Mean rise of the features since the last step, half-wave rectified. */
int32_t lnn_frontend_q15_flux_q16(lnn_frontend_t *fe, const int16_t *features) {
    int16_t *previous = fe->as.q15.previous;
    uint32_t sum_q12 = 0;
    for (uint32_t i = 0; i < fe->n_mels; i++) {
        int32_t rise = features[i] - previous[i];
        sum_q12 += rise > 0 ? (uint32_t)rise : 0u;
        previous[i] = features[i];
    }
    return (int32_t)((uint64_t)sum_q12 * fe->as.q15.per_mel_q16 >> 12);
}
