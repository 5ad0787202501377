/* SPDX-License-Identifier: MIT */
/* The .lnn file of CONFIG_LIQUID_AUDIO_MODEL_FILE, in flash: what lnn_load() takes. */
#ifndef LIQUID_AUDIO_BAKED_MODEL_H
#define LIQUID_AUDIO_BAKED_MODEL_H

#include <stdint.h>

extern const uint8_t lnn_baked_model[];
extern const uint32_t lnn_baked_model_bytes;

#endif
