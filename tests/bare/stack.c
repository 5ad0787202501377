/* SPDX-License-Identifier: MIT */
/*
 * How deep the core goes into the stack: the free stack is painted before a call, and looked at after it. With VERIFIED
 * the model has to be signed with lnn_trusted_key. Prints one JSON object.
 */
#include "json.h"
#include "liquid_audio_lnn.h"
#ifdef VERIFIED
#include "liquid_audio_verify.h"
#endif

#define PAINT 0x5eed5eedu
#define DEPTH_BYTES 16384u
#define BLOCK_SAMPLES 320u

extern const uint8_t model_data[], model_data_end[];
extern const int16_t audio_data[], audio_data_end[];
static uint64_t memory[MEMORY_BYTES / 8u];

/* Gives the place from which a function that is called next counts. */
static __attribute__((noinline)) uintptr_t paint(void) {
    uintptr_t top = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)3;
    for (uintptr_t at = top - DEPTH_BYTES; at < top - 64u; at += 4u) { /* not its own frame */
        *(volatile uint32_t *)at = PAINT;
    }
    return top;
}

static __attribute__((noinline)) uint32_t used(uintptr_t top) {
    uintptr_t at = top - DEPTH_BYTES;
    while (*(volatile uint32_t *)at == PAINT) {
        at += 4u;
    }
    return (uint32_t)(top - at);
}

#ifdef VERIFIED
static uint32_t verify_ticks;

static lnn_status_t verify(const lnn_signed_t *model, const void *key) {
    uint32_t start = clock_ticks();
    lnn_status_t status = lnn_verify_ed25519(model, key);
    verify_ticks = clock_ticks() - start;
    return status;
}
#endif

int main(void) {
    const size_t model_bytes = (size_t)(model_data_end - model_data);
    lnn_model_t *model;
    lnn_result_t result;
    uintptr_t top = paint();
#ifdef VERIFIED
    lnn_status_t status =
        lnn_load_verified(model_data, model_bytes, verify, &lnn_trusted_key, memory, sizeof memory, &model);
#else
    lnn_status_t status = lnn_load(model_data, model_bytes, memory, sizeof memory, &model);
#endif
    uint32_t depth = used(top);
    print("{\"status\": \"");
    print(lnn_error_name(status));
    print("\"");
    print_number("load_stack_bytes", depth);
#ifdef VERIFIED
    print_number("verify_ticks", verify_ticks);
#endif
    if (status == LNN_OK) {
        top = paint();
        for (const int16_t *at = audio_data; audio_data_end - at >= (long)BLOCK_SAMPLES; at += BLOCK_SAMPLES) {
            lnn_process(model, at, BLOCK_SAMPLES, &result);
        }
        depth = used(top);
        print_number("process_stack_bytes", depth);
        print_number("steps", result.steps);
    }
    print("}\n");
    return status == LNN_OK ? 0 : 1;
}
