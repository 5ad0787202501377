/* Zephyr's DMIC API: PDM microphones, decimated by the receiver or its driver. */
#include <errno.h>
#include <string.h>

#include <zephyr/audio/dmic.h>

#include "microphone_source.h"

#define CHANNELS CONFIG_LIQUID_AUDIO_MIC_CHANNELS
#define BLOCK_BYTES (LNN_MIC_BLOCK_SAMPLES * CHANNELS * sizeof(int16_t))

/* What the usual PDM microphones take. */
#define PDM_MIN_HZ 1000000u
#define PDM_MAX_HZ 3250000u

K_MEM_SLAB_DEFINE_STATIC(slab, ROUND_UP(BLOCK_BYTES, LNN_MIC_BLOCK_ALIGN),
			 CONFIG_LIQUID_AUDIO_MIC_DRIVER_BLOCKS, LNN_MIC_BLOCK_ALIGN);

int lnn_mic_source_start(const struct device *device, const lnn_mic_config_t *config)
{
	struct pcm_stream_cfg stream = {
		.pcm_rate = config->sample_rate_hz,
		.pcm_width = 16,
		.block_size = BLOCK_BYTES,
		.mem_slab = &slab,
	};
	struct dmic_cfg dmic = {
		.io =
			{
				.min_pdm_clk_freq = PDM_MIN_HZ,
				.max_pdm_clk_freq = PDM_MAX_HZ,
				.min_pdm_clk_dc = 40,
				.max_pdm_clk_dc = 60,
			},
		.streams = &stream,
		.channel =
			{
				.req_num_streams = 1,
				.req_num_chan = CHANNELS,
				.req_chan_map_lo =
					CHANNELS == 2
						? dmic_build_channel_map(0, 0, PDM_CHAN_LEFT) |
							  dmic_build_channel_map(1, 0,
										 PDM_CHAN_RIGHT)
						: dmic_build_channel_map(0, 0,
									 config->channel
										 ? PDM_CHAN_RIGHT
										 : PDM_CHAN_LEFT),
			},
	};
	int error = dmic_configure(device, &dmic);
	return error ? error : dmic_trigger(device, DMIC_TRIGGER_START);
}

void lnn_mic_source_stop(const struct device *device)
{
	void *block;
	size_t bytes;
	(void)dmic_trigger(device, DMIC_TRIGGER_STOP);
	/* Drivers stop after the block under way: wait for it, so that a start finds them at rest. */
	while (dmic_read(device, 0, &block, &bytes, 20) == 0) {
		k_mem_slab_free(&slab, block);
	}
}

int lnn_mic_source_take(const struct device *device, const lnn_mic_config_t *config, int16_t *audio)
{
	void *block;
	size_t bytes;
	int error = dmic_read(device, 0, &block, &bytes,
			      LNN_MIC_BLOCK_TIMEOUT_MS(config->sample_rate_hz));
	if (error) {
		return error;
	}
	const int16_t *pcm = block;
	int n = MIN(bytes, BLOCK_BYTES) / (CHANNELS * sizeof *pcm);
	int first = CHANNELS == 2 ? config->channel : 0;
	if (audio && CHANNELS == 1 && config->gain_q8 == 256) {
		memcpy(audio, pcm, (size_t)n * sizeof *audio);
	} else if (audio) {
		for (int i = 0; i < n; i++) {
			audio[i] =
				(int16_t)CLAMP((pcm[i * CHANNELS + first] * config->gain_q8) >> 8,
					       INT16_MIN, INT16_MAX);
		}
	}
	k_mem_slab_free(&slab, block);
	return n;
}
