/* SPDX-License-Identifier: MIT */
#ifndef LNN_FFT_Q15_H
#define LNN_FFT_Q15_H

#include <stdbool.h>

#include "pair.h"

#define LNN_FFT_Q15_POINTS 512u

extern const int16_t lnn_twiddle_q15[384][2]; /* cos and sin of 2 pi i / 512 */
extern const uint8_t lnn_bit_reverse_8[256];

bool lnn_fft_q15_has(uint16_t points);

/*
 * z: `points` real samples, |sample| < 2**14, two a word; destroyed.
 * out: points / 2 + 1 powers |X[k]|**2, X being the spectrum divided by points / 2.
 */
void lnn_power_spectrum_q15(lnn_pair_t *z, uint32_t points, uint32_t *out);

#endif
