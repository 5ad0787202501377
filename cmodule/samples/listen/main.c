/* SPDX-License-Identifier: MIT */
/*
 * Listens without files, operating system or malloc. The model is a constant array in flash, all memory is static, so
 * the linker knows what the program needs.
 */
#include "keywords.h" /* liquid-info device/models/keywords.lnn --header keywords.h */
#include "liquid_audio_lnn.h"
#include "platform.h"

#define BLOCK_SAMPLES (KEYWORDS_SAMPLE_RATE_HZ / 50u) /* 20 ms */

/*
 * Room for every model of up to these sizes, so that a later model needs no new memory map. KEYWORDS_RAM_BYTES would be
 * enough for this model alone.
 */
#define MEMORY_BYTES LNN_MODEL_RAM_BYTES(512u, 512u, 80u, 16u, 3u, 96u)

#if MEMORY_BYTES < KEYWORDS_RAM_BYTES
#error "the model is larger than MEMORY_BYTES allows for"
#endif

static uint64_t memory[(MEMORY_BYTES + 7u) / 8u]; /* 64-bit numbers, because lnn_load() needs it aligned to 8 */
static int16_t block[BLOCK_SAMPLES];

static void act_on(uint16_t label) {
    switch (label) {
        case KEYWORDS_LABEL_ON:
            platform_lamp(true);
            break;
        case KEYWORDS_LABEL_OFF:
            platform_lamp(false);
            break;
        default:
            break;
    }
}

int main(void) {
    lnn_model_t *model;
    lnn_result_t result;
    lnn_event_t event;
    lnn_status_t status = lnn_load(keywords_model, KEYWORDS_MODEL_BYTES, memory, sizeof memory, &model);
    if (status == LNN_OK) {
        status = lnn_selftest(model, NULL); /* this compiler and core compute what the host did */
    }
    if (status != LNN_OK) {
        platform_say(lnn_error_text(status));
        return 1;
    }
    for (size_t n; (n = platform_microphone(block, BLOCK_SAMPLES)) > 0;) {
        lnn_process(model, block, n, &result);
        while (lnn_next_event(model, &event)) {
            platform_say(lnn_label_name(model, event.label));
            act_on(event.label);
        }
    }
    return 0;
}
