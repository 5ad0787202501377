/* SPDX-License-Identifier: MIT */
/*
 * A loaded model: one struct per stage. In each, config (sizes), weights (pointers into the file) and state (pointers
 * into the caller's memory) are kept apart; the stage's own header and file compute its size, place it and reset it.
 */
#ifndef LNN_INTERNAL_H
#define LNN_INTERNAL_H

#include "cell.h"
#include "frontend.h"
#include "gate.h"
#include "guards.h"
#include "liquid_audio_lnn.h"
#include "lnn_format.h"
#include "readout.h"
#include "ring.h"
#include "traces.h"

#define LNN_EVENTS 8u
/* Of the struct in the caller's memory: the same on a 64-bit host as on a board. The format counts LNN_MODEL_BYTES. */
#define LNN_BLOCK_BYTES 1856u

struct lnn_model {
    lnn_info_t info;
    lnn_ring_t ring;
    lnn_gate_t gate;
    lnn_frontend_t frontend;
    lnn_traces_t traces;
    lnn_cell_t cells[LNN_MAX_CELLS];
    lnn_readout_t readout;
    lnn_counters_t counters;
    lnn_clock_t clock;
    void *scratch;       /* shared by front-end, cells and readout, which never run at once */
    bool integer;        /* weights of cells and readout, else they are float32 */
    uint32_t elapsed;    /* samples since the cells' last step */
    uint32_t rested;     /* of these, in which a closed gate or lost audio let the evidence fade */
    uint64_t heard;      /* samples of whole ticks since the reset */
    uint64_t last_power; /* of the last whole tick */
    int32_t flux_q16;    /* of the last step */
    uint32_t steps;      /* since the reset */
    uint32_t us_per_sample_q16;
    /* the work of the last whole second, in ticks of the clock */
    uint64_t work_before; /* of all stages, when the current second began */
    uint32_t work_per_second;
    uint32_t second_samples; /* of the current second */
    lnn_policy_t file_policy;
    const lnn_file_timetable_t *file_timetable; /* NULL: there is none */
    /* events that nobody has fetched: a ring */
    lnn_event_t events[LNN_EVENTS];
    uint8_t first_event;
    uint8_t n_events;
    /* golden vectors, in the file */
    const int16_t *golden_audio;
    const float *golden_logits;
    uint32_t golden_samples;
    uint32_t golden_steps;
    float golden_tolerance;
};

typedef char lnn_model_fits[sizeof(struct lnn_model) <= LNN_BLOCK_BYTES ? 1 : -1];
typedef char lnn_policy_is_the_files[sizeof(lnn_policy_t) == sizeof(lnn_file_policy_t) ? 1 : -1];

static inline uint64_t lnn_work(const lnn_counters_t *c) {
    return c->gate_time + c->frontend_time + c->trace_time + c->cell_time + c->readout_time;
}

static inline uint32_t lnn_now(const lnn_model_t *model) {
    return model->clock ? model->clock() : 0u;
}

/* errors.c: in the order of enum cell and enum solver */
extern const char *const lnn_cell_names[];
extern const char *const lnn_solver_names[];

#endif
