/* SPDX-License-Identifier: MIT */
/* The energy gate and the adaptive timestep. Everything is in samples and in sums of squares over a tick. */
#ifndef LNN_GATE_H
#define LNN_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "liquid_audio_lnn.h"
#include "place.h"
#include "timetable.h"

typedef struct {
    lnn_policy_t policy;
    /* the policy in samples and integers */
    uint32_t tick_samples; /* min_timestep_us */
    uint32_t max_samples;  /* max_timestep_us */
    uint32_t hold_ticks;
    uint32_t per_sample_q24; /* 1 / tick_samples */
    uint64_t open_power;     /* sum of squares of a tick that opens the gate */
    uint64_t close_power;
    uint32_t open_ratio_q8; /* power over the noise floor that opens the gate; 0: the floor does not count */
    uint32_t close_ratio_q8;
    uint32_t rise_q16; /* of the background per tick */
    uint32_t growth_q8;
    int32_t attack_q16;
    int32_t release_q16;
    /* state */
    uint64_t background;      /* sum of squares of a tick of the noise floor */
    int32_t crossing_mean_q8; /* zero crossings of a usual tick */
    int32_t complexity_q16;   /* of the last tick or step */
    uint32_t hold_left;       /* ticks until the gate may close */
    uint32_t timestep_samples;
    bool open;
    lnn_timetable_state_t timetable;
} lnn_gate_t;

LNN_COLD void lnn_gate_set_policy(lnn_gate_t *gate, const lnn_policy_t *policy, uint32_t sample_rate_hz);
LNN_COLD void lnn_gate_reset(lnn_gate_t *gate);

static inline bool lnn_gate_is_high_passed(const lnn_gate_t *gate) {
    return gate->policy.floor_ratio > 0.0f;
}

/* `ticks` of silence: the gate closes if they outlast its hold; the noise floor stays. */
void lnn_gate_rest(lnn_gate_t *gate, uint32_t ticks);

bool lnn_gate_tick(lnn_gate_t *gate, uint64_t power, uint32_t crossings);
/* evidence_q15: the largest posterior of a label that may be detected; only a timetable wants it. */
void lnn_gate_after_step(lnn_gate_t *gate, int32_t flux_q16, uint32_t evidence_q15);

#endif
