/* SPDX-License-Identifier: MIT */
/* Microphones with an I2S output: 24 bits, left-justified in slots of 32. */
#include <errno.h>

#include <zephyr/drivers/i2s.h>

#include "drivers_checked.h"
#include "i2s_word.h"
#include "microphone_source.h"

#define CHANNELS    CONFIG_LIQUID_AUDIO_MIC_CHANNELS
#define BLOCK_BYTES (LNN_MIC_BLOCK_SAMPLES * CHANNELS * sizeof(uint32_t))

#if LNN_MIC_IS(st_stm32_i2s) && !LNN_MIC_IS(st_stm32h7_i2s)
#define LAYOUT LNN_I2S_HIGH_HALF_FIRST
#else
#define LAYOUT LNN_I2S_WHOLE
#endif

K_MEM_SLAB_DEFINE_STATIC(slab, ROUND_UP(BLOCK_BYTES, LNN_MIC_BLOCK_ALIGN),
			 CONFIG_LIQUID_AUDIO_MIC_DRIVER_BLOCKS, LNN_MIC_BLOCK_ALIGN);

int lnn_mic_source_start(const struct device *device, const lnn_mic_config_t *config)
{
	struct i2s_config i2s = {
		.word_size = 32,
		.channels = CHANNELS,
		.format = I2S_FMT_DATA_FORMAT_I2S,
		.options =
			0, /* this end drives both clocks; the name of that changed in Zephyr 4.4 */
		.frame_clk_freq = config->sample_rate_hz,
		.mem_slab = &slab,
		.block_size = BLOCK_BYTES,
		.timeout = LNN_MIC_BLOCK_TIMEOUT_MS(config->sample_rate_hz),
	};
	int error = i2s_configure(device, I2S_DIR_RX, &i2s);

	return error != 0 ? error : i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_START);
}

void lnn_mic_source_stop(const struct device *device, const lnn_mic_config_t *config)
{
	ARG_UNUSED(config);
	/* A running driver takes "drop", one that failed takes "prepare". */
	if (i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_DROP) != 0) {
		(void)i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_PREPARE);
	}
}

int lnn_mic_source_take(const struct device *device, const lnn_mic_config_t *config, int16_t *audio)
{
	void *block;
	size_t bytes;
	int error = i2s_read(device, &block, &bytes);

	if (error != 0) {
		return error;
	}
	const uint32_t *words = block;
	int n = MIN(bytes, BLOCK_BYTES) / (CHANNELS * sizeof(*words));
	int first = CHANNELS == 2 ? config->channel : 0;

	for (int i = 0; audio != NULL && i < n; i++) {
		audio[i] = lnn_i2s_sample(words[i * CHANNELS + first], LAYOUT, config->gain_q8);
	}
	k_mem_slab_free(&slab, block);
	return n;
}
