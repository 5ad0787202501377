/*
 * The streaming engine: audio into the ring, a look at every tick, a step when the policy wants one.
 * Nothing here allocates, prints or waits.
 */
#include <string.h>

#include "internal.h"
#include "fastmath.h"

#define MIN_DT_S 0.001f
#define MAX_DT_S 1.0f

void lnn_reset(lnn_model_t *m) {
    memset(m->ring, 0, m->frontend.window_samples * sizeof *m->ring);
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_t *cell = &m->cells[i];
        memset(cell->uh, 0, ((size_t)cell->n_inputs + cell->n_units) * sizeof *cell->uh);
    }
    lnn_frontend_init(&m->frontend);
    lnn_readout_reset(&m->readout);
    lnn_gate_reset(&m->gate);
    m->ring_at = 0;
    m->tick_filled = 0;
    m->elapsed = 0;
    m->tick_power = 0;
    m->tick_crossings = 0;
    m->last_sample = 0;
    m->last_power = 0;
    m->flux = 0.0f;
    m->steps = 0;
}

static uint32_t saturating_add(uint32_t a, uint32_t b) {
    return a + b < a ? UINT32_MAX : a + b;
}

static void ring_write(lnn_model_t *m, const int16_t *audio, uint32_t n) {
    uint32_t size = m->frontend.window_samples;
    if (n > size) { /* only the newest window can matter */
        audio += n - size;
        n = size;
    }
    uint32_t first = n < size - m->ring_at ? n : size - m->ring_at;
    memcpy(m->ring + m->ring_at, audio, first * sizeof *audio);
    memcpy(m->ring, audio + first, (n - first) * sizeof *audio);
    m->ring_at = first < n ? n - first : m->ring_at + first;
    if (m->ring_at == size) {
        m->ring_at = 0;
    }
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

/* Advances cells and readout by dt_s on these features. */
void lnn_network_step(lnn_model_t *m, const float *features, float dt_s) {
    float dt = dt_s < MIN_DT_S ? MIN_DT_S : dt_s > MAX_DT_S ? MAX_DT_S : dt_s;
    uint32_t start = lnn_now(m);
    const float *input = features;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_step(&m->cells[i], input, dt, m->scratch);
        input = m->cells[i].uh + m->cells[i].n_inputs;
    }
    uint32_t end_of_cells = lnn_now(m);
    lnn_readout_step(&m->readout, input, dt);
    m->counters.cell_time += end_of_cells - start;
    m->counters.readout_time += lnn_now(m) - end_of_cells;
    m->counters.steps++;
    m->steps++;
}

static void run_frontend(lnn_model_t *m) {
    uint32_t start = lnn_now(m);
    uint32_t n_older = m->frontend.window_samples - m->ring_at;
    lnn_frontend_run(&m->frontend, m->ring + m->ring_at, n_older, m->ring, m->scratch, m->features);
    m->flux = lnn_frontend_flux(&m->frontend, m->features);
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
        lnn_readout_rest(&m->readout, (float)samples * m->inv_rate);
        m->counters.gated_ticks++;
    }
    m->counters.gate_time += lnn_now(m) - start;
    if (!m->gate.open || (!due && m->elapsed < m->gate.timestep_samples)) {
        return LNN_RESULT_NONE;
    }
    run_frontend(m);
    lnn_network_step(m, m->features, (float)m->elapsed * m->inv_rate);
    m->elapsed = 0;
    lnn_gate_after_step(&m->gate, (int32_t)(m->flux * 65536.0f));
    return lnn_readout_detect(&m->readout, m->info.sample_rate_hz);
}

static void report(const lnn_model_t *m, uint16_t detected, lnn_result_t *result) {
    const lnn_readout_t *ro = &m->readout;
    uint16_t top = lnn_readout_top(ro);
    uint16_t label = detected == LNN_RESULT_NONE ? top : detected;
    result->keyword_detected = detected != LNN_RESULT_NONE;
    result->label = label;
    result->keyword = ro->labels[label].name;
    result->scores = ro->posterior;
    result->n_scores = ro->n_labels;
    result->energy = lnn_sqrtf((float)m->last_power / (float)m->gate.tick_samples) * (1.0f / 32768.0f);
    result->flux = m->flux;
    result->complexity = (float)m->gate.complexity_q16 * (1.0f / 65536.0f);
    result->timestep_us = (uint32_t)((float)m->gate.timestep_samples * m->inv_rate * 1e6f + 0.5f);
    result->steps = m->steps;
    result->is_speech = m->gate.open && top != ro->idle_label;
    if (detected == LNN_RESULT_NONE) {
        result->confidence = ro->posterior[label];
    }
}

lnn_status_t lnn_process_cmsis(lnn_model_t *m, const int16_t *audio, size_t n_samples, lnn_result_t *result) {
    if (!m || !result || (!audio && n_samples > 0)) {
        return LNN_ERR_ARGUMENT;
    }
    bool crossings = m->gate.policy.complexity == LNN_COMPLEXITY_ZERO_CROSSINGS;
    uint16_t detected = LNN_RESULT_NONE;
    m->counters.samples += n_samples;
    while (n_samples > 0) {
        uint32_t start = lnn_now(m);
        /* a policy set within a tick may have made ticks shorter than what is already there */
        uint32_t room = m->gate.tick_samples > m->tick_filled ? m->gate.tick_samples - m->tick_filled : 1u;
        uint32_t n = n_samples < room ? (uint32_t)n_samples : room;
        ring_write(m, audio, n);
        m->tick_power += lnn_sum_of_squares(audio, n);
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
            result->confidence = m->readout.posterior[label];
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

lnn_status_t lnn_step(lnn_model_t *m, const float *features, float dt_s, const float **logits) {
    if (!m || !features || !(dt_s > 0.0f)) {
        return LNN_ERR_ARGUMENT;
    }
    lnn_network_step(m, features, dt_s);
    if (logits) {
        *logits = m->readout.logits;
    }
    return LNN_OK;
}

lnn_status_t lnn_features(lnn_model_t *m, const int16_t *window, float *features) {
    if (!m || !window || !features) {
        return LNN_ERR_ARGUMENT;
    }
    lnn_frontend_run(&m->frontend, window, m->frontend.window_samples, window, m->scratch, features);
    return LNN_OK;
}
