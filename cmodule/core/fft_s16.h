/* SPDX-License-Identifier: MIT */
/* Windowed power spectrum of a real signal in 16-bit integers, for front-end logmel_s16. */
#ifndef LNN_FFT_S16_H
#define LNN_FFT_S16_H

#include "fft_q15.h"

extern const int32_t lnn_sine_q31[129]; /* sin(2 pi i / 512) */

/*
 * z: `points` real samples, -2**width <= sample < 2**width; destroyed. Aligned to 4, as is `powers`.
 * window: `points` weights; window[i] + window[i + points / 2] <= LNN_MAX_WINDOW_PAIR.
 * powers: points / 2 + 1 powers 2 |X[k]|**2, X being the spectrum of samples * window / 2**width, divided by
 * points / 2. A power that is nearly 0 may be as low as -4; all powers together are below 2**30.
 */
void lnn_power_spectrum_s16(int16_t *z, const int16_t *window, uint32_t points, uint32_t width, int32_t *powers);

#endif
