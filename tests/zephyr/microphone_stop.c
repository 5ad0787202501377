/* SPDX-License-Identifier: MIT */
/*
 * microphone_dmic.c as it is, with a driver that behaves as Zephyr's do: it stops after the block under way, and refuses
 * a configuration until then.  With -DSHIM_st_mpxxdtyy=1 its blocks are its own until they are read.
 * Argument: the sample rate.  Stops in the middle of a block and starts again at once.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "../../cmodule/zephyr/microphone_dmic.c"

const struct device shim_microphone = {"shim"};
static struct k_mem_slab *blocks;
static void *under_way;
static int64_t end_ns;
static uint32_t rate_hz;

static struct k_mem_slab own = {BLOCK_BYTES, 0};

static void next_block(void) {
    k_mem_slab_alloc(LNN_MIC_IS(st_mpxxdtyy) ? &own : blocks, &under_way, K_NO_WAIT);
    end_ns = now_ns() + LNN_MIC_BLOCK_SAMPLES * INT64_C(1000000000) / rate_hz;
}

int dmic_configure(const struct device *device, struct dmic_cfg *config) {
    (void)device;
    rate_hz = config->streams[0].pcm_rate;
    blocks = config->streams[0].mem_slab;
    if (LNN_MIC_IS(st_mpxxdtyy) && under_way && now_ns() >= end_ns) {
        k_mem_slab_free(&own, under_way);
        under_way = NULL;
    }
    return under_way ? -EBUSY : 0;
}

int dmic_trigger(const struct device *device, enum dmic_trigger command) {
    (void)device;
    if (command == DMIC_TRIGGER_START) {
        next_block();
    }
    return 0;
}

int dmic_read(const struct device *device, uint8_t stream, void **block, size_t *bytes, int32_t timeout_ms) {
    (void)device, (void)stream;
    if (LNN_MIC_IS(st_mpxxdtyy)) {
        usleep(2000000);
        return -EIO;
    }
    int64_t wait_ns = end_ns - now_ns();
    if (!under_way || wait_ns > timeout_ms * (int64_t)NSEC_PER_MSEC) {
        usleep(timeout_ms * 1000);
        return -EAGAIN;
    }
    usleep(wait_ns < 0 ? 0 : wait_ns / 1000);
    *block = under_way;
    *bytes = BLOCK_BYTES;
    under_way = NULL;
    return 0;
}

int main(int n_words, char **words) {
    lnn_mic_config_t config = {n_words > 1 ? (uint32_t)atoi(words[1]) : 0, 256, 0};
    for (int i = 0; i < 3; i++) {
        int error = lnn_mic_source_start(&shim_microphone, &config);
        if (error) {
            printf("start %d: error %d\n", i, error);
            return 1;
        }
        int64_t start_ns = now_ns();
        lnn_mic_source_stop(&shim_microphone, &config);
        if (now_ns() - start_ns > INT64_C(1900000000)) {
            printf("stop %d took 2 s\n", i);
            return 1;
        }
        if (k_mem_slab_num_used_get(&slab) != 0) {
            printf("stop %d: %d blocks are still in use\n", i, k_mem_slab_num_used_get(&slab));
            return 1;
        }
    }
    return 0;
}
