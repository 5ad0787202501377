/* SPDX-License-Identifier: MIT */
/*
 * The C core without an operating system: self-test of the model in model.S, random work to compare with
 * the host's, and costs. Prints one JSON object; the exit status is that of the self-test.
 */
#include <stdbool.h>
#include <stddef.h>

#include "drive.h"
#include "internal.h"
#include "json.h"

#ifndef CLOCK_HZ
#define CLOCK_HZ 31250000u
#endif
#ifndef DRIVE_STEPS
#define DRIVE_STEPS 0u
#endif

extern const uint8_t model_data[], model_data_end[];
static uint64_t memory[MEMORY_BYTES / 8u];

/* QEMU with -icount shift=5 runs 31.25 million instructions a second. */
static uint32_t instructions(uint64_t ticks, uint32_t runs) {
    return (uint32_t)(ticks * (31250000u / 250u) / (CLOCK_HZ / 250u) / (runs ? runs : 1u));
}

static void print_costs(lnn_model_t *model) {
    const lnn_counters_t *counters = lnn_get_counters(model);
    lnn_result_t result;
    lnn_reset(model);
    lnn_clear_counters(model);
    lnn_set_clock(model, clock_ticks);
    lnn_process(model, model->golden_audio, model->golden_samples, &result);
    print_number("frontend_instructions", instructions(counters->frontend_time, counters->frontend_runs));
    print_number("traces_instructions", instructions(counters->trace_time, counters->steps));
    print_number("cells_instructions", instructions(counters->cell_time, counters->steps));
    print_number("readout_instructions", instructions(counters->readout_time, counters->steps));
    print_number("tick_instructions", instructions(counters->gate_time, counters->ticks));
    lnn_set_clock(model, NULL);
}

/* The first cell alone, then all of them, at a steady timestep. */
static void print_cell_costs(lnn_model_t *model) {
    lnn_cell_t *cell = &model->cells[0];
    lnn_cell_step(cell, 20000, 0.02f, model->scratch);
    uint32_t start = clock_ticks();
    lnn_cell_step(cell, 20000, 0.02f, model->scratch);
    uint32_t step = clock_ticks() - start;
    print_number("cell_inputs", cell->n_inputs);
    print_number("cell_units", cell->n_units);
    print_number("cell_step_instructions", instructions(step, 1));
    for (uint32_t i = 1; i < model->info.n_cells; i++) {
        lnn_cell_step(cell + i, 20000, 0.02f, model->scratch);
        start = clock_ticks();
        lnn_cell_hear(cell + i, cell + i - 1);
        lnn_cell_step(cell + i, 20000, 0.02f, model->scratch);
        step += clock_ticks() - start;
    }
    print_number("cells_step_instructions", instructions(step, 1));
}

/* Traces, and a liquid readout up to its evidence, at a steady timestep. */
static void print_stage_costs(lnn_model_t *model) {
    if (model->traces.n_channels > 0) {
        lnn_traces_step(&model->traces, lnn_cell_inputs(&model->cells[0]), 20000, 0.02f);
        uint32_t start = clock_ticks();
        lnn_traces_step(&model->traces, lnn_cell_inputs(&model->cells[0]), 20000, 0.02f);
        print_number("traces_step_instructions", instructions(clock_ticks() - start, 1));
    }
    if (model->readout.is_liquid) {
        const void *state = lnn_cell_state(&model->cells[model->info.n_cells - 1u]);
        lnn_liquid_step(&model->readout, state, 20000, model->scratch);
        uint32_t start = clock_ticks();
        lnn_liquid_step(&model->readout, state, 20000, model->scratch);
        print_number("liquid_step_instructions", instructions(clock_ticks() - start, 1));
    }
}

#define ROWS 128u
#define COLUMNS 104u

/* A dense product as large as that of 64 units on 40 inputs, in the layout of the core. */
static void print_product_costs(void) {
    static const int16_t weights[ROWS * COLUMNS] = {1, 2, 3};
    static int16_t x[COLUMNS], spare[COLUMNS];
    static int32_t sums[ROWS];
    lnn_matrix_t wide = {weights, NULL, NULL, ROWS / 4u, COLUMNS, LNN_LAYOUT_ROWS4X4, true}, matrix = wide;
    matrix.wide = false;
#ifdef __ARM_FEATURE_MVE
    matrix.layout = LNN_LAYOUT_ROWS4X16;
#endif
    uint32_t start = clock_ticks();
    lnn_matvec(&matrix, x, sums, spare);
    print_number("matvec_s8_instructions", instructions(clock_ticks() - start, 1));
    start = clock_ticks();
    lnn_matvec(&wide, x, sums, spare);
    print_number("matvec_s16_instructions", instructions(clock_ticks() - start, 1));
}

#ifdef AUDIO
extern const int16_t audio_data[], audio_data_end[];

/* A recording in blocks of 20 ms, as a microphone brings it: instructions for each second of it. */
static void print_stream_costs(lnn_model_t *model) {
    const uint32_t block = model->info.sample_rate_hz / 50u, n = (uint32_t)(audio_data_end - audio_data) / block;
    lnn_result_t result;
    uint64_t ticks = 0;
    lnn_reset(model);
    lnn_clear_counters(model);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t start = clock_ticks();
        lnn_process(model, audio_data + k * block, block, &result);
        ticks += clock_ticks() - start;
    }
    print_number("second_instructions", instructions(ticks * 50u, n));
    print_number("steps", result.steps);
    print_number("skipped_macs_per_step",
                 result.steps ? (uint32_t)(lnn_get_counters(model)->skipped_macs / result.steps) : 0u);
}
#endif

int main(void) {
    lnn_model_t *model = NULL;
    float difference = 0.0f;
    lnn_status_t status = lnn_load(model_data, (size_t)(model_data_end - model_data), memory, sizeof memory, &model);
    if (status == LNN_OK) {
        status = lnn_selftest(model, &difference);
    }
    print("{\"status\": \"");
    print(lnn_error_name(status));
    print("\"");
    print_number("difference_e9", (uint32_t)(difference * 1e9f));
    if (model) {
        print_number("ram_bytes", model->info.ram_bytes);
        print_costs(model);
        if (model->integer) {
            print_cell_costs(model);
            print_stage_costs(model);
            print_product_costs();
        }
#ifdef AUDIO
        print_stream_costs(model);
#endif
        if (DRIVE_STEPS > 0) {
            print_number("steps_hash", drive_steps(model, DRIVE_STEPS));
            print_number("frontend_hash", drive_frontend(model, DRIVE_STEPS / 50u));
            print_number("engine_hash", drive_engine(model, DRIVE_STEPS / 20u));
        }
    }
    print("}\n");
    return status == LNN_OK ? 0 : 1;
}
