/* SPDX-License-Identifier: MIT */
/*
 * Power spectrum of a real signal in 16-bit integers: a complex FFT of half the size (radix 4, with one
 * radix-2 stage where the size wants it), then the split into the real signal's spectrum.
 *
 * No overflow: the caller keeps |signal| below 2**14, so a complex input is below 2**14.5 in magnitude;
 * every stage takes means of rotated inputs, which do not grow; the split's one sum saturates.
 */
#include "fft_q15.h"
#include "fixmath.h"

static lnn_pair_t twiddle(uint32_t index_of_512) {
    return lnn_pair_load(lnn_twiddle_q15[index_of_512]);
}

/* One radix-4 pass over blocks of 4 * quarter; outputs in bit-reversed order, divided by 4. */
static void radix4_stage(lnn_pair_t *z, uint32_t points, uint32_t quarter) {
    uint32_t stride = LNN_FFT_Q15_POINTS / (4u * quarter);
    for (uint32_t k = 0; k < quarter; k++) {
        lnn_pair_t w1 = twiddle(k * stride), w2 = twiddle(2u * k * stride), w3 = twiddle(3u * k * stride);
        for (lnn_pair_t *p = z + k; p < z + points; p += 4u * quarter) {
            lnn_pair_t a = p[0], b = p[quarter], c = p[2u * quarter], d = p[3u * quarter];
            lnn_pair_t sum_ac = lnn_pair_half_add(a, c), difference_ac = lnn_pair_half_sub(a, c);
            lnn_pair_t sum_bd = lnn_pair_half_add(b, d), difference_bd = lnn_pair_half_sub(b, d);
            p[0] = lnn_pair_half_add(sum_ac, sum_bd);
            p[quarter] = lnn_pair_rotate(lnn_pair_half_sub(sum_ac, sum_bd), w2);
            p[2u * quarter] = lnn_pair_rotate(lnn_pair_half_sub_j(difference_ac, difference_bd), w1);
            p[3u * quarter] = lnn_pair_rotate(lnn_pair_half_add_j(difference_ac, difference_bd), w3);
        }
    }
}

/* The last radix-4 pass: all twiddles are one. */
static void radix4_last_stage(lnn_pair_t *z, uint32_t points) {
    for (lnn_pair_t *p = z; p < z + points; p += 4) {
        lnn_pair_t sum_ac = lnn_pair_half_add(p[0], p[2]), difference_ac = lnn_pair_half_sub(p[0], p[2]);
        lnn_pair_t sum_bd = lnn_pair_half_add(p[1], p[3]), difference_bd = lnn_pair_half_sub(p[1], p[3]);
        p[0] = lnn_pair_half_add(sum_ac, sum_bd);
        p[1] = lnn_pair_half_sub(sum_ac, sum_bd);
        p[2] = lnn_pair_half_sub_j(difference_ac, difference_bd);
        p[3] = lnn_pair_half_add_j(difference_ac, difference_bd);
    }
}

static void radix2_stage(lnn_pair_t *z, uint32_t points) {
    uint32_t half = points / 2u, stride = LNN_FFT_Q15_POINTS / points;
    for (uint32_t k = 0; k < half; k++) {
        lnn_pair_t a = z[k], b = z[k + half];
        z[k] = lnn_pair_half_add(a, b);
        z[k + half] = lnn_pair_rotate(lnn_pair_half_sub(a, b), twiddle(k * stride));
    }
}

static uint32_t power(lnn_pair_t x) {
    return (uint32_t)lnn_pair_dot(x, x);
}

/*
 * Bins k and half - k together. With Z the complex spectrum, E = (Z[k] + Z*[half-k]) / 2 and
 * O = (Z[k] - Z*[half-k]) / 2j are the spectra of the even and odd samples: X[k] = E + W**k O.
 */
static void split_to_power(const lnn_pair_t *z, uint32_t half, uint32_t reverse_shift, uint32_t *out) {
    uint32_t stride = LNN_FFT_Q15_POINTS / (2u * half);
    int32_t re = lnn_low(z[0]), im = lnn_high(z[0]);
    out[0] = power(lnn_pair(lnn_sat16(re + im), 0));
    out[half] = power(lnn_pair(lnn_sat16(re - im), 0));
    for (uint32_t k = 1; k <= half / 2u; k++) {
        lnn_pair_t a = z[lnn_bit_reverse_8[k] >> reverse_shift];
        lnn_pair_t b = z[lnn_bit_reverse_8[half - k] >> reverse_shift];
        lnn_pair_t sum = lnn_pair_half_add(a, b), difference = lnn_pair_half_sub(a, b);
        lnn_pair_t even = lnn_pair_mix(sum, difference), odd_j = lnn_pair_mix(difference, sum); /* E and j O */
        odd_j = lnn_pair_rotate(odd_j, twiddle(k * stride));
        out[k] = power(lnn_pair_sat_sub_j(even, odd_j));
        out[half - k] = power(lnn_pair_sat_add_j(even, odd_j));
    }
}

bool lnn_fft_q15_has(uint16_t points) {
    return points == 256u || points == 512u;
}

void lnn_power_spectrum_q15(lnn_pair_t *z, uint32_t points, uint32_t *out) {
    uint32_t half = points / 2u, quarter = half / 4u;
    if (half == 128u) {
        radix2_stage(z, half);
        quarter = 16u;
    }
    for (; quarter > 1u; quarter /= 4u) {
        radix4_stage(z, half, quarter);
    }
    radix4_last_stage(z, half);
    split_to_power(z, half, half == 128u ? 1u : 0u, out);
}
