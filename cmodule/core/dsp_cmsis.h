/* SPDX-License-Identifier: MIT */
/*
 * The operations of dsp.h on CMSIS-DSP and on the instructions of a Cortex-M with an FPU.
 * Compiled where LNN_USE_CMSIS is 1; what is not defined here stays portable.
 */
#ifndef LNN_DSP_CMSIS_H
#define LNN_DSP_CMSIS_H

#include "arm_math.h"

/* Smaller sizes stay portable, because CMSIS-DSP brings 3 KB of tables for each, but they share this one's sines. */
#define LNN_HAVE_RFFT_512
static inline void lnn_rfft_512(float *in, float *out) {
    arm_rfft_fast_instance_f32 rfft; /* the init function of this size alone, as the general one links all tables */
    (void)arm_rfft_fast_init_512_f32(&rfft);
    arm_rfft_fast_f32(&rfft, in, out, 0);
}

extern const float32_t twiddleCoef_rfft_512[512]; /* pairs of sine and cosine over half a circle */
#define LNN_SINE_POINTS 512u
static inline float lnn_sine(uint32_t i) {
    return twiddleCoef_rfft_512[2u * i];
}
static inline float lnn_cosine(uint32_t i) {
    return twiddleCoef_rfft_512[2u * i + 1u];
}

#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__thumb2__) && !defined(__SOFTFP__)
#define LNN_HAVE_MATVEC
/*
 * Four columns of four rows at a time: five instructions load twenty numbers' worth of registers, so
 * that a multiply-accumulate costs little more than itself. No compiler makes vldmia of a C loop.
 */
static inline void lnn_matvec_rows4(const float *w, const float *bias, const float *x, uint32_t n_rows, uint32_t n_cols,
                                    float *out) {
    for (uint32_t r = 0; r < n_rows; r += 4) {
        float a0 = bias[r], a1 = bias[r + 1], a2 = bias[r + 2], a3 = bias[r + 3];
        const float *v = x;
        uint32_t fours = n_cols / 4u;
        if (fours > 0) {
            __asm volatile(
                "1:\n"
                "vldmia %[v]!, {s4-s7}\n"
                "vldmia %[w]!, {s16-s31}\n"
                "subs %[n], #1\n"
                "vfma.f32 %[a0], s16, s4\n"
                "vfma.f32 %[a1], s17, s4\n"
                "vfma.f32 %[a2], s18, s4\n"
                "vfma.f32 %[a3], s19, s4\n"
                "vfma.f32 %[a0], s20, s5\n"
                "vfma.f32 %[a1], s21, s5\n"
                "vfma.f32 %[a2], s22, s5\n"
                "vfma.f32 %[a3], s23, s5\n"
                "vfma.f32 %[a0], s24, s6\n"
                "vfma.f32 %[a1], s25, s6\n"
                "vfma.f32 %[a2], s26, s6\n"
                "vfma.f32 %[a3], s27, s6\n"
                "vfma.f32 %[a0], s28, s7\n"
                "vfma.f32 %[a1], s29, s7\n"
                "vfma.f32 %[a2], s30, s7\n"
                "vfma.f32 %[a3], s31, s7\n"
                "bne 1b\n"
                : [v] "+r"(v), [w] "+r"(w), [n] "+r"(fours), [a0] "+t"(a0), [a1] "+t"(a1), [a2] "+t"(a2), [a3] "+t"(a3)
                :
                : "cc", "memory", "s4", "s5", "s6", "s7", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24",
                  "s25", "s26", "s27", "s28", "s29", "s30", "s31");
        }
        for (uint32_t c = n_cols & ~3u; c < n_cols; c++, w += 4, v++) {
            a0 += w[0] * *v;
            a1 += w[1] * *v;
            a2 += w[2] * *v;
            a3 += w[3] * *v;
        }
        out[r] = a0;
        out[r + 1] = a1;
        out[r + 2] = a2;
        out[r + 3] = a3;
    }
}
#endif

#endif
