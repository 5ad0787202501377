/* SPDX-License-Identifier: MIT */
/*
 * Complex numbers of two 16-bit parts, as the FFT of front-end logmel_s16 needs them: one word and one instruction
 * per operation with the DSP extension, two integers otherwise, with the same results. Sums must fit into 16 bits.
 */
#ifndef LNN_COMPLEX_S16_H
#define LNN_COMPLEX_S16_H

#include "pair.h"

#if defined(__ARM_FEATURE_SIMD32)

typedef lnn_pair_t lnn_complex_t;

#define lnn_complex_load(from) lnn_pair_load(from)
#define lnn_complex_store(to, x) lnn_pair_store(to, x)
#define lnn_complex_half_add(a, b) lnn_pair_half_add(a, b)
#define lnn_complex_half_sub(a, b) lnn_pair_half_sub(a, b)
#define lnn_complex_add(a, b) ((lnn_pair_t)__sadd16((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_complex_sub(a, b) ((lnn_pair_t)__ssub16((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_complex_add_j(a, b) ((lnn_pair_t)__sasx((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_complex_sub_j(a, b) ((lnn_pair_t)__ssax((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_complex_re(x) lnn_low(x)
#define lnn_complex_im(x) lnn_high(x)
#define lnn_complex_square(a) ((uint32_t)lnn_pair_dot(a, a))
#define lnn_complex_square_plus(a, x) ((uint32_t)__smlad((int16x2_t)(a), (int16x2_t)(a), (int32_t)(x)))
#define lnn_complex_product_im(a, b) ((int32_t)__smuadx((int16x2_t)(a), (int16x2_t)(b)))

static inline lnn_complex_t lnn_complex_windowed(const int16_t *y, const int16_t *w, uint32_t width) {
    lnn_pair_t a = lnn_pair_load(y), b = lnn_pair_load(w);
    return lnn_pair(lnn_low(a) * lnn_low(b) >> width, lnn_high(a) * lnn_high(b) >> width);
}

static inline lnn_complex_t lnn_complex_turn(lnn_complex_t x, const int16_t *cos_sin) {
    lnn_pair_t w = lnn_pair_load(cos_sin), p;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(p) : "r"(lnn_pair_cross(w, x)), "r"(lnn_pair_dot(x, w)));
    return p;
}

#else

typedef struct {
    int32_t re, im;
} lnn_complex_t;

static inline lnn_complex_t lnn_complex(int32_t re, int32_t im) {
    lnn_complex_t x = {re, im};
    return x;
}

static inline lnn_complex_t lnn_complex_load(const int16_t *from) {
    return lnn_complex(from[0], from[1]);
}

static inline void lnn_complex_store(int16_t *to, lnn_complex_t x) {
    to[0] = (int16_t)x.re;
    to[1] = (int16_t)x.im;
}

/* (a + b) / 2, rounded down */
static inline lnn_complex_t lnn_complex_half_add(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex((a.re + b.re) >> 1, (a.im + b.im) >> 1);
}

static inline lnn_complex_t lnn_complex_half_sub(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex((a.re - b.re) >> 1, (a.im - b.im) >> 1);
}

static inline lnn_complex_t lnn_complex_add(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex(a.re + b.re, a.im + b.im);
}

static inline lnn_complex_t lnn_complex_sub(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex(a.re - b.re, a.im - b.im);
}

/* a + j b */
static inline lnn_complex_t lnn_complex_add_j(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex(a.re - b.im, a.im + b.re);
}

/* a - j b */
static inline lnn_complex_t lnn_complex_sub_j(lnn_complex_t a, lnn_complex_t b) {
    return lnn_complex(a.re + b.im, a.im - b.re);
}

#define lnn_complex_re(x) ((x).re)
#define lnn_complex_im(x) ((x).im)

/* |a|**2 */
static inline uint32_t lnn_complex_square(lnn_complex_t a) {
    return (uint32_t)(a.re * a.re) + (uint32_t)(a.im * a.im);
}

/* x + |a|**2 */
static inline uint32_t lnn_complex_square_plus(lnn_complex_t a, uint32_t x) {
    return x + lnn_complex_square(a);
}

/* The imaginary part of a b */
static inline int32_t lnn_complex_product_im(lnn_complex_t a, lnn_complex_t b) {
    return a.re * b.im + a.im * b.re;
}

/* Two samples times their weights, each divided by 2**width and rounded down */
static inline lnn_complex_t lnn_complex_windowed(const int16_t *y, const int16_t *w, uint32_t width) {
    return lnn_complex(y[0] * w[0] >> width, y[1] * w[1] >> width);
}

/* x times cos - j sin, both in q15, divided by 2 and rounded down */
static inline lnn_complex_t lnn_complex_turn(lnn_complex_t x, const int16_t *cos_sin) {
    int32_t cos = cos_sin[0], sin = cos_sin[1];
    return lnn_complex((x.re * cos + x.im * sin) >> 16, (x.im * cos - x.re * sin) >> 16);
}

#endif

#endif
