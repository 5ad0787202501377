/* SPDX-License-Identifier: MIT */
/* The portable operations of dsp.h. The real FFT is a complex radix-2 one of half the size, then the split into a real spectrum. */
#include "dsp.h"
#include "fastmath.h"

/* Pairs where the core has them, for a library's memcpy may go byte by byte. */
uint64_t lnn_copy_and_square(int16_t *to, const int16_t *from, uint32_t n) {
    uint64_t sum = 0;
#if defined(__ARM_FEATURE_SIMD32)
    for (; n >= 4u; n -= 4u, from += 4, to += 4) { /* two squares an instruction */
        lnn_pair_t a = lnn_pair_load(from), b = lnn_pair_load(from + 2);
        lnn_pair_store(to, a);
        lnn_pair_store(to + 2, b);
        sum = (uint64_t)__smlald((int16x2_t)a, (int16x2_t)a, (int64_t)sum);
        sum = (uint64_t)__smlald((int16x2_t)b, (int16x2_t)b, (int64_t)sum);
    }
#endif
    for (; n >= 2u; n -= 2u, from += 2, to += 2) {
        int32_t a = from[0], b = from[1];
        to[0] = (int16_t)a;
        to[1] = (int16_t)b;
        sum += (uint32_t)(a * a) + (uint32_t)(b * b);
    }
    if (n > 0) {
        *to = *from;
        sum += (uint32_t)(*from * *from);
    }
    return sum;
}

uint64_t lnn_copy_square_and_sum(int16_t *to, const int16_t *from, uint32_t n, int32_t *total) {
    uint64_t squares = 0;
    int32_t sum = *total;
#if defined(__ARM_FEATURE_SIMD32)
    const int16x2_t ones = 0x00010001;
    for (; n >= 4u; n -= 4u, from += 4, to += 4) {
        lnn_pair_t a = lnn_pair_load(from), b = lnn_pair_load(from + 2);
        lnn_pair_store(to, a);
        lnn_pair_store(to + 2, b);
        squares = (uint64_t)__smlald((int16x2_t)a, (int16x2_t)a, (int64_t)squares);
        squares = (uint64_t)__smlald((int16x2_t)b, (int16x2_t)b, (int64_t)squares);
        sum = __smlad((int16x2_t)a, ones, sum);
        sum = __smlad((int16x2_t)b, ones, sum);
    }
#endif
    for (; n > 0; n--) {
        int32_t x = *from++;
        *to++ = (int16_t)x;
        squares += (uint32_t)(x * x);
        sum += x;
    }
    *total = sum;
    return squares;
}

#ifndef LNN_SINE_POINTS
#include "sine_table.h"

/* sin and cos of 2 pi i / LNN_SINE_POINTS for 0 <= i < LNN_SINE_POINTS / 2 */
static float lnn_sine(uint32_t i) {
    return i <= LNN_SINE_POINTS / 4u ? lnn_quarter_sine[i] : lnn_quarter_sine[LNN_SINE_POINTS / 2u - i];
}

static float lnn_cosine(uint32_t i) {
    return i <= LNN_SINE_POINTS / 4u ? lnn_quarter_sine[LNN_SINE_POINTS / 4u - i]
                                     : -lnn_quarter_sine[i - LNN_SINE_POINTS / 4u];
}
#endif

bool lnn_rfft_init(lnn_rfft_t *rfft, uint16_t points) {
    bool power_of_two = points >= 8u && (points & (points - 1u)) == 0u;
    rfft->points = points;
    return power_of_two && points <= LNN_SINE_POINTS;
}

static void bit_reverse(float *z, uint32_t n) {
    for (uint32_t i = 1, j = 0; i < n; i++) {
        uint32_t bit = n >> 1;
        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            float re = z[2 * i], im = z[2 * i + 1];
            z[2 * i] = z[2 * j];
            z[2 * i + 1] = z[2 * j + 1];
            z[2 * j] = re;
            z[2 * j + 1] = im;
        }
    }
}

static void complex_fft(float *z, uint32_t n) {
    bit_reverse(z, n);
    for (uint32_t half = 1; half < n; half *= 2) {
        uint32_t stride = LNN_SINE_POINTS / (2u * half);
        for (uint32_t k = 0; k < half; k++) {
            float wr = lnn_cosine(k * stride), wi = -lnn_sine(k * stride);
            for (uint32_t i = k; i < n; i += 2u * half) {
                float *a = z + 2 * i, *b = z + 2 * (i + half);
                float re = b[0] * wr - b[1] * wi;
                float im = b[0] * wi + b[1] * wr;
                b[0] = a[0] - re;
                b[1] = a[1] - im;
                a[0] += re;
                a[1] += im;
            }
        }
    }
}

void lnn_rfft_f32(const lnn_rfft_t *rfft, float *in, float *out) {
    uint32_t n = rfft->points, half = n / 2u, stride = LNN_SINE_POINTS / n;
#ifdef LNN_HAVE_RFFT_512
    if (n == 512u) {
        lnn_rfft_512(in, out);
        return;
    }
#endif
    complex_fft(in, half); /* even samples are the real parts, odd ones the imaginary parts */
    out[0] = in[0] + in[1];
    out[1] = in[0] - in[1];
    for (uint32_t k = 1; k < half; k++) {
        const float *a = in + 2 * k, *b = in + 2 * (half - k);
        float even_re = 0.5f * (a[0] + b[0]), even_im = 0.5f * (a[1] - b[1]);
        float odd_re = 0.5f * (a[1] + b[1]), odd_im = 0.5f * (b[0] - a[0]);
        float wr = lnn_cosine(k * stride), wi = -lnn_sine(k * stride);
        out[2 * k] = even_re + odd_re * wr - odd_im * wi;
        out[2 * k + 1] = even_im + odd_re * wi + odd_im * wr;
    }
}

/* One of each for all stages of a float model, because inlined copies take space. */
float lnn_exp_f32(float x) {
    return lnn_expf(x);
}

void lnn_matvec_f32(const float *w, const float *bias, const float *x, uint32_t n_rows, uint32_t n_cols, float *out) {
    lnn_matvec_rows4(w, bias, x, n_rows, n_cols, out);
}
