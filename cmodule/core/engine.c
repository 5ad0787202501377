/*
 * The streaming engine: audio into the ring, a look at every tick, a step when the policy wants one.
 * Nothing here allocates, prints or waits.
 */
#include <string.h>

#include "internal.h"
#include "fastmath.h"

#define MIN_DT_US 1000u
#define MAX_DT_US 1000000u

void lnn_reset(lnn_model_t *m) {
    memset(m->ring, 0, m->frontend.window_samples * sizeof *m->ring);
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_t *cell = &m->cells[i];
        if (m->integer) {
            memset(cell->as.s8.uh, 0,
                   (lnn_columns8(cell->n_inputs) + lnn_columns8(cell->n_units)) * sizeof *cell->as.s8.uh);
            memset(cell->as.s8.h_q30, 0, cell->n_units * sizeof *cell->as.s8.h_q30);
            if (cell->as.s8.delta_q15 > 0) {
                memset(cell->as.s8.counted, 0, lnn_columns8(cell->n_units) * sizeof *cell->as.s8.counted);
                memset(cell->as.s8.sums, 0, 2u * cell->n_units * sizeof *cell->as.s8.sums);
            }
        } else {
            memset(cell->as.f32.uh, 0, ((size_t)cell->n_inputs + cell->n_units) * sizeof *cell->as.f32.uh);
        }
    }
    if (m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15) {
        memset(m->frontend.as.q15.previous, 0, m->frontend.n_mels * sizeof *m->frontend.as.q15.previous);
    } else {
        memset(m->frontend.as.f32.previous, 0, m->frontend.n_mels * sizeof *m->frontend.as.f32.previous);
    }
    lnn_readout_reset(&m->readout);
    lnn_gate_reset(&m->gate);
    m->ring_at = 0;
    m->tick_filled = 0;
    m->elapsed = 0;
    m->tick_power = 0;
    m->tick_crossings = 0;
    m->last_sample = 0;
    m->last_power = 0;
    m->flux_q16 = 0;
    m->steps = 0;
}

static uint32_t saturating_add(uint32_t a, uint32_t b) {
    return a + b < a ? UINT32_MAX : a + b;
}

static uint32_t samples_to_us(const lnn_model_t *m, uint32_t samples) {
    uint64_t us = (uint64_t)samples * m->us_per_sample_q16 >> 16;
    return us < MIN_DT_US ? MIN_DT_US : us > MAX_DT_US ? MAX_DT_US : (uint32_t)us;
}

/* Into the ring; its sum of squares on the way, for every sample is at hand once only. */
static uint64_t ring_write(lnn_model_t *m, const int16_t *audio, uint32_t n) {
    uint64_t power = 0;
    while (n > 0) {
        uint32_t room = m->frontend.window_samples - m->ring_at, part = n < room ? n : room;
        power += lnn_copy_and_square(m->ring + m->ring_at, audio, part);
        m->ring_at = part < room ? m->ring_at + part : 0u;
        audio += part;
        n -= part;
    }
    return power;
}

static uint32_t count_zero_crossings(lnn_model_t *m, const int16_t *audio, uint32_t n) {
    uint32_t count = 0;
    int16_t last = m->last_sample;
    for (uint32_t i = 0; i < n; i++) {
        count += (uint32_t)((last < 0) != (audio[i] < 0));
        last = audio[i];
    }
    m->last_sample = last;
    return count;
}

/* Advances the cells by dt on the features in the first cell's inputs, then the readout. */
static void network_step(lnn_model_t *m, uint32_t dt_us, float dt_s) {
    uint32_t start = lnn_now(m), end_of_cells;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_t *cell = &m->cells[i];
        if (m->integer) {
            if (i > 0) {
                memcpy(cell->as.s8.uh, lnn_state_s8(cell - 1), cell->n_inputs * sizeof *cell->as.s8.uh);
            }
            m->counters.skipped_macs += lnn_cell_s8_step(cell, dt_us, m->scratch);
        } else {
            if (i > 0) {
                memcpy(cell->as.f32.uh, cell[-1].as.f32.uh + cell[-1].n_inputs,
                       cell->n_inputs * sizeof *cell->as.f32.uh);
            }
            lnn_cell_f32_step(cell, dt_s, m->scratch);
        }
    }
    end_of_cells = lnn_now(m);
    if (m->readout.expects_features) {
        lnn_anomaly_compare(m, dt_us);
    }
    const lnn_cell_t *last = &m->cells[m->info.n_cells - 1u];
    if (m->integer) {
        lnn_readout_s8_step(&m->readout, lnn_state_s8(last), m->scratch);
    } else {
        lnn_readout_f32_step(&m->readout, last->as.f32.uh + last->n_inputs, m->scratch);
    }
    if (!m->readout.expects_features) {
        lnn_readout_smooth(&m->readout, dt_us, true);
    }
    m->counters.cell_time += end_of_cells - start;
    m->counters.readout_time += lnn_now(m) - end_of_cells;
    m->counters.steps++;
    m->steps++;
}

