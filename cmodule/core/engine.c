/* SPDX-License-Identifier: MIT */
/*
 * The streaming engine: audio into the ring, a look at every tick, a step when the policy wants one.
 * Nothing here allocates, prints or waits.
 */
#include "internal.h"
#include "fastmath.h"

#include <string.h>

#define MIN_DT_US 1000u
#define MAX_DT_US 1000000u

lnn_status_t lnn_reset(lnn_model_t *m) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    lnn_ring_reset(&m->ring);
    lnn_gate_reset(&m->gate);
    lnn_frontend_reset(&m->frontend);
    lnn_traces_reset(&m->traces);
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_reset(&m->cells[i]);
    }
    lnn_readout_reset(&m->readout);
    m->elapsed = 0;
    m->rested = 0;
    m->heard = 0;
    m->last_power = 0;
    m->flux_q16 = 0;
    m->steps = 0;
    m->n_events = 0;
    m->work_before = lnn_work(&m->counters);
    m->work_per_second = 0;
    m->second_samples = 0;
    return LNN_OK;
}

static uint32_t saturating_add(uint32_t a, uint32_t b) {
    return a + b < a ? UINT32_MAX : a + b;
}

static uint32_t samples_to_us(const lnn_model_t *m, uint32_t samples) {
    uint64_t us = (uint64_t)samples * m->us_per_sample_q16 >> 16;
    return us < MIN_DT_US ? MIN_DT_US : us > MAX_DT_US ? MAX_DT_US : (uint32_t)us;
}

/* What the first cell heard, for task anomaly; a float model's in scratch, which the readout uses only later. */
static const int16_t *heard_q12(const lnn_model_t *m) {
    const lnn_cell_t *first = &m->cells[0];
    if (!m->readout.expects_features || first->integer) {
        return first->as.s8.uh;
    }
    lnn_features_to_q12(first->as.f32.uh, m->frontend.n_mels, LNN_MAX_NUMBER, m->scratch);
    return m->scratch;
}

/* Advances a cell by dt, or lets it wait and take the time at its next run. */
static void cell_step(lnn_model_t *m, uint32_t i, uint32_t dt_us, float dt_s) {
    lnn_cell_t *cell = &m->cells[i];
    if (cell->every > 1u) {
        uint32_t waited_us = cell->waited_us + dt_us;
        cell->waited_us = waited_us < MAX_DT_US ? waited_us : MAX_DT_US;
        if (cell->waits > 0) {
            cell->waits--;
            m->counters.skipped_macs += cell->macs;
            return;
        }
        dt_us = cell->waited_us;
        dt_s = (float)dt_us * 1e-6f;
        cell->waits = (uint8_t)(cell->every - 1u);
        cell->waited_us = 0;
    }
    if (i > 0) {
        lnn_cell_hear(cell, cell - 1);
    }
    m->counters.skipped_macs += lnn_cell_step(cell, dt_us, dt_s, m->scratch);
}

/* The last cell's state, or those of all cells one after the other. */
static const void *heard_state(const lnn_model_t *m) {
    const lnn_readout_t *ro = &m->readout;
    if (!ro->heard) {
        return lnn_cell_state(&m->cells[m->info.n_cells - 1u]);
    }
    uint8_t *to = ro->heard;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        size_t bytes = m->cells[i].n_units * (m->integer ? sizeof(int16_t) : sizeof(float));
        memcpy(to, lnn_cell_state(&m->cells[i]), bytes);
        to += bytes;
    }
    return ro->heard;
}

/*
 * Advances the traces by dt on the features in the first cell's inputs, then the cells, then the readout. Of dt, heard_us
 * are those in which the evidence has not faded.
 */
static void network_step(lnn_model_t *m, uint32_t dt_us, float dt_s, uint32_t heard_us) {
    uint32_t start = lnn_now(m), end_of_cells;
    if (m->traces.n_channels > 0) {
        lnn_traces_step(&m->traces, lnn_cell_inputs(&m->cells[0]), dt_us, dt_s);
        m->counters.trace_time += lnn_now(m) - start;
        start = lnn_now(m);
    }
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        cell_step(m, i, dt_us, dt_s);
    }
    end_of_cells = lnn_now(m);
    lnn_readout_step(&m->readout, heard_state(m), heard_q12(m), m->readout.is_liquid ? heard_us : dt_us,
                     m->gate.policy.max_timestep_us, m->scratch);
    m->counters.cell_time += end_of_cells - start;
    m->counters.readout_time += lnn_now(m) - end_of_cells;
    m->counters.steps++;
    m->steps++;
}

