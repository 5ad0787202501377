/* The energy gate and the adaptive timestep. Energies are mean squares, full scale 1. */
#include "internal.h"
#include "fastmath.h"

#define CROSSING_MEAN_S 1.0f /* time constant of the usual zero-crossing rate */

static bool in_range(float x, float low, float high) {
    return x >= low && x <= high; /* false for a NaN */
}

bool lnn_policy_is_valid(const lnn_policy_t *p) {
    return p->min_timestep_us >= 1000u && p->min_timestep_us <= p->max_timestep_us
        && p->max_timestep_us <= LNN_MAX_TIMESTEP_US && p->hold_us <= 10u * LNN_MAX_TIMESTEP_US
        && p->complexity <= LNN_COMPLEXITY_ZERO_CROSSINGS && in_range(p->energy_threshold, 0.0f, 1.0f)
        && in_range(p->gate_close_ratio, 0.0f, 1.0f) && in_range(p->attack_threshold, p->release_threshold, 1e6f)
        && in_range(p->release_threshold, 0.0f, 1e6f) && in_range(p->release_growth, 1.0f, 100.0f)
        && in_range(p->background_rise_per_s, 0.0f, 1000.0f);
}

void lnn_gate_set_policy(lnn_gate_t *gate, const lnn_policy_t *policy, uint32_t sample_rate_hz) {
    float close = policy->energy_threshold * policy->gate_close_ratio;
    gate->policy = *policy;
    gate->tick_samples = (uint32_t)((uint64_t)policy->min_timestep_us * sample_rate_hz / 1000000u);
    gate->max_samples = (uint32_t)((uint64_t)policy->max_timestep_us * sample_rate_hz / 1000000u);
    gate->tick_s = (float)gate->tick_samples / (float)sample_rate_hz;
    gate->hold_ticks = (policy->hold_us + policy->min_timestep_us - 1u) / policy->min_timestep_us;
    gate->open_mean_square = policy->energy_threshold * policy->energy_threshold;
    gate->close_mean_square = close * close;
    if (gate->timestep_samples < gate->tick_samples || gate->timestep_samples > gate->max_samples) {
        gate->timestep_samples = gate->tick_samples;
    }
}

void lnn_gate_reset(lnn_gate_t *gate) {
    gate->background = 0.0f;
    gate->crossing_mean = 0.0f;
    gate->complexity = 0.0f;
    gate->hold_left = 0;
    gate->timestep_samples = gate->tick_samples;
    gate->open = false;
}

/* The noise floor follows minima at once and rises slowly, never below what the gate lets through. */
static float follow_background(const lnn_gate_t *gate, float mean_square) {
    float floor = gate->close_mean_square > 1e-10f ? gate->close_mean_square : 1e-10f;
    float risen = gate->background * (1.0f + gate->policy.background_rise_per_s * gate->tick_s);
    float followed = risen < mean_square ? risen : mean_square;
    return followed > floor ? followed : floor;
}

static float tick_complexity(lnn_gate_t *gate, float mean_square, float crossing_rate) {
    if (gate->policy.complexity == LNN_COMPLEXITY_ZERO_CROSSINGS) {
        float distance = crossing_rate - gate->crossing_mean;
        gate->crossing_mean += distance * (gate->tick_s / CROSSING_MEAN_S);
        return distance < 0.0f ? -distance : distance;
    }
    if (mean_square <= gate->background) {
        return 0.0f;
    }
    return 1.44269504f * lnn_logf(mean_square / gate->background);
}

/* Looks at one tick of audio. True: a step is due at once, whatever the timestep. */
bool lnn_gate_tick(lnn_gate_t *gate, float mean_square, float crossing_rate) {
    bool was_open = gate->open;
    gate->background = follow_background(gate, mean_square);
    if (mean_square >= (was_open ? gate->close_mean_square : gate->open_mean_square)) {
        gate->open = true;
        gate->hold_left = gate->hold_ticks;
    } else if (gate->hold_left > 0) {
        gate->hold_left--;
    } else {
        gate->open = false;
    }
    if (!gate->open) {
        gate->complexity = 0.0f;
        gate->timestep_samples = gate->max_samples;
        return false;
    }
    if (!was_open) {
        gate->timestep_samples = gate->tick_samples;
    }
    if (gate->policy.complexity == LNN_COMPLEXITY_SPECTRAL_FLUX) {
        return !was_open; /* the flux is known only after a front-end run */
    }
    gate->complexity = tick_complexity(gate, mean_square, crossing_rate);
    return !was_open || gate->complexity >= gate->policy.attack_threshold;
}

void lnn_gate_after_step(lnn_gate_t *gate, float flux) {
    const lnn_policy_t *p = &gate->policy;
    if (p->complexity == LNN_COMPLEXITY_SPECTRAL_FLUX) {
        gate->complexity = flux;
    }
    if (gate->complexity >= p->attack_threshold) {
        gate->timestep_samples = gate->tick_samples;
    } else if (gate->complexity < p->release_threshold) {
        float grown = (float)gate->timestep_samples * p->release_growth;
        gate->timestep_samples = grown < (float)gate->max_samples ? (uint32_t)grown : gate->max_samples;
    }
}