/* Features of the newest window, straight into the first cell's inputs. */
static void run_frontend(lnn_model_t *m) {
    uint32_t start = lnn_now(m);
    lnn_frontend_t *fe = &m->frontend;
    const int16_t *older = m->ring + m->ring_at;
    uint32_t n_older = fe->window_samples - m->ring_at;
    if (fe->kind == LNN_FRONTEND_LOGMEL_Q15) {
        int16_t *features = m->cells[0].as.s8.uh;
        lnn_frontend_q15_run(fe, older, n_older, m->ring, m->scratch, features);
        m->flux_q16 = lnn_frontend_q15_flux_q16(fe, features);
    } else {
        float *features = m->integer ? fe->as.f32.features : m->cells[0].as.f32.uh;
        lnn_frontend_f32_run(fe, older, n_older, m->ring, m->scratch, features);
        m->flux_q16 = lnn_frontend_f32_flux_q16(fe, features);
        if (m->integer) {
            lnn_features_to_q12(features, fe->n_mels, m->cells[0].as.s8.uh);
        }
    }
    m->counters.frontend_time += lnn_now(m) - start;
    m->counters.frontend_runs++;
}

/* A tick of audio is complete. Returns the label detected, or LNN_RESULT_NONE. */
static uint16_t end_of_tick(lnn_model_t *m) {
    uint32_t start = lnn_now(m);
    uint32_t samples = m->tick_filled;
    m->last_power = m->tick_power;
    m->elapsed = saturating_add(m->elapsed, samples);
    lnn_readout_elapse(&m->readout, samples);
    bool due = lnn_gate_tick(&m->gate, m->tick_power, m->tick_crossings);
    m->tick_filled = 0;
    m->tick_power = 0;
    m->tick_crossings = 0;
    m->counters.ticks++;
    if (!m->gate.open) {
        lnn_readout_smooth(&m->readout, samples_to_us(m, samples), false);
        m->counters.gated_ticks++;
    }
    m->counters.gate_time += lnn_now(m) - start;
    if (!m->gate.open || (!due && m->elapsed < m->gate.timestep_samples)) {
        return LNN_RESULT_NONE;
    }
    uint32_t dt_us = samples_to_us(m, m->elapsed);
    run_frontend(m);
    network_step(m, dt_us, m->integer ? 0.0f : (float)dt_us * 1e-6f);
    m->elapsed = 0;
    lnn_gate_after_step(&m->gate, m->flux_q16);
    return lnn_readout_detect(&m->readout, m->info.sample_rate_hz);
}

static void report(const lnn_model_t *m, uint16_t detected, lnn_result_t *result) {
    const lnn_readout_t *ro = &m->readout;
    uint16_t top = lnn_readout_top(ro);
    uint16_t label = detected == LNN_RESULT_NONE ? top : detected;
    if (ro->expects_features) {
        lnn_anomaly_share(ro);
    } else {
        for (uint32_t i = 0; i < ro->n_labels; i++) {
            ro->scores[i] = (float)ro->posterior_q15[i] * (1.0f / 32768.0f);
        }
    }
    result->keyword_detected = detected != LNN_RESULT_NONE;
    result->label = label;
    result->keyword = ro->labels[label].name;
    result->scores = ro->scores;
    result->n_scores = ro->n_labels;
    result->energy = lnn_sqrtf((float)m->last_power / (float)m->gate.tick_samples) * (1.0f / 32768.0f);
    result->flux = (float)m->flux_q16 * (1.0f / 65536.0f);
    result->complexity = (float)m->gate.complexity_q16 * (1.0f / 65536.0f);
    result->timestep_us = samples_to_us(m, m->gate.timestep_samples);
    result->steps = m->steps;
    result->is_speech = m->gate.open && top != ro->idle_label;
    if (detected == LNN_RESULT_NONE) {
        result->confidence = (float)ro->posterior_q15[label] * (1.0f / 32768.0f);
    }
}

