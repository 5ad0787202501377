/* SPDX-License-Identifier: MIT */
#include "drive.h"

#include "fixmath.h"
#include "internal.h"

#define BLOCK_SAMPLES 400u

typedef struct {
    uint32_t state;
} random_t;

static uint32_t next(random_t *r) { /* xorshift32 */
    r->state ^= r->state << 13;
    r->state ^= r->state >> 17;
    r->state ^= r->state << 5;
    return r->state;
}

static uint32_t hash(uint32_t so_far, uint32_t value) { /* FNV-1a by words */
    return (so_far ^ value) * 16777619u;
}

static uint32_t hash_logits(const lnn_model_t *m, uint32_t so_far) {
    for (uint32_t i = 0; i < m->readout.n_labels; i++) {
        so_far = hash(so_far, (uint32_t)m->readout.logits_q16[i]);
        so_far = hash(so_far, m->readout.posterior_q15[i]);
    }
    return so_far;
}

/* A sound of another kind and level every time. */
static void fill(random_t *r, int16_t *audio, uint32_t n) {
    uint32_t kind = next(r) % 6u, level = next(r) % 17u, phase = 0, turn = next(r) & 0x7fffffffu;
    for (uint32_t i = 0; i < n; i++, phase += turn) {
        int32_t noise = (int32_t)next(r) >> 16;
        int32_t triangle = (int32_t)(phase ^ (uint32_t)((int32_t)phase >> 31)) >> 15;
        int32_t sample = kind < 2u     ? noise
                         : kind == 2u  ? 2 * (triangle - 32768)
                         : kind == 3u  ? (phase >> 31 ? 32767 : -32768)
                         : kind == 4u  ? 32767
                         : i == n / 2u ? 32767
                                       : 0;
        audio[i] = lnn_sat16(sample * 2 >> level);
    }
}

uint32_t drive_steps(lnn_model_t *m, uint32_t n_steps) {
    random_t r = {2463534242u};
    uint32_t result = 2166136261u;
    float features[LNN_MAX_MELS];
    lnn_reset(m);
    for (uint32_t step = 0; step < n_steps; step++) {
        uint32_t spread = next(&r) % 16u;
        for (uint32_t i = 0; i < m->info.n_features; i++) {
            features[i] = (float)((int32_t)next(&r) >> 16 >> spread) * (1.0f / 4096.0f);
        }
        /* often the same timestep, as a policy's, else any; exact in binary so that all cores agree */
        uint32_t dt = next(&r) % 3u ? 20u + 10u * (next(&r) % 4u) : 1u + next(&r) % 1024u;
        lnn_step(m, features, (float)dt * (1.0f / 1024.0f), NULL);
        result = hash_logits(m, result);
    }
    return result;
}

uint32_t drive_frontend(lnn_model_t *m, uint32_t n_windows) {
    random_t r = {88675123u};
    uint32_t result = 2166136261u;
    int16_t window[LNN_MAX_FFT_POINTS];
    float features[LNN_MAX_MELS];
    lnn_reset(m);
    for (uint32_t k = 0; k < n_windows; k++) {
        fill(&r, window, m->info.window_samples);
        lnn_features(m, window, features);
        for (uint32_t i = 0; i < m->info.n_features; i++) {
            result = hash(result, (uint32_t)(int32_t)(features[i] * 4096.0f));
        }
    }
    return result;
}

uint32_t drive_engine(lnn_model_t *m, uint32_t n_blocks) {
    random_t r = {362436069u};
    uint32_t result = 2166136261u;
    int16_t block[BLOCK_SAMPLES];
    lnn_result_t out;
    lnn_reset(m);
    for (uint32_t k = 0; k < n_blocks; k++) {
        uint32_t n = next(&r) % (BLOCK_SAMPLES + 1u);
        fill(&r, block, n);
        lnn_process(m, block, n, &out);
        if (next(&r) % 16u == 0) {
            lnn_skip(m, next(&r) % 20000u);
        }
        result = hash_logits(m, hash(result, out.steps));
        result = hash(hash(result, out.timestep_us), (uint32_t)out.label + 65536u * out.keyword_detected);
    }
    return result;
}

