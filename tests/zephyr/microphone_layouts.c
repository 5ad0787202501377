/* SPDX-License-Identifier: MIT */
/*
 * microphone_i2s.c as it is, with a driver that writes words to memory as the peripheral's data register gives them:
 * -DREGISTER_BITS=16 (two half-words, the high one first) or 32.
 */
#include <stdio.h>
#include <string.h>

#include "../../cmodule/zephyr/microphone_i2s.c"

const struct device shim_microphone = {"shim"};

/* A microphone's slots, left and right: 24 bits and 8 that nothing drives. */
static const uint32_t slots[] = {0x123456ff, 0xffff0000, 0x800000ff, 0x7fffff00, 0x0000ff00, 0xfedcba00};

int i2s_configure(const struct device *device, enum i2s_dir direction, const struct i2s_config *config) {
    return device == &shim_microphone && direction == I2S_DIR_RX && config->word_size == 32 ? 0 : -EINVAL;
}

int i2s_trigger(const struct device *device, enum i2s_dir direction, enum i2s_trigger_cmd command) {
    (void)device, (void)direction, (void)command;
    return 0;
}

int i2s_read(const struct device *device, void **block, size_t *bytes) {
    (void)device;
    k_mem_slab_alloc(&slab, block, K_NO_WAIT);
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
#if REGISTER_BITS == 16
        uint16_t halves[] = {(uint16_t)(slots[i] >> 16), (uint16_t)slots[i]};
        memcpy((uint32_t *)*block + i, halves, sizeof halves);
#else
        memcpy((uint32_t *)*block + i, &slots[i], sizeof slots[i]);
#endif
    }
    *bytes = sizeof slots;
    return 0;
}

/* Arguments: gain_q8, channel.  Prints the samples. */
int main(int n_words, char **words) {
    int16_t audio[LNN_MIC_BLOCK_SAMPLES];
    if (n_words != 3) {
        return 2;
    }
    lnn_mic_config_t config = {16000, (uint16_t)atoi(words[1]), (uint8_t)atoi(words[2])};
    int n =
        lnn_mic_source_start(&shim_microphone, &config) ? -1 : lnn_mic_source_take(&shim_microphone, &config, audio);
    lnn_mic_source_stop(&shim_microphone, &config);
    for (int i = 0; i < n; i++) {
        printf("%d ", audio[i]);
    }
    return n < 0 || slab.used != 0;
}
