/* SPDX-License-Identifier: MIT */
/*
 * The two calls of a program that has one model and blocks of one length:
 *
 *     lnn_model_t *model = lnn_load_from_flash(model_data);
 *     lnn_result_t result;
 *     lnn_process_cmsis(model, audio_buffer, &result);
 *
 * Include this header in one C or C++ file only: the file that includes it gets the memory of the model. Define
 * LNN_EASY_RAM_BYTES (`liquid-info model.lnn` prints what a model needs) and LNN_EASY_BLOCK_SAMPLES before the include
 * if the defaults do not fit.
 */
#ifndef LIQUID_AUDIO_EASY_H
#define LIQUID_AUDIO_EASY_H

#include "liquid_audio_lnn.h"

#ifndef LNN_EASY_RAM_BYTES
#define LNN_EASY_RAM_BYTES 16384
#endif
#ifndef LNN_EASY_BLOCK_SAMPLES
#define LNN_EASY_BLOCK_SAMPLES 256
#endif

/* Why the last lnn_load_from_flash() gave NULL. */
static lnn_status_t lnn_easy_status = LNN_OK;

/*
 * Loads a trusted file, which gives its own length, into the one static memory; a model loaded before is replaced.
 * Align `model_data` to 4 bytes. Returns NULL if the file is refused or needs more than LNN_EASY_RAM_BYTES;
 * lnn_easy_status says why.
 */
static inline lnn_model_t *lnn_load_from_flash(const void *model_data) {
    static uint64_t memory[(LNN_EASY_RAM_BYTES + 7) / 8];
    const uint8_t *bytes = (const uint8_t *)model_data;
    lnn_model_t *model = NULL;
    if (model_data == NULL) {
        lnn_easy_status = LNN_ERR_ARGUMENT;
        return NULL;
    }
    /* file_bytes of the header */
    size_t file_bytes =
        (size_t)(bytes[8] | (uint32_t)bytes[9] << 8 | (uint32_t)bytes[10] << 16 | (uint32_t)bytes[11] << 24);
    lnn_easy_status = lnn_load(model_data, file_bytes, memory, sizeof memory, &model);
    return lnn_easy_status == LNN_OK ? model : NULL;
}

/* Takes LNN_EASY_BLOCK_SAMPLES samples. `model` may be NULL: the status is then LNN_ERR_ARGUMENT. */
static inline lnn_status_t lnn_process_cmsis(lnn_model_t *model, const int16_t *audio_buffer, lnn_result_t *result) {
    return lnn_process(model, audio_buffer, LNN_EASY_BLOCK_SAMPLES, result);
}

#endif
