/* SPDX-License-Identifier: MIT */
/*
 * The energy gate and the adaptive timestep, in integers: a decision is the same on every core.
 * Energies are sums of squares over a tick; the policy's numbers are converted once, when it is set.
 */
#include "gate.h"
#include "lnn_format.h"
#include "fixmath.h"

#define FULL_SCALE_SQUARED 1073741824.0f /* 2**30: the square of one sample at full scale */
#define CROSSING_SHIFT 6u                /* the usual zero-crossing rate is a mean over about 2**6 ticks */

/* Sums and counts over a tick become those over a tick of another length; what is measured otherwise starts again. */
static void convert_state(lnn_gate_t *gate, const lnn_policy_t *before, uint32_t old_tick_samples) {
    const lnn_policy_t *policy = &gate->policy;
    bool same_power = (before->floor_ratio > 0.0f) == (policy->floor_ratio > 0.0f);
    bool same_complexity = before->complexity == policy->complexity;
    uint64_t hold_left = (uint64_t)gate->hold_left * old_tick_samples / gate->tick_samples;
    gate->background = same_power ? gate->background * gate->tick_samples / old_tick_samples : 0u;
    gate->crossing_mean_q8 =
        same_complexity ? (int32_t)((int64_t)gate->crossing_mean_q8 * gate->tick_samples / old_tick_samples) : 0;
    gate->complexity_q16 = same_complexity ? gate->complexity_q16 : 0;
    gate->hold_left = hold_left < gate->hold_ticks ? (uint32_t)hold_left : gate->hold_ticks;
}

void lnn_gate_set_policy(lnn_gate_t *gate, const lnn_policy_t *policy, uint32_t sample_rate_hz) {
    const lnn_policy_t before = gate->policy;
    float tick_s, close = policy->energy_threshold * policy->gate_close_ratio;
    float close_ratio = policy->floor_ratio * policy->gate_close_ratio;
    uint32_t old_tick_samples = gate->tick_samples;
    gate->policy = *policy;
    gate->tick_samples = (uint32_t)((uint64_t)policy->min_timestep_us * sample_rate_hz / 1000000u);
    gate->max_samples = (uint32_t)((uint64_t)policy->max_timestep_us * sample_rate_hz / 1000000u);
    gate->hold_ticks = (policy->hold_us + policy->min_timestep_us - 1u) / policy->min_timestep_us;
    gate->per_sample_q24 = (1u << 24) / gate->tick_samples;
    if (old_tick_samples > 0) {
        convert_state(gate, &before, old_tick_samples);
    }
    tick_s = (float)gate->tick_samples / (float)sample_rate_hz;
    gate->open_power = (uint64_t)(policy->energy_threshold * policy->energy_threshold * FULL_SCALE_SQUARED
                                  * (float)gate->tick_samples);
    gate->close_power = (uint64_t)(close * close * FULL_SCALE_SQUARED * (float)gate->tick_samples);
    gate->open_ratio_q8 = (uint32_t)(policy->floor_ratio * policy->floor_ratio * 256.0f);
    gate->close_ratio_q8 = (uint32_t)(close_ratio * close_ratio * 256.0f);
    gate->rise_q16 = (uint32_t)(policy->background_rise_per_s * tick_s * 65536.0f);
    gate->attack_q16 = (int32_t)(policy->attack_threshold * 65536.0f);
    gate->release_q16 = (int32_t)(policy->release_threshold * 65536.0f);
    gate->growth_q8 = (uint32_t)(policy->release_growth * 256.0f);
    if (gate->timestep_samples < gate->tick_samples || gate->timestep_samples > gate->max_samples) {
        gate->timestep_samples = gate->tick_samples;
    }
}

void lnn_gate_reset(lnn_gate_t *gate) {
    gate->background = 0;
    gate->crossing_mean_q8 = 0;
    gate->complexity_q16 = 0;
    gate->hold_left = 0;
    gate->timestep_samples = gate->tick_samples;
    gate->open = false;
    lnn_timetable_rest(&gate->timetable);
}

/* The noise floor follows minima at once and rises slowly, never below what the gate lets through. */
static void follow_background(lnn_gate_t *gate, uint64_t power) {
    uint64_t floor = gate->close_power > 1u ? gate->close_power : 1u;
    /* powers are below 2**46, so that the rise (at most 1000 a second) needs its product shifted first */
    uint64_t risen = gate->background + (gate->background >> 8) * (uint64_t)(gate->rise_q16 >> 4) / 16u
                     + ((gate->background & 255u) * gate->rise_q16 >> 16) + (gate->rise_q16 > 0 ? 1u : 0u);
    uint64_t followed = risen < power ? risen : power;
    gate->background = followed > floor ? followed : floor;
}

