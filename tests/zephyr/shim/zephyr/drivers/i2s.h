/* SPDX-License-Identifier: MIT */
/* Of Zephyr's I2S API what microphone_i2s.c calls; the test is the driver. */
#ifndef SHIM_I2S_H
#define SHIM_I2S_H

#include <zephyr/kernel.h>

enum i2s_dir { I2S_DIR_RX };
enum i2s_trigger_cmd { I2S_TRIGGER_START, I2S_TRIGGER_DROP, I2S_TRIGGER_PREPARE };
enum { I2S_FMT_DATA_FORMAT_I2S };

struct i2s_config {
    uint8_t word_size, channels, format, options;
    uint32_t frame_clk_freq;
    struct k_mem_slab *mem_slab;
    size_t block_size;
    int32_t timeout;
};
struct device;

int i2s_configure(const struct device *device, enum i2s_dir direction, const struct i2s_config *config);
int i2s_trigger(const struct device *device, enum i2s_dir direction, enum i2s_trigger_cmd command);
int i2s_read(const struct device *device, void **block, size_t *bytes);

#endif
