/* SPDX-License-Identifier: MIT */
/* Which section is loaded by whom, and the small sections: labels, policy, golden vectors, metadata. */
#include "sections.h"

#include <stddef.h>
#include <string.h>

static void load_labels(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_label_t *labels = lnn_take(c, m->info.n_labels, sizeof *labels);
    m->readout.labels = labels;
    for (uint32_t i = 0; labels && i < m->info.n_labels; i++) {
        uint32_t length = 0;
        while (length < LNN_MAX_LABEL_NAME_BYTES && labels[i].name[length] != '\0') {
            length++;
        }
        lnn_require(c,
                    length + 1u >= LNN_MIN_LABEL_NAME_BYTES && length < LNN_MAX_LABEL_NAME_BYTES
                        && lnn_is_printable_utf8(labels[i].name, length),
                    LNN_ERR_LABEL);
        for (uint32_t k = length; k < LNN_MAX_LABEL_NAME_BYTES; k++) {
            lnn_require(c, labels[i].name[k] == '\0', LNN_ERR_PADDING);
        }
        lnn_require(c, labels[i].threshold >= LNN_LABEL_THRESHOLD_MIN && labels[i].threshold <= LNN_LABEL_THRESHOLD_MAX,
                    LNN_ERR_NUMBER);
    }
}

/* The section may end before floor_ratio, which is then 0; in version 1.0 it must. */
static void load_policy(lnn_model_t *m, lnn_cursor_t *c) {
    const uint32_t before_floor = offsetof(lnn_policy_t, floor_ratio), bytes = c->end - c->at;
    lnn_require(c, bytes == before_floor || lnn_version_minor(c) > 0, LNN_ERR_SHAPE);
    const void *f = lnn_take(c, 1, bytes == before_floor ? before_floor : (uint32_t)sizeof m->file_policy);
    if (f) {
        memcpy(&m->file_policy, f, bytes < sizeof m->file_policy ? bytes : sizeof m->file_policy);
        if (lnn_require(c, !lnn_policy_fault(&m->file_policy, NULL), LNN_ERR_POLICY)) {
            lnn_gate_set_policy(&m->gate, &m->file_policy, m->info.sample_rate_hz);
        }
    }
}

static void load_timetable(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_timetable_t table;
    lnn_require(c, m->frontend.kind != LNN_FRONTEND_NONE, LNN_ERR_NO_AUDIO);
    const lnn_file_timetable_t *f = lnn_take(c, 1, sizeof *f);
    if (!f) {
        return;
    }
    memcpy(&table, f, sizeof *f);
    lnn_require(c, lnn_timetable_has_borders(&table), LNN_ERR_POLICY);
    const void *timesteps = lnn_take(c, LNN_TIMESTEPS, sizeof *table.timestep_ms);
    if (!timesteps) {
        return;
    }
    memcpy(table.timestep_ms, timesteps, sizeof table.timestep_ms);
    if (lnn_require(c, lnn_timetable_has_timesteps(&table), LNN_ERR_NUMBER)) {
        m->file_timetable = f;
        lnn_timetable_set(&m->gate.timetable, &table, m->info.sample_rate_hz);
    }
}

static void load_golden(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_golden_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, m->frontend.kind != LNN_FRONTEND_NONE, LNN_ERR_NO_AUDIO)
        || !lnn_require(c, f->n_samples >= LNN_MIN_GOLDEN_SAMPLES && f->n_samples <= LNN_MAX_GOLDEN_SAMPLES,
                        LNN_ERR_RANGE)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c, f->tolerance >= LNN_GOLDEN_TOLERANCE_MIN && f->tolerance <= LNN_GOLDEN_TOLERANCE_MAX,
                        LNN_ERR_NUMBER)) {
        return;
    }
    m->golden_samples = f->n_samples;
    m->golden_steps = f->n_steps;
    m->golden_tolerance = f->tolerance;
    m->golden_audio = lnn_take(c, f->n_samples, sizeof *m->golden_audio);
    m->golden_logits = lnn_take_floats(c, m->info.n_labels, LNN_GOLDEN_LOGITS_MAX);
}

void lnn_load_section(lnn_model_t *m, lnn_cursor_t *c, const lnn_file_section_t *s) {
    switch (s->kind) {
        case LNN_SECTION_LABELS:
            load_labels(m, c);
            break;
        case LNN_SECTION_FRONTEND:
            lnn_load_frontend(m, c);
            break;
        case LNN_SECTION_TRACES:
            lnn_load_traces(m, c);
            break;
        case LNN_SECTION_CELL:
            lnn_load_cell(m, c, s->index);
            break;
        case LNN_SECTION_RHYTHM:
            lnn_load_rhythm(m, c);
            break;
        case LNN_SECTION_READOUT:
        case LNN_SECTION_LIQUID_READOUT:
            lnn_load_readout(m, c, s->kind == LNN_SECTION_LIQUID_READOUT);
            break;
        case LNN_SECTION_POLICY:
            load_policy(m, c);
            break;
        case LNN_SECTION_TIMETABLE:
            load_timetable(m, c);
            break;
        case LNN_SECTION_GOLDEN:
            load_golden(m, c);
            break;
        case LNN_SECTION_METADATA:
            lnn_require(c, lnn_is_printable_utf8((const char *)c->file + c->at, c->end - c->at), LNN_ERR_LABEL);
            c->at = c->end;
            break;
        default:
            lnn_require(c, s->bytes == LNN_SIGNATURE_BYTES, LNN_ERR_SHAPE); /* a signature */
            c->at = c->end;
            break;
    }
    lnn_require(c, c->at == c->end, LNN_ERR_SHAPE);
}