static int32_t tick_complexity_q16(lnn_gate_t *gate, uint64_t power, uint32_t crossings) {
    if (gate->policy.complexity == LNN_COMPLEXITY_ZERO_CROSSINGS) {
        int32_t distance_q8 = (int32_t)(crossings << 8) - gate->crossing_mean_q8;
        gate->crossing_mean_q8 += distance_q8 / (1 << CROSSING_SHIFT);
        distance_q8 = distance_q8 < 0 ? -distance_q8 : distance_q8;
        return (int32_t)((uint64_t)(uint32_t)distance_q8 * gate->per_sample_q24 >> 16);
    }
    return power <= gate->background ? 0 : lnn_log2_u64_q16(power) - lnn_log2_u64_q16(gate->background);
}

/* The power that a tick needs: the fixed one, and so much more than the noise floor. */
static uint64_t needed_power(const lnn_gate_t *gate) {
    uint64_t fixed = gate->open ? gate->close_power : gate->open_power, floor = gate->background;
    uint32_t ratio_q8 = gate->open ? gate->close_ratio_q8 : gate->open_ratio_q8; /* at most 100 * 100 * 256 */
    if (ratio_q8 == 0) {
        return fixed;
    }
    uint64_t over_floor = (floor >> 8) * ratio_q8 + ((floor & 255u) * ratio_q8 >> 8);
    return over_floor > fixed ? over_floor : fixed;
}

static void close_gate(lnn_gate_t *gate) {
    gate->open = false;
    gate->complexity_q16 = 0;
    gate->timestep_samples = gate->max_samples;
    lnn_timetable_rest(&gate->timetable);
}

void lnn_gate_rest(lnn_gate_t *gate, uint32_t ticks) {
    if (ticks > gate->hold_left) {
        close_gate(gate);
    }
    gate->hold_left -= ticks < gate->hold_left ? ticks : gate->hold_left;
}

/* The table's choice, within the limits of the policy. */
static void choose_by_table(lnn_gate_t *gate) {
    uint32_t samples = lnn_timetable_timestep(&gate->timetable);
    samples = samples < gate->max_samples ? samples : gate->max_samples;
    gate->timestep_samples = samples > gate->tick_samples ? samples : gate->tick_samples;
}

/* Looks at one tick of audio. True: a step is due at once, whatever the timestep. */
bool lnn_gate_tick(lnn_gate_t *gate, uint64_t power, uint32_t crossings) {
    bool was_open = gate->open, in_time = gate->policy.complexity != LNN_COMPLEXITY_SPECTRAL_FLUX;
    follow_background(gate, power);
    gate->timetable.loud = power >= needed_power(gate);
    if (gate->timetable.loud) {
        gate->open = true;
        gate->hold_left = gate->hold_ticks;
    } else if (gate->hold_left > 0) {
        gate->hold_left--;
    } else {
        close_gate(gate);
        return false;
    }
    if (!was_open) {
        gate->timestep_samples = gate->tick_samples;
    }
    if (in_time) { /* the flux is known only after a front-end run */
        gate->complexity_q16 = tick_complexity_q16(gate, power, crossings);
    }
    if (gate->timetable.used) { /* a tick may bring the next step forward or put it off */
        lnn_timetable_hear(&gate->timetable, gate->complexity_q16);
        choose_by_table(gate);
        return !was_open;
    }
    return !was_open || (in_time && gate->complexity_q16 >= gate->attack_q16);
}

void lnn_gate_after_step(lnn_gate_t *gate, int32_t flux_q16, uint32_t evidence_q15) {
    if (gate->policy.complexity == LNN_COMPLEXITY_SPECTRAL_FLUX) {
        gate->complexity_q16 = flux_q16;
    }
    if (gate->timetable.used) {
        lnn_timetable_hear(&gate->timetable, gate->complexity_q16);
        lnn_timetable_believe(&gate->timetable, evidence_q15);
        choose_by_table(gate);
        return;
    }
    if (gate->complexity_q16 >= gate->attack_q16) {
        gate->timestep_samples = gate->tick_samples;
    } else if (gate->complexity_q16 < gate->release_q16) {
        uint32_t grown = gate->timestep_samples * gate->growth_q8 >> 8;
        gate->timestep_samples = grown < gate->max_samples ? grown : gate->max_samples;
    }
}
