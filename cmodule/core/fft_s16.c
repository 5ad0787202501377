/* SPDX-License-Identifier: MIT */
/*
 * A complex FFT of half the size: radix 4, the first stage applies the window, the last one is of radix 2 if the size
 * wants it and puts the spectrum in order. The powers of the real signal's spectrum follow directly from the complex one.
 *
 * A stage halves its sums once, and its rotations halve once more; that saves an instruction per rotation, but leaves
 * less room than a mean of four. Nothing overflows, because the loader bounds a window's weight together with the one
 * half an FFT away. If W is the bound, the first stage rotates numbers of which both parts are at most W + 1, so their
 * magnitude is at most sqrt(2) (W + 1). Later stages do not raise the magnitude except by rounding, which adds at most
 * 6 per stage: with W = 23100 all sums stay below 32700.
 */
#include "fft_s16.h"

#include "complex_s16.h"
#include "fixmath.h"

/* The turns of a butterfly: by one, two and three times an angle. */
typedef struct {
    const int16_t *once, *twice, *thrice;
} turns_t;

static inline turns_t turns(uint32_t index_of_512) {
    turns_t t = {lnn_twiddle_q15[index_of_512], lnn_twiddle_q15[2u * index_of_512], lnn_twiddle_q15[3u * index_of_512]};
    return t;
}

/* Outputs in bit-reversed order, divided by 4; `quarter` counts complex numbers. */
static inline __attribute__((always_inline)) void butterfly(int16_t *z, uint32_t quarter, turns_t by, lnn_complex_t a,
                                                            lnn_complex_t b, lnn_complex_t c, lnn_complex_t d) {
    lnn_complex_t sum_ac = lnn_complex_half_add(a, c), difference_ac = lnn_complex_half_sub(a, c);
    lnn_complex_t sum_bd = lnn_complex_half_add(b, d), difference_bd = lnn_complex_half_sub(b, d);
    lnn_complex_store(z, lnn_complex_half_add(sum_ac, sum_bd));
    lnn_complex_store(z + 2u * quarter, lnn_complex_turn(lnn_complex_sub(sum_ac, sum_bd), by.twice));
    lnn_complex_store(z + 4u * quarter, lnn_complex_turn(lnn_complex_sub_j(difference_ac, difference_bd), by.once));
    lnn_complex_store(z + 6u * quarter, lnn_complex_turn(lnn_complex_add_j(difference_ac, difference_bd), by.thrice));
}

static inline void first_stage(int16_t *z, const int16_t *w, uint32_t quarter, uint32_t width) {
    for (uint32_t k = 0; k < quarter; k++, z += 2, w += 2) {
        butterfly(z, quarter, turns(k * (LNN_FFT_Q15_POINTS / 4u / quarter)), lnn_complex_windowed(z, w, width),
                  lnn_complex_windowed(z + 2u * quarter, w + 2u * quarter, width),
                  lnn_complex_windowed(z + 4u * quarter, w + 4u * quarter, width),
                  lnn_complex_windowed(z + 6u * quarter, w + 6u * quarter, width));
    }
}

/* angle: 128 / quarter, because a Cortex-M0 cannot divide */
static void middle_stage(int16_t *z, uint32_t points, uint32_t quarter, uint32_t angle) {
    for (uint32_t k = 0; k < quarter; k++) {
        turns_t by = turns(k * angle);
        for (int16_t *p = z + 2u * k; p < z + points; p += 8u * quarter) {
            butterfly(p, quarter, by, lnn_complex_load(p), lnn_complex_load(p + 2u * quarter),
                      lnn_complex_load(p + 4u * quarter), lnn_complex_load(p + 6u * quarter));
        }
    }
}

/* Means of four, doubled */
static void last_stage_of_256(const int16_t *z, int16_t *spectrum) {
    for (uint32_t i = 0; i < 256u; i += 4u, z += 8) {
        lnn_complex_t a = lnn_complex_load(z), b = lnn_complex_load(z + 2);
        lnn_complex_t c = lnn_complex_load(z + 4), d = lnn_complex_load(z + 6);
        lnn_complex_t sum_ac = lnn_complex_half_add(a, c), difference_ac = lnn_complex_half_sub(a, c);
        lnn_complex_t sum_bd = lnn_complex_half_add(b, d), difference_bd = lnn_complex_half_sub(b, d);
        int16_t *out = spectrum + 2u * lnn_bit_reverse_8[i];
        lnn_complex_store(out, lnn_complex_add(sum_ac, sum_bd));
        lnn_complex_store(out + 128, lnn_complex_sub_j(difference_ac, difference_bd));
        lnn_complex_store(out + 256, lnn_complex_sub(sum_ac, sum_bd));
        lnn_complex_store(out + 384, lnn_complex_add_j(difference_ac, difference_bd));
    }
}

/* Means of two, doubled */
static void last_stage_of_128(const int16_t *z, int16_t *spectrum) {
    for (uint32_t i = 0; i < 128u; i += 2u, z += 4) {
        lnn_complex_t a = lnn_complex_load(z), b = lnn_complex_load(z + 2);
        int16_t *out = spectrum + lnn_bit_reverse_8[i];
        lnn_complex_store(out, lnn_complex_add(a, b));
        lnn_complex_store(out + 128, lnn_complex_sub(a, b));
    }
}

/*
 * In place, bins k and half - k together. Z being the complex spectrum, a = Z[k], b = Z[half - k] and W the angle of
 * bin k, the powers of the real signal's spectrum are
 *     (|a|**2 + |b|**2) / 2 +- (Im(a b) cos W - (|a|**2 - |b|**2) / 2 sin W),
 * which needs no spectrum of the even and odd samples. All are divided by 2 here, because Z is doubled.
 */
static void spectrum_to_powers(int32_t *x, uint32_t half) {
    int32_t *low = x, *high = x + half;
    uint32_t stride = half == LNN_FFT_Q15_POINTS / 2u ? 1u : 2u;
    const int32_t *sine = lnn_sine_q31, *cosine = lnn_sine_q31 + 128;
    lnn_complex_t z0 = lnn_complex_load((const int16_t *)x);
    int32_t sum = lnn_complex_re(z0) + lnn_complex_im(z0), difference = lnn_complex_re(z0) - lnn_complex_im(z0);
    *low = sum * sum >> 1;
    *high = difference * difference >> 1;
    for (uint32_t k = half / 2u; k > 0; k--) {
        sine += stride, cosine -= stride, low++, high--;
        lnn_complex_t a = lnn_complex_load((const int16_t *)low), b = lnn_complex_load((const int16_t *)high);
        uint32_t square = lnn_complex_square(a), both = lnn_complex_square_plus(b, square);
        int32_t tilt = lnn_mul_high(lnn_complex_product_im(a, b), *cosine)
                       + (lnn_mul_high((int32_t)(both - 2u * square), *sine) >> 1);
        *low = (int32_t)(both >> 2) + tilt;
        *high = (int32_t)(both >> 2) - tilt;
    }
}

void lnn_power_spectrum_s16(int16_t *z, const int16_t *window, uint32_t points, uint32_t width, int32_t *powers) {
    if (points == 512u) {
        first_stage(z, window, 64, width);
        middle_stage(z, points, 16, 8);
        middle_stage(z, points, 4, 32);
        last_stage_of_256(z, (int16_t *)powers);
    } else {
        first_stage(z, window, 32, width);
        middle_stage(z, points, 8, 16);
        middle_stage(z, points, 2, 64);
        last_stage_of_128(z, (int16_t *)powers);
    }
    spectrum_to_powers(powers, points / 2u);
}