lnn_status_t lnn_process(lnn_model_t *m, const int16_t *audio, size_t n_samples, lnn_result_t *result) {
    if (!m || !result || (!audio && n_samples > 0)) {
        return LNN_ERR_ARGUMENT;
    }
    if (m->frontend.kind == LNN_FRONTEND_NONE) {
        return LNN_ERR_NO_AUDIO;
    }
    bool crossings = m->gate.policy.complexity == LNN_COMPLEXITY_ZERO_CROSSINGS;
    uint16_t detected = LNN_RESULT_NONE;
    m->counters.samples += n_samples;
    while (n_samples > 0) {
        uint32_t start = lnn_now(m);
        /* a policy set within a tick may have made ticks shorter than what is already there */
        uint32_t room = m->gate.tick_samples > m->tick_filled ? m->gate.tick_samples - m->tick_filled : 1u;
        uint32_t n = n_samples < room ? (uint32_t)n_samples : room;
        m->tick_power += ring_write(m, audio, n);
        if (crossings) {
            m->tick_crossings += count_zero_crossings(m, audio, n);
        }
        m->tick_filled += n;
        audio += n;
        n_samples -= n;
        m->counters.gate_time += lnn_now(m) - start;
        if (m->tick_filled < m->gate.tick_samples) {
            break;
        }
        uint16_t label = end_of_tick(m);
        if (label != LNN_RESULT_NONE) {
            detected = label;
            result->confidence = (float)m->readout.posterior_q15[label] * (1.0f / 32768.0f);
            m->counters.detections++;
        }
    }
    report(m, detected, result);
    return LNN_OK;
}

lnn_status_t lnn_skip(lnn_model_t *m, uint32_t lost_samples) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    m->elapsed = saturating_add(m->elapsed, lost_samples);
    m->counters.samples += lost_samples;
    lnn_readout_elapse(&m->readout, lost_samples);
    return LNN_OK;
}

/* The logits as floats, in scratch: nothing else needs it between steps. */
float *lnn_float_logits(lnn_model_t *m) {
    float *logits = m->scratch;
    for (uint32_t i = 0; i < m->readout.n_labels; i++) {
        logits[i] = (float)m->readout.logits_q16[i] * (1.0f / 65536.0f);
    }
    return logits;
}

lnn_status_t lnn_step(lnn_model_t *m, const float *features, float dt_s, const float **logits) {
    if (!m || !features || !(dt_s > 0.0f)) {
        return LNN_ERR_ARGUMENT;
    }
    const float *numbers = m->frontend.kind == LNN_FRONTEND_NONE ? features : NULL;
    if (numbers) {
        features = lnn_numbers_to_features(&m->frontend, numbers);
        dt_s *= m->frontend.as.f32.time_scale;
        if (!features) {
            return LNN_ERR_ARGUMENT;
        }
    }
    float dt = dt_s < 0.001f ? 0.001f : dt_s > 1.0f ? 1.0f : dt_s;
    if (m->integer) {
        lnn_features_to_q12(features, m->frontend.n_mels, m->cells[0].as.s8.uh);
    } else {
        const float limit = m->frontend.as.f32.feature_clip;
        float *u = m->cells[0].as.f32.uh;
        for (uint32_t i = 0; i < m->frontend.n_mels; i++) {
            float x = features[i];
            u[i] = x > limit ? limit : x > -limit ? x : -limit; /* a NaN becomes the least */
        }
    }
    network_step(m, (uint32_t)(dt * 1e6f + 0.5f), dt);
    float *outputs = lnn_float_logits(m);
    if (numbers) {
        lnn_numbers_forecast(m, numbers, outputs);
    }
    if (logits) {
        *logits = outputs;
    }
    return LNN_OK;
}

lnn_status_t lnn_features(lnn_model_t *m, const int16_t *window, float *features) {
    if (!m || !window || !features) {
        return LNN_ERR_ARGUMENT;
    }
    const lnn_frontend_t *fe = &m->frontend;
    if (fe->kind == LNN_FRONTEND_NONE) {
        return LNN_ERR_NO_AUDIO;
    }
    if (fe->kind == LNN_FRONTEND_LOGMEL_F32) {
        lnn_frontend_f32_run(fe, window, fe->window_samples, window, m->scratch, features);
        return LNN_OK;
    }
    int16_t *q12 = m->cells[0].as.s8.uh; /* the next step overwrites its inputs anyway */
    lnn_frontend_q15_run(fe, window, fe->window_samples, window, m->scratch, q12);
    for (uint32_t i = 0; i < fe->n_mels; i++) {
        features[i] = (float)q12[i] * (1.0f / 4096.0f);
    }
    return LNN_OK;
}
