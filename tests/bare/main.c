/*
 * The C core without an operating system: self-test and costs of the model in model.S.
 * Prints one JSON object; the exit status is that of the self-test.
 */
#include <stdbool.h>
#include <stddef.h>

#include "board.h"
#include "internal.h"

#ifndef MEMORY_BYTES
#define MEMORY_BYTES 65536u
#endif

extern const uint8_t model_data[], model_data_end[];
static uint64_t memory[MEMORY_BYTES / 8u];

static void print_number(const char *name, uint32_t value) {
    char text[12];
    char *p = text + sizeof text - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0);
    print(", \"");
    print(name);
    print("\": ");
    print(p);
}

static uint32_t instructions(uint64_t ticks, uint32_t runs) {
    return (uint32_t)(ticks * 5u / 4u / runs);
}

int main(void) {
    lnn_model_t *model = NULL;
    lnn_counters_t counters;
    float difference = 0.0f;
    lnn_status_t status = lnn_load_from_flash(model_data, (size_t)(model_data_end - model_data), memory, sizeof memory, &model);
    if (status == LNN_OK) {
        status = lnn_selftest(model, &difference);
    }
    print("{\"status\": \"");
    print(lnn_error_name(status));
    print("\"");
    print_number("difference_e9", (uint32_t)(difference * 1e9f));
    if (model) {
        lnn_result_t result;
        lnn_set_clock(model, clock_ticks);
        lnn_process_cmsis(model, model->golden_audio, model->golden_samples, &result);
        counters = *lnn_get_counters(model);
        if (counters.steps > 0) {
            print_number("frontend_instructions", instructions(counters.frontend_time, counters.frontend_runs));
            print_number("cells_instructions", instructions(counters.cell_time, counters.steps));
            print_number("readout_instructions", instructions(counters.readout_time, counters.steps));
        }
        print_number("tick_instructions", instructions(counters.gate_time, counters.ticks));
        print_number("label", result.label);
        print_number("steps", result.steps);
        print_number("ram_bytes", model->info.ram_bytes);
    }
    print("}\n");
    return status == LNN_OK ? 0 : 1;
}
