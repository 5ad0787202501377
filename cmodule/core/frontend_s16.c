/* SPDX-License-Identifier: MIT */
/*
 * Log-mel features of one window in integers, cheaper and more exact than frontend_q15.c.
 *
 * The first difference of the audio is windowed and shifted up to 15 bits, so that quiet sound keeps its precision; the
 * shift is undone in the logarithm. What the difference does to a channel's level is part of its mean and floor, which
 * the host has measured. The mel filters are triangles that overlap by half: between two of their corners one rises
 * while the one below falls by as much, so that one weight per bin serves both.
 */
#include <string.h>

#include "fft_s16.h"
#include "fixmath.h"
#include "frontend.h"
#include "lnn_format.h"

#define LEAST_WIDTH 7u /* fainter sound is not shifted further, so that a floor fits into 32 bits */

#if defined(__ARM_FEATURE_SIMD32)

/* A bit that differs from the one below it ends a run of sign bits. */
static inline uint32_t difference_pair(int16_t *out, lnn_pair_t x, lnn_pair_t before) {
    lnn_pair_t y = (lnn_pair_t)__qsub16((int16x2_t)x, (int16x2_t)before);
    lnn_pair_store(out, y);
    return y ^ (y << 1);
}

/* The differences of n samples. Returns bits, of which the highest in either half is the highest of any magnitude. */
static uint32_t differences(int16_t *out, const int16_t *x, uint32_t n, int32_t before) {
    uint32_t bits = 0, i = 0;
    if (n >= 2u) {
        bits = difference_pair(out, lnn_pair_load(x), lnn_pair(before, x[0]));
        i = 2;
    }
    for (; i + 8u <= n; i += 8u) {
        const int16_t *at = x + i;
        int16_t *to = out + i;
        bits |= difference_pair(to, lnn_pair_load(at), lnn_pair_load(at - 1));
        bits |= difference_pair(to + 2, lnn_pair_load(at + 2), lnn_pair_load(at + 1));
        bits |= difference_pair(to + 4, lnn_pair_load(at + 4), lnn_pair_load(at + 3));
        bits |= difference_pair(to + 6, lnn_pair_load(at + 6), lnn_pair_load(at + 5));
    }
    for (; i < n; i++) {
        int32_t y = lnn_sat16(x[i] - (i > 0 ? x[i - 1u] : before));
        out[i] = (int16_t)y;
        bits |= (uint32_t)(y ^ y * 2) & 0xffffu;
    }
    return bits;
}

#else

static uint32_t differences(int16_t *out, const int16_t *x, uint32_t n, int32_t before) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < n; i++) {
        int32_t y = lnn_sat16(x[i] - before);
        before = x[i];
        out[i] = (int16_t)y;
        bits |= (uint32_t)(y ^ y * 2);
    }
    return bits;
}

#endif

typedef struct {
    int32_t all;    /* sum of powers */
    int32_t rising; /* each times its weight */
} mel_sums_t;

static mel_sums_t mel_sums(const int32_t *power, const uint8_t *weight_q8, uint32_t n) {
    mel_sums_t sums = {0, 0};
#if defined(__ARM_ARCH_6M__) /* no long multiplication: two of 16 bits */
    int32_t high = 0;
    uint32_t low = 0;
    for (; n > 0; n--, power++, weight_q8++) {
        sums.all += *power;
        high += (*power >> 16) * *weight_q8;
        low += ((uint32_t)*power & 0xffffu) * *weight_q8;
    }
    sums.rising = high * 256 + (int32_t)(low >> 8);
#else
    int64_t rising_q8 = 0;
    for (; n > 0; n--, power++, weight_q8++) {
        sums.all += *power;
        rising_q8 += (int64_t)*power * *weight_q8;
    }
    sums.rising = (int32_t)(rising_q8 >> 8);
#endif
    return sums;
}

static int16_t feature_q12(const lnn_frontend_q15_t *f, uint32_t channel, int32_t power, uint32_t width) {
    uint32_t floor = f->floor[channel] >> (2u * (width - LEAST_WIDTH));
    uint32_t heard = ((power > 0 ? (uint32_t)power : 0u) + floor) | 1u;
    int32_t level_q16 = lnn_log2_q16(heard) + (int32_t)(width << 17);
    return lnn_frontend_q15_feature(f, channel, level_q16);
}

void lnn_frontend_s16_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          void *scratch, int16_t *features) {
    const lnn_frontend_q15_t *f = &fe->as.q15;
    uint32_t n = fe->window_samples, points = fe->fft_points;
    int16_t *y = scratch;
    int32_t *power = (int32_t *)scratch + points / 2u;
    uint32_t bits = differences(y, older, n_older, older[0]);
    bits |= differences(y + n_older, newer, n - n_older, older[n_older - 1u]);
    memset(y + n, 0, (points - n) * sizeof *y);
    uint32_t width = 31u - lnn_leading_zeros(((bits | bits >> 16) & 0xffffu) | 1u << LEAST_WIDTH);
    lnn_power_spectrum_s16(y, f->window, points, width, power);
    const int32_t *p = power + f->first_bin;
    const uint8_t *weight = f->rising_q8;
    int32_t rising = 0;
    for (uint32_t channel = 0; channel <= fe->n_mels; channel++) {
        uint32_t count = f->mel_count[channel];
        mel_sums_t sums = mel_sums(p, weight, count);
        if (channel > 0) {
            int32_t falling = sums.all - sums.rising;
            features[channel - 1u] = feature_q12(f, channel - 1u, rising + falling, width);
        }
        rising = sums.rising;
        p += count;
        weight += count;
    }
}