/* Features of the newest window, straight into the first cell's inputs. */
static void run_frontend(lnn_model_t *m) {
    uint32_t start = lnn_now(m);
    const lnn_ring_t *ring = &m->ring;
    m->flux_q16 = lnn_frontend_run(&m->frontend, ring->samples + ring->at, (uint32_t)ring->n - ring->at, ring->samples,
                                   m->scratch, lnn_cell_inputs(&m->cells[0]), m->integer);
    m->counters.frontend_time += lnn_now(m) - start;
    m->counters.frontend_runs++;
}

/* Time passes in whole ticks. */
static void elapse(lnn_model_t *m, uint32_t samples) {
    m->elapsed = saturating_add(m->elapsed, samples);
    m->heard += samples;
    m->second_samples = saturating_add(m->second_samples, samples);
    if (m->second_samples >= m->info.sample_rate_hz) {
        uint64_t work = lnn_work(&m->counters);
        m->work_per_second = (uint32_t)((work - m->work_before) * m->info.sample_rate_hz / m->second_samples);
        m->work_before = work;
        m->second_samples = 0;
    }
}

/* The gate hears the tick in progress. True: a step is due at once. */
static bool hear_tick(lnn_model_t *m) {
    m->last_power = lnn_ring_power(&m->ring);
    bool due = lnn_gate_tick(&m->gate, m->last_power, m->ring.crossings);
    lnn_ring_begin_tick(&m->ring);
    m->counters.ticks++;
    m->counters.gated_ticks += m->gate.open ? 0u : 1u;
    return due;
}

/* If nobody fetches them, the oldest event makes room for the newest. */
static void add_event(lnn_model_t *m, uint16_t label) {
    if (m->n_events == LNN_EVENTS) {
        m->first_event = (uint8_t)((m->first_event + 1u) % LNN_EVENTS);
        m->n_events--;
        m->counters.lost_events++;
    }
    lnn_event_t *event = &m->events[(m->first_event + m->n_events++) % LNN_EVENTS];
    event->sample = m->heard;
    event->confidence = (float)m->readout.posterior_q15[label] * (1.0f / 32768.0f);
    event->timestep_us = samples_to_us(m, m->gate.timestep_samples);
    event->label = label;
    m->counters.detections++;
}

bool lnn_next_event(lnn_model_t *m, lnn_event_t *event) {
    if (!m || !event || m->n_events == 0) {
        return false;
    }
    *event = m->events[m->first_event];
    m->first_event = (uint8_t)((m->first_event + 1u) % LNN_EVENTS);
    m->n_events--;
    return true;
}

/* A tick of audio is complete. Returns the label detected, or LNN_NO_LABEL. */
static uint16_t end_of_tick(lnn_model_t *m) {
    uint32_t start = lnn_now(m);
    uint32_t samples = m->ring.filled;
    elapse(m, samples);
    bool due = hear_tick(m);
    if (!m->gate.open) {
        lnn_readout_smooth(&m->readout, samples_to_us(m, samples), false);
        m->rested = saturating_add(m->rested, samples);
    }
    m->counters.gate_time += lnn_now(m) - start;
    if (!m->gate.open || (!due && m->elapsed < m->gate.timestep_samples)) {
        return LNN_NO_LABEL;
    }
    uint32_t dt_us = samples_to_us(m, m->elapsed);
    run_frontend(m);
    network_step(m, dt_us, m->integer ? 0.0f : (float)dt_us * 1e-6f, samples_to_us(m, m->elapsed - m->rested));
    m->elapsed = 0;
    m->rested = 0;
    lnn_gate_after_step(&m->gate, m->flux_q16, m->gate.timetable.used ? lnn_readout_belief(&m->readout) : 0u);
    uint16_t label = lnn_readout_detect(&m->readout, m->heard, m->info.sample_rate_hz);
    if (label != LNN_NO_LABEL) {
        add_event(m, label);
    }
    return label;
}