static float sixteenths(random_t *r, uint32_t below) {
    return (float)(next(r) % below) * (1.0f / 16.0f);
}

/* Legal, and exact in binary so that all cores agree. */
static lnn_policy_t any_policy(random_t *r) {
    lnn_policy_t p = {0};
    p.min_timestep_us = next(r) % 4u ? 1000u + next(r) % 60000u : 1000u;
    p.max_timestep_us = next(r) % 4u ? p.min_timestep_us + next(r) % 500000u : LNN_MAX_TIMESTEP_US;
    p.hold_us = next(r) % 4u * 100000u;
    p.complexity = next(r) % 3u;
    p.energy_threshold = next(r) % 2u ? 0.0f : sixteenths(r, 16) * (1.0f / 64.0f);
    p.gate_close_ratio = sixteenths(r, 17);
    p.release_threshold = sixteenths(r, 64);
    p.attack_threshold = p.release_threshold + sixteenths(r, 64);
    p.release_growth = 1.0f + sixteenths(r, 99 * 16);
    p.background_rise_per_s = next(r) % 4u ? sixteenths(r, 64) : 1000.0f;
    p.floor_ratio = next(r) % 2u ? 0.0f : sixteenths(r, 100 * 16);
    return p;
}

uint32_t drive_changes(lnn_model_t *m, uint32_t n_changes, uint32_t n_samples) {
    random_t r = {123456789u};
    uint32_t result = 2166136261u;
    int16_t block[BLOCK_SAMPLES];
    lnn_result_t out;
    lnn_event_t event;
    lnn_reset(m);
    for (uint32_t k = 0; k < n_changes; k++) {
        uint32_t left = next(&r) % (2u * m->gate.tick_samples + 1u);
        for (left = left < n_samples ? left : n_samples; left > 0;) {
            uint32_t n = left < BLOCK_SAMPLES ? left : BLOCK_SAMPLES;
            fill(&r, block, n);
            lnn_process(m, block, n, &out);
            left -= n;
        }
        while (lnn_next_event(m, &event)) {
            result = hash(hash(result, (uint32_t)event.sample), event.label);
        }
        result = hash(hash_logits(m, result), m->steps);
        result = hash(hash(result, m->gate.timestep_samples), (uint32_t)m->gate.complexity_q16);
        result = hash(hash(result, (uint32_t)m->gate.background), m->gate.hold_left);
        if (next(&r) % 2u) {
            lnn_policy_t policy = any_policy(&r);
            result = hash(result, (uint32_t)lnn_set_policy(m, &policy));
        } else if (next(&r) % 2u) {
            uint32_t lost = next(&r);
            lnn_skip(m, lost >> next(&r) % 32u);
        } else {
            uint32_t label = next(&r) % m->info.n_labels;
            lnn_set_threshold(m, (uint16_t)label, sixteenths(&r, 17));
        }
    }
    return result;
}

void drive_one_step(lnn_model_t *m) {
    random_t r = {19650218u};
    float features[LNN_MAX_MELS];
    lnn_reset(m);
    for (uint32_t i = 0; i < m->info.n_features; i++) {
        features[i] = (float)((int32_t)next(&r) >> 16) * (1.0f / 4096.0f);
    }
    for (uint32_t k = 0; k < m->info.n_cells; k++) {
        for (uint32_t i = 0; i < m->cells[k].n_units; i++) {
            m->cells[k].as.f32.uh[m->cells[k].n_inputs + i] = (float)((int32_t)next(&r) >> 16) * (1.0f / 32768.0f);
        }
    }
    for (uint32_t i = 0; i < m->traces.n_channels; i++) {
        m->traces.as.f32.mean[i] = (float)((int32_t)next(&r) >> 16) * (1.0f / 4096.0f);
        m->traces.started = true;
    }
    for (uint32_t i = 0; m->readout.is_liquid && i < m->info.n_labels; i++) {
        m->readout.liquid.f32.evidence[i] = (float)((int32_t)next(&r) >> 16) * (1.0f / 256.0f);
    }
    lnn_step(m, features, 1.0f / 16.0f, NULL);
}
