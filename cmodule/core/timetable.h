/* SPDX-License-Identifier: MIT */
/* A learned timestep: a table over what is heard and what is believed, with hysteresis, in integers. */
#ifndef LNN_TIMETABLE_H
#define LNN_TIMETABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "liquid_audio_lnn.h"
#include "place.h"

typedef struct {
    lnn_timetable_t table;
    uint32_t samples_per_ms_q16;
    bool used; /* else attack and release choose the timestep */
    /* state: a row of the table */
    bool loud;
    uint8_t complexity; /* levels 0 to 2 */
    uint8_t evidence;
} lnn_timetable_state_t;

/* What a table must fulfil. */
LNN_COLD bool lnn_timetable_has_borders(const lnn_timetable_t *table);
LNN_COLD bool lnn_timetable_has_timesteps(const lnn_timetable_t *table);

LNN_COLD void lnn_timetable_set(lnn_timetable_state_t *state, const lnn_timetable_t *table, uint32_t sample_rate_hz);

/* Nothing is heard and nothing believed. */
void lnn_timetable_rest(lnn_timetable_state_t *state);
void lnn_timetable_hear(lnn_timetable_state_t *state, int32_t complexity_q16);
void lnn_timetable_believe(lnn_timetable_state_t *state, uint32_t evidence_q15);

/* In samples, as the table says. */
uint32_t lnn_timetable_timestep(const lnn_timetable_state_t *state);

#endif