static void report(const lnn_model_t *m, uint16_t detected, lnn_result_t *result) {
    const lnn_readout_t *ro = &m->readout;
    uint16_t top = lnn_readout_top(ro);
    uint16_t label = detected == LNN_NO_LABEL ? top : detected;
    lnn_readout_report(ro);
    result->keyword_detected = detected != LNN_NO_LABEL;
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
    if (detected == LNN_NO_LABEL) {
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
    const bool high_pass = lnn_gate_is_high_passed(&m->gate);
    const bool crossings = m->gate.policy.complexity == LNN_COMPLEXITY_ZERO_CROSSINGS;
    uint16_t detected = LNN_NO_LABEL;
    m->counters.samples += n_samples;
    while (n_samples > 0) {
        uint32_t start = lnn_now(m);
        /* a policy set within a tick may have made ticks shorter than what is already there */
        uint32_t room = m->gate.tick_samples > m->ring.filled ? m->gate.tick_samples - m->ring.filled : 1u;
        uint32_t n = n_samples < room ? (uint32_t)n_samples : room;
        lnn_ring_write(&m->ring, audio, n, crossings, high_pass);
        audio += n;
        n_samples -= n;
        m->counters.gate_time += lnn_now(m) - start;
        if (m->ring.filled < m->gate.tick_samples) {
            break;
        }
        uint16_t label = end_of_tick(m);
        if (label != LNN_NO_LABEL) {
            detected = label;
            result->confidence = (float)m->readout.posterior_q15[label] * (1.0f / 32768.0f);
        }
    }
    report(m, detected, result);
    return LNN_OK;
}

/*
 * The gap is silence: the window holds zeros, the gate's hold runs out, evidence fades, refractory times elapse. Cells do
 * not step in it; their next step has a larger dt.
 */
lnn_status_t lnn_skip(lnn_model_t *m, uint32_t lost_samples) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    if (m->frontend.kind == LNN_FRONTEND_NONE) {
        return LNN_ERR_NO_AUDIO;
    }
    uint32_t tick = m->gate.tick_samples, filled = saturating_add(m->ring.filled, lost_samples), ticks = filled / tick;
    m->counters.samples += lost_samples;
    lnn_ring_skip(&m->ring, lost_samples);
    if (ticks > 0) {
        hear_tick(m);
        lnn_gate_rest(&m->gate, ticks - 1u);
        lnn_readout_fade(&m->readout, samples_to_us(m, tick), ticks);
        elapse(m, ticks * tick);
        m->rested = saturating_add(m->rested, ticks * tick);
    }
    m->ring.filled = filled - ticks * tick;
    return LNN_OK;
}

/* What a policy change in the middle of a tick means for the tick. */
static void convert_tick(lnn_model_t *m, const lnn_policy_t *before, uint32_t old_tick_samples) {
    const lnn_policy_t *policy = &m->gate.policy;
    uint32_t tick = m->gate.tick_samples, filled = m->ring.filled;
    m->last_power = m->last_power * tick / old_tick_samples;
    if ((before->floor_ratio > 0.0f) != (policy->floor_ratio > 0.0f) || before->complexity != policy->complexity) {
        elapse(m, filled); /* measured otherwise: the tick starts again */
        lnn_ring_begin_tick(&m->ring);
        m->last_power = 0;
    } else if (filled >= tick) { /* ends with the next sample, as if it had been as short as new ticks are */
        m->ring.power = lnn_ring_power(&m->ring) * tick / filled;
        m->ring.crossings = m->ring.crossings * tick / filled;
    }
}

lnn_status_t lnn_set_policy(lnn_model_t *m, const lnn_policy_t *policy) {
    if (!m || !policy) {
        return LNN_ERR_ARGUMENT;
    }
    if (lnn_policy_fault(policy, NULL)) {
        return LNN_ERR_POLICY;
    }
    const lnn_policy_t before = m->gate.policy;
    uint32_t old_tick_samples = m->gate.tick_samples;
    lnn_gate_set_policy(&m->gate, policy, m->info.sample_rate_hz);
    convert_tick(m, &before, old_tick_samples);
    return LNN_OK;
}

/* In scratch, which nothing else needs between steps. */
static float *float_logits(lnn_model_t *m) {
    float *logits = m->scratch;
    for (uint32_t i = 0; i < m->readout.n_labels; i++) {
        logits[i] = (float)m->readout.logits_q16[i] * (1.0f / 65536.0f);
    }
    return logits;
}

const float *lnn_logits(lnn_model_t *m) {
    return m ? float_logits(m) : NULL;
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
    lnn_frontend_take(&m->frontend, features, lnn_cell_inputs(&m->cells[0]), m->integer);
    uint32_t dt_us = (uint32_t)(dt * 1e6f + 0.5f);
    network_step(m, dt_us, dt, dt_us);
    float *outputs = float_logits(m);
    if (numbers) {
        lnn_numbers_forecast(&m->frontend, numbers, m->info.n_labels, outputs);
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
    if (m->frontend.kind == LNN_FRONTEND_NONE) {
        return LNN_ERR_NO_AUDIO;
    }
    /* the next step overwrites the inputs of the first cell anyway */
    lnn_frontend_look(&m->frontend, window, m->scratch, lnn_cell_inputs(&m->cells[0]), features);
    return LNN_OK;
}
