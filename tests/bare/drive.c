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
