/* SPDX-License-Identifier: MIT */
/* What a receiver supplies to microphone.c: microphone_dmic.c or microphone_i2s.c. */
#ifndef LIQUID_AUDIO_MICROPHONE_SOURCE_H
#define LIQUID_AUDIO_MICROPHONE_SOURCE_H

#include <zephyr/device.h>
#include <zephyr/kernel.h>
#include <liquid_audio/microphone.h>

#define LNN_MIC_BLOCK_SAMPLES CONFIG_LIQUID_AUDIO_MIC_BLOCK_SAMPLES

/* Longer than a receiver ever takes for a block, shorter than a listener's patience. */
#define LNN_MIC_BLOCK_TIMEOUT_MS(rate_hz) (20 + 3000 * LNN_MIC_BLOCK_SAMPLES / (int)(rate_hz))

/* Drivers drop whole lines of the data cache after DMA wrote to memory. */
#if defined(CONFIG_DCACHE_LINE_SIZE) && CONFIG_DCACHE_LINE_SIZE > 0
#define LNN_MIC_BLOCK_ALIGN CONFIG_DCACHE_LINE_SIZE
#else
#define LNN_MIC_BLOCK_ALIGN sizeof(int32_t)
#endif

#define LNN_MIC_NODE DT_CHOSEN(liquid_audio_microphone)
#if DT_HAS_CHOSEN(liquid_audio_microphone)
#define LNN_MIC_DEVICE DEVICE_DT_GET(LNN_MIC_NODE)
#else
#define LNN_MIC_DEVICE NULL
#endif

int lnn_mic_source_start(const struct device *device, const lnn_mic_config_t *config);
/* Returns when the driver is at rest and holds no block; also for a driver that failed. */
void lnn_mic_source_stop(const struct device *device, const lnn_mic_config_t *config);
/*
 * Takes one block, mono, with its gain, to `audio` (NULL: drops it). Returns its samples, or -errno
 * soon after a timeout.
 */
int lnn_mic_source_take(const struct device *device, const lnn_mic_config_t *config,
			int16_t *audio);

#endif
