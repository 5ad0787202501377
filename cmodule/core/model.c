/* SPDX-License-Identifier: MIT */
/* What a loaded model tells and lets change: sizes, policy, thresholds, counters, self-test. */
#include <string.h>

#include "internal.h"

const char *lnn_version(void) {
    return LNN_VERSION;
}

lnn_status_t lnn_get_info(const lnn_model_t *m, lnn_info_t *info) {
    if (!m || !info) {
        return LNN_ERR_ARGUMENT;
    }
    *info = m->info;
    return LNN_OK;
}

const lnn_policy_t *lnn_get_policy(const lnn_model_t *m) {
    return m ? &m->gate.policy : NULL;
}

const lnn_timetable_t *lnn_get_timetable(const lnn_model_t *m) {
    return m && m->gate.timetable.used ? &m->gate.timetable.table : NULL;
}

lnn_status_t lnn_set_timetable(lnn_model_t *m, const lnn_timetable_t *table) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    if (table && !(lnn_timetable_has_borders(table) && lnn_timetable_has_timesteps(table))) {
        return LNN_ERR_POLICY;
    }
    lnn_timetable_set(&m->gate.timetable, table, m->info.sample_rate_hz);
    return LNN_OK;
}

/* That of the file, which has the borders and, at the next multiple of 16, the timesteps. */
static void use_file_timetable(lnn_model_t *m) {
    const lnn_file_timetable_t *f = m->file_timetable;
    lnn_timetable_t table;
    if (f) {
        memcpy(&table, f, sizeof *f);
        memcpy(table.timestep_ms, (const uint8_t *)f + LNN_ALIGN_BYTES, sizeof table.timestep_ms);
    }
    lnn_timetable_set(&m->gate.timetable, f ? &table : NULL, m->info.sample_rate_hz);
}

const char *lnn_label_name(const lnn_model_t *m, uint16_t label) {
    return m && label < m->readout.n_labels ? m->readout.labels[label].name : NULL;
}

float lnn_get_threshold(const lnn_model_t *m, uint16_t label) {
    return m && label < m->readout.n_labels ? m->readout.thresholds[label] : 0.0f;
}

lnn_status_t lnn_set_threshold(lnn_model_t *m, uint16_t label, float threshold) {
    if (!m || label >= m->readout.n_labels || !(threshold >= 0.0f && threshold <= 1.0f)) {
        return LNN_ERR_ARGUMENT;
    }
    lnn_readout_set_threshold(&m->readout, label, threshold);
    return LNN_OK;
}

uint32_t lnn_get_refractory_us(const lnn_model_t *m, uint16_t label) {
    return m && label < m->readout.n_labels ? m->readout.refractory_us[label] : 0u;
}

lnn_status_t lnn_set_refractory_us(lnn_model_t *m, uint16_t label, uint32_t refractory_us) {
    if (!m || label >= m->readout.n_labels) {
        return LNN_ERR_ARGUMENT;
    }
    m->readout.refractory_us[label] = refractory_us;
    return LNN_OK;
}

const lnn_counters_t *lnn_get_counters(const lnn_model_t *m) {
    return m ? &m->counters : NULL;
}

lnn_status_t lnn_clear_counters(lnn_model_t *m) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    m->work_before -= lnn_work(&m->counters); /* the current second keeps its work; below 0 it wraps, and back */
    memset(&m->counters, 0, sizeof m->counters);
    return LNN_OK;
}

float lnn_current_power_mw(const lnn_model_t *m, const lnn_board_power_t *board) {
    return m && board ? board->idle_mw + (float)m->work_per_second * board->tick_pj * 1e-9f : 0.0f;
}

lnn_status_t lnn_set_clock(lnn_model_t *m, lnn_clock_t clock) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    m->clock = clock;
    return LNN_OK;
}

lnn_status_t lnn_selftest(lnn_model_t *m, float *max_difference) {
    if (!m) {
        return LNN_ERR_ARGUMENT;
    }
    if (!m->golden_audio) {
        return LNN_ERR_NO_GOLDEN;
    }
    const lnn_policy_t policy_in_use = m->gate.policy;
    const lnn_timetable_state_t timetable_in_use = m->gate.timetable;
    lnn_counters_t counters = m->counters;
    lnn_result_t result;
    lnn_gate_set_policy(&m->gate, &m->file_policy, m->info.sample_rate_hz);
    use_file_timetable(m);
    lnn_reset(m);
    lnn_process(m, m->golden_audio, m->golden_samples, &result);
    const float *logits = lnn_logits(m);
    float worst = 0.0f;
    for (uint32_t i = 0; i < m->readout.n_labels; i++) {
        float difference = logits[i] - m->golden_logits[i];
        difference = difference < 0.0f ? -difference : difference;
        worst = difference > worst ? difference : worst;
    }
    bool passed = worst <= m->golden_tolerance && result.steps == m->golden_steps;
    if (max_difference) {
        *max_difference = worst;
    }
    lnn_gate_set_policy(&m->gate, &policy_in_use, m->info.sample_rate_hz);
    m->gate.timetable = timetable_in_use;
    m->counters = counters;
    lnn_reset(m);
    return passed ? LNN_OK : LNN_ERR_SELFTEST;
}
