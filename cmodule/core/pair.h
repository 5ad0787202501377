/* SPDX-License-Identifier: MIT */
/*
 * Two 16-bit numbers in one word, such as a complex number (low: real, high: imaginary). The DSP
 * extension has one instruction for each operation; the portable form gives the same bits.
 */
#ifndef LNN_PAIR_H
#define LNN_PAIR_H

#include <stdint.h>
#include <string.h>

typedef uint32_t lnn_pair_t;

static inline int32_t lnn_low(lnn_pair_t p) {
    return (int16_t)(p & 0xffffu);
}

static inline int32_t lnn_high(lnn_pair_t p) {
    return (int32_t)p >> 16;
}

static inline lnn_pair_t lnn_pair_load(const int16_t *from) {
    lnn_pair_t p;
    memcpy(&p, from, sizeof p);
    return p;
}

static inline void lnn_pair_store(int16_t *to, lnn_pair_t p) {
    memcpy(to, &p, sizeof p);
}

#if defined(__ARM_FEATURE_SIMD32)

#include <arm_acle.h>

/* GCC makes two instructions of what PKHBT does, and does not find PKHTB's shift. */
static inline lnn_pair_t lnn_pair(int32_t low, int32_t high) {
    lnn_pair_t p;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(p) : "r"(low), "r"(high));
    return p;
}

/* (low >> 15, high >> 15) */
static inline lnn_pair_t lnn_pair_of_q30(int32_t low, int32_t high) {
    lnn_pair_t p;
    __asm("pkhtb %0, %1, %2, asr #15" : "=r"(p) : "r"((uint32_t)high << 1), "r"(low));
    return p;
}

#define lnn_pair_half_add(a, b) ((lnn_pair_t)__shadd16((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_half_sub(a, b) ((lnn_pair_t)__shsub16((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_half_add_j(a, b) ((lnn_pair_t)__shasx((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_half_sub_j(a, b) ((lnn_pair_t)__shsax((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_sat_add_j(a, b) ((lnn_pair_t)__qasx((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_sat_sub_j(a, b) ((lnn_pair_t)__qsax((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_dot(a, b) ((int32_t)__smuad((int16x2_t)(a), (int16x2_t)(b)))
#define lnn_pair_cross(a, b) ((int32_t)__smusdx((int16x2_t)(a), (int16x2_t)(b)))

#else

static inline lnn_pair_t lnn_pair(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
}

static inline lnn_pair_t lnn_pair_of_q30(int32_t low, int32_t high) {
    return lnn_pair(low >> 15, high >> 15);
}

static inline int32_t lnn_pair_sat16(int32_t x) {
    return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x;
}

/* (a + b) / 2, rounded down */
static inline lnn_pair_t lnn_pair_half_add(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair((lnn_low(a) + lnn_low(b)) >> 1, (lnn_high(a) + lnn_high(b)) >> 1);
}

static inline lnn_pair_t lnn_pair_half_sub(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair((lnn_low(a) - lnn_low(b)) >> 1, (lnn_high(a) - lnn_high(b)) >> 1);
}

/* (a + j b) / 2 */
static inline lnn_pair_t lnn_pair_half_add_j(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair((lnn_low(a) - lnn_high(b)) >> 1, (lnn_high(a) + lnn_low(b)) >> 1);
}

/* (a - j b) / 2 */
static inline lnn_pair_t lnn_pair_half_sub_j(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair((lnn_low(a) + lnn_high(b)) >> 1, (lnn_high(a) - lnn_low(b)) >> 1);
}

/* a + j b */
static inline lnn_pair_t lnn_pair_sat_add_j(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair(lnn_pair_sat16(lnn_low(a) - lnn_high(b)), lnn_pair_sat16(lnn_high(a) + lnn_low(b)));
}

/* a - j b */
static inline lnn_pair_t lnn_pair_sat_sub_j(lnn_pair_t a, lnn_pair_t b) {
    return lnn_pair(lnn_pair_sat16(lnn_low(a) + lnn_high(b)), lnn_pair_sat16(lnn_high(a) - lnn_low(b)));
}

/* a.low b.low + a.high b.high */
static inline int32_t lnn_pair_dot(lnn_pair_t a, lnn_pair_t b) {
    return (int32_t)((uint32_t)(lnn_low(a) * lnn_low(b)) + (uint32_t)(lnn_high(a) * lnn_high(b)));
}

/* a.low b.high - a.high b.low */
static inline int32_t lnn_pair_cross(lnn_pair_t a, lnn_pair_t b) {
    return (int32_t)((uint32_t)(lnn_low(a) * lnn_high(b)) - (uint32_t)(lnn_high(a) * lnn_low(b)));
}

#endif

/* low half of a, high half of b */
static inline lnn_pair_t lnn_pair_mix(lnn_pair_t a, lnn_pair_t b) {
    return (a & 0xffffu) | (b & 0xffff0000u);
}

/* x times cos - j sin, w = (cos, sin) in q15 */
static inline lnn_pair_t lnn_pair_rotate(lnn_pair_t x, lnn_pair_t w) {
    return lnn_pair_of_q30(lnn_pair_dot(x, w), lnn_pair_cross(w, x));
}

#endif
