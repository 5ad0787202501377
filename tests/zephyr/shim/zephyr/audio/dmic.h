/* SPDX-License-Identifier: MIT */
/* Of Zephyr's DMIC API what microphone_dmic.c calls; the test is the driver. */
#ifndef SHIM_DMIC_H
#define SHIM_DMIC_H

#include <zephyr/kernel.h>

enum dmic_trigger { DMIC_TRIGGER_STOP, DMIC_TRIGGER_START };
enum pdm_lr { PDM_CHAN_LEFT, PDM_CHAN_RIGHT };

struct pcm_stream_cfg {
    uint32_t pcm_rate;
    uint8_t pcm_width;
    uint16_t block_size;
    struct k_mem_slab *mem_slab;
};
struct dmic_cfg {
    struct {
        uint32_t min_pdm_clk_freq, max_pdm_clk_freq;
        uint8_t min_pdm_clk_dc, max_pdm_clk_dc;
    } io;
    struct pcm_stream_cfg *streams;
    struct {
        uint32_t req_chan_map_lo;
        uint8_t req_num_chan, req_num_streams;
    } channel;
};
struct device;

#define dmic_build_channel_map(channel, pdm, lr) ((uint32_t)(lr) << 3)

int dmic_configure(const struct device *device, struct dmic_cfg *config);
int dmic_trigger(const struct device *device, enum dmic_trigger command);
int dmic_read(const struct device *device, uint8_t stream, void **block, size_t *bytes, int32_t timeout_ms);

#endif
