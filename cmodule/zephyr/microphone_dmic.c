/* SPDX-License-Identifier: MIT */
/* Zephyr's DMIC API: PDM microphones, decimated by the receiver or its driver. */
#include <errno.h>
#include <string.h>

#include <zephyr/audio/dmic.h>

#include "drivers_checked.h"
#include "microphone_source.h"

#define CHANNELS    CONFIG_LIQUID_AUDIO_MIC_CHANNELS
#define BLOCK_BYTES (LNN_MIC_BLOCK_SAMPLES * CHANNELS * sizeof(int16_t))

/* The clock of common PDM microphones. */
#define PDM_MIN_HZ 1000000u
#define PDM_MAX_HZ 3250000u

#define STOP_POLL_MS 5

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
	const uint32_t left = dmic_build_channel_map(0, 0, PDM_CHAN_LEFT);
	const uint32_t right = dmic_build_channel_map(0, 0, PDM_CHAN_RIGHT);
	struct dmic_cfg dmic = {.streams = &stream};

	dmic.io.min_pdm_clk_freq = PDM_MIN_HZ;
	dmic.io.max_pdm_clk_freq = PDM_MAX_HZ;
	dmic.io.min_pdm_clk_dc = 40;
	dmic.io.max_pdm_clk_dc = 60;
	dmic.channel.req_num_streams = 1;
	dmic.channel.req_num_chan = CHANNELS;
	if (CHANNELS == 2) {
		dmic.channel.req_chan_map_lo = left | dmic_build_channel_map(1, 0, PDM_CHAN_RIGHT);
	} else {
		dmic.channel.req_chan_map_lo = config->channel != 0 ? right : left;
	}

	int error = dmic_configure(device, &dmic);

	return error ? error : dmic_trigger(device, DMIC_TRIGGER_START);
}

void lnn_mic_source_stop(const struct device *device, const lnn_mic_config_t *config)
{
	k_timepoint_t end =
		sys_timepoint_calc(K_MSEC(LNN_MIC_BLOCK_TIMEOUT_MS(config->sample_rate_hz)));
	void *block;
	size_t bytes;

	(void)dmic_trigger(device, DMIC_TRIGGER_STOP);
	/*
	 * Drivers stop after the block under way, which takes 40 ms at 8 kHz. When no block of the slab
	 * is in use any more, the driver is at rest and can be started again.
	 */
	while (k_mem_slab_num_used_get(&slab) > 0 && !sys_timepoint_expired(end)) {
		if (dmic_read(device, 0, &block, &bytes, STOP_POLL_MS) == 0) {
			k_mem_slab_free(&slab, block);
		}
	}
	if (LNN_MIC_IS(st_mpxxdtyy)) {
		/* This driver's block under way is its own, and a read would wait for 2 s. */
		k_msleep(1 + 1000 * LNN_MIC_BLOCK_SAMPLES / (int)config->sample_rate_hz);
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
	int n = MIN(bytes, BLOCK_BYTES) / (CHANNELS * sizeof(*pcm));
	int first = CHANNELS == 2 ? config->channel : 0;

	if (audio && CHANNELS == 1 && config->gain_q8 == 256) {
		memcpy(audio, pcm, (size_t)n * sizeof(*audio));
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
