/* SPDX-License-Identifier: MIT */
/* From a 32-bit word of an I2S receiver, as it lies in memory, to a 16-bit sample. */
#ifndef LIQUID_AUDIO_I2S_WORD_H
#define LIQUID_AUDIO_I2S_WORD_H

#include <stdint.h>

typedef enum {
	/* The word is the slot: 24 bits on the left, 8 that mean nothing on the right. */
	LNN_I2S_WHOLE,
	/*
	 * The data register has 16 bits and gives the high half of a slot first (STM32 without "h7" in
	 * its compatible: reference manual RM0390, 26.6.3). DMA writes the halves in that order, so on
	 * a little-endian processor the high half is the low half of the word in memory.
	 */
	LNN_I2S_HIGH_HALF_FIRST,
} lnn_i2s_layout_t;

/* The gain comes before the cut to 16 bits, so a quiet microphone keeps its lower bits. */
static inline int16_t lnn_i2s_sample(uint32_t word, lnn_i2s_layout_t layout, uint16_t gain_q8)
{
	if (layout == LNN_I2S_HIGH_HALF_FIRST) {
		word = word << 16 | word >> 16;
	}
	int64_t sample = (int64_t)(int32_t)word * gain_q8 >> 24;

	if (sample > INT16_MAX) {
		return INT16_MAX;
	}
	return sample < INT16_MIN ? INT16_MIN : (int16_t)sample;
}

#endif
