/* SPDX-License-Identifier: MIT */
/* The learned timestep. format/SPEC.md says what a table holds. */
#include "timetable.h"

#include <stddef.h>

#include "lnn_format.h"

typedef char
    lnn_timetable_has_all[sizeof((lnn_timetable_t *)0)->timestep_ms == LNN_TIMESTEPS * sizeof(uint16_t) ? 1 : -1];

bool lnn_timetable_has_borders(const lnn_timetable_t *t) {
    return t->complexity_low_q10 <= t->complexity_high_q10 && t->evidence_low_q15 <= t->evidence_high_q15
           && t->evidence_high_q15 <= LNN_TIMETABLE_EVIDENCE_HIGH_Q15_MAX;
}

bool lnn_timetable_has_timesteps(const lnn_timetable_t *t) {
    for (uint32_t i = 0; i < LNN_TIMESTEPS; i++) {
        if (t->timestep_ms[i] < LNN_TIMETABLE_TIMESTEP_MS_MIN || t->timestep_ms[i] > LNN_TIMETABLE_TIMESTEP_MS_MAX) {
            return false;
        }
    }
    return true;
}

void lnn_timetable_rest(lnn_timetable_state_t *state) {
    state->loud = false;
    state->complexity = 0;
    state->evidence = 0;
}

void lnn_timetable_set(lnn_timetable_state_t *state, const lnn_timetable_t *table, uint32_t sample_rate_hz) {
    state->used = table != NULL;
    if (table) {
        state->table = *table;
        state->samples_per_ms_q16 = (uint32_t)(((uint64_t)sample_rate_hz << 16) / 1000u);
    }
}

/* Up at once, down below the border by the margin. */
static uint8_t next_level(uint8_t level, uint32_t value, uint32_t low, uint32_t high, uint32_t margin) {
    const uint32_t borders[2] = {low, high};
    while (level < 2u && value >= borders[level]) {
        level++;
    }
    while (level > 0u && value + margin < borders[level - 1u]) {
        level--;
    }
    return level;
}

void lnn_timetable_hear(lnn_timetable_state_t *state, int32_t complexity_q16) {
    const lnn_timetable_t *t = &state->table;
    uint32_t value_q10 = complexity_q16 > 0 ? (uint32_t)complexity_q16 >> 6 : 0u;
    state->complexity = next_level(state->complexity, value_q10, t->complexity_low_q10, t->complexity_high_q10,
                                   t->complexity_margin_q10);
}

void lnn_timetable_believe(lnn_timetable_state_t *state, uint32_t evidence_q15) {
    const lnn_timetable_t *t = &state->table;
    state->evidence =
        next_level(state->evidence, evidence_q15, t->evidence_low_q15, t->evidence_high_q15, t->evidence_margin_q15);
}

uint32_t lnn_timetable_timestep(const lnn_timetable_state_t *state) {
    uint32_t place = (state->loud ? 9u : 0u) + 3u * state->complexity + state->evidence;
    return (uint32_t)((uint64_t)state->table.timestep_ms[place] * state->samples_per_ms_q16 >> 16);
}
