/* Microphones with an I2S output: 24 bits, left-justified in slots of 32. */
#include <errno.h>

#include <zephyr/drivers/i2s.h>

#include "microphone_source.h"

#define CHANNELS CONFIG_LIQUID_AUDIO_MIC_CHANNELS
#define BLOCK_BYTES (LNN_MIC_BLOCK_SAMPLES * CHANNELS * sizeof(int32_t))

K_MEM_SLAB_DEFINE_STATIC(slab, ROUND_UP(BLOCK_BYTES, LNN_MIC_BLOCK_ALIGN),
			 CONFIG_LIQUID_AUDIO_MIC_DRIVER_BLOCKS, LNN_MIC_BLOCK_ALIGN);

int lnn_mic_source_start(const struct device *device, const lnn_mic_config_t *config)
{
	struct i2s_config i2s = {
		.word_size = 32,
		.channels = CHANNELS,
		.format = I2S_FMT_DATA_FORMAT_I2S,
		.options = I2S_OPT_BIT_CLK_MASTER | I2S_OPT_FRAME_CLK_MASTER,
		.frame_clk_freq = config->sample_rate_hz,
		.mem_slab = &slab,
		.block_size = BLOCK_BYTES,
		.timeout = LNN_MIC_BLOCK_TIMEOUT_MS(config->sample_rate_hz),
	};
	int error = i2s_configure(device, I2S_DIR_RX, &i2s);
	return error ? error : i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_START);
}

void lnn_mic_source_stop(const struct device *device)
{
	/* Drop works in the running state, prepare after an error: one of them is right. */
	if (i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_DROP) != 0) {
		(void)i2s_trigger(device, I2S_DIR_RX, I2S_TRIGGER_PREPARE);
	}
}

int lnn_mic_source_take(const struct device *device, const lnn_mic_config_t *config, int16_t *audio)
{
	void *block;
	size_t bytes;
	int error = i2s_read(device, &block, &bytes);
	if (error) {
		return error;
	}
	const int32_t *pcm = block;
	int n = MIN(bytes, BLOCK_BYTES) / (CHANNELS * sizeof *pcm);
	int first = CHANNELS == 2 ? config->channel : 0;
	for (int i = 0; audio && i < n; i++) {
		/* The gain before the cut to 16 bits: quiet microphones keep their lower bits. */
		audio[i] =
			(int16_t)CLAMP(((int64_t)pcm[i * CHANNELS + first] * config->gain_q8) >> 24,
				       INT16_MIN, INT16_MAX);
	}
	k_mem_slab_free(&slab, block);
	return n;
}
