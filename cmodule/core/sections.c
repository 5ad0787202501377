/*
 * What the sections of a file say, checked and pointed at; those that depend on the numbers of the
 * model go on in sections_f32.c and sections_s8.c.
 */
#include <string.h>

#include "cursor.h"

static void load_labels(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_label_t *labels = lnn_take(c, m->info.n_labels, sizeof *labels);
    m->readout.labels = labels;
    for (uint32_t i = 0; labels && i < m->info.n_labels; i++) {
        uint32_t length = 0;
        while (length < LNN_MAX_LABEL_NAME_BYTES && labels[i].name[length] != '\0') {
            length++;
        }
        lnn_require(c, length > 0 && length < LNN_MAX_LABEL_NAME_BYTES && lnn_is_printable_utf8(labels[i].name, length),
                    LNN_ERR_LABEL);
        for (uint32_t k = length; k < LNN_MAX_LABEL_NAME_BYTES; k++) {
            lnn_require(c, labels[i].name[k] == '\0', LNN_ERR_PADDING);
        }
        lnn_require(c, labels[i].threshold >= 0.0f && labels[i].threshold <= 1.0f, LNN_ERR_NUMBER);
    }
}

/* The bytes that tell the kind of a record before it is taken. */
static const uint8_t *peek(const lnn_cursor_t *c, uint32_t n) {
    return n <= c->end - c->at ? c->file + c->at : NULL;
}

bool lnn_check_frontend(lnn_model_t *m, lnn_cursor_t *c, uint32_t window_samples, uint32_t fft_points, uint32_t n_mels,
                        uint32_t n_mel_weights) {
    m->frontend.window_samples = (uint16_t)window_samples;
    m->frontend.fft_points = (uint16_t)fft_points;
    m->frontend.n_mels = (uint16_t)n_mels;
    return lnn_require(c,
                       fft_points <= LNN_MAX_FFT_POINTS && window_samples >= 2u && window_samples <= fft_points
                           && n_mels >= 1u && n_mels <= LNN_MAX_MELS && n_mel_weights <= LNN_MAX_MEL_WEIGHTS,
                       LNN_ERR_RANGE);
}

bool lnn_check_filters(const lnn_model_t *m, lnn_cursor_t *c, const uint16_t *start, const uint16_t *count,
                       uint32_t n_mel_weights) {
    uint32_t bins = m->frontend.fft_points / 2u + 1u, used = 0;
    for (uint32_t i = 0; start && count && i < m->frontend.n_mels; i++) {
        lnn_require(c, start[i] <= bins && count[i] <= bins - start[i], LNN_ERR_RANGE);
        used += count[i];
    }
    return lnn_require(c, used == n_mel_weights, LNN_ERR_SHAPE);
}

static void load_frontend(lnn_model_t *m, lnn_cursor_t *c) {
    const uint8_t *kind = peek(c, 2);
    if (!lnn_require(c, kind != NULL, LNN_ERR_SHAPE)) {
        return;
    }
    m->frontend.kind = (uint16_t)(kind[0] | kind[1] << 8);
    if (m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15) {
        lnn_load_frontend_q15(m, c);
    } else if (m->frontend.kind == LNN_FRONTEND_NONE) {
        lnn_load_frontend_none(m, c);
    } else {
        lnn_load_frontend_f32(m, c);
    }
    lnn_require(c, (m->frontend.kind == LNN_FRONTEND_NONE) == (m->info.task == LNN_TASK_SERIES), LNN_ERR_TASK);
}

static bool is_integer(uint32_t weight) {
    return weight == LNN_WEIGHT_INT8 || weight == LNN_WEIGHT_INT16;
}

static void load_cell(lnn_model_t *m, lnn_cursor_t *c, uint32_t index) {
    lnn_cell_t *cell = &m->cells[index];
    const lnn_file_cell_t *f = (const void *)peek(c, sizeof *f);
    uint32_t n_inputs = index == 0 ? m->frontend.n_mels : cell[-1].n_units;
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE) || !lnn_require(c, f->kind == LNN_CELL_LTC, LNN_ERR_CELL)
        || !lnn_require(c, f->solver == LNN_SOLVER_FUSED, LNN_ERR_SOLVER)
        || !lnn_require(c,
                        f->n_units >= 2u && f->n_units <= LNN_MAX_CELL_UNITS && f->n_units % 2u == 0u
                            && f->n_inputs <= LNN_MAX_CELL_INPUTS,
                        LNN_ERR_RANGE)
        || !lnn_require(c, f->n_inputs == n_inputs, LNN_ERR_SHAPE)) {
        return;
    }
    bool integer = is_integer(f->weight);
    if (!lnn_require(c, index == 0 || integer == m->integer, LNN_ERR_WEIGHTS) /* all cells alike */
        || !lnn_require(c, integer || m->frontend.kind != LNN_FRONTEND_LOGMEL_Q15, LNN_ERR_WEIGHTS)) {
        return;
    }
    m->integer = integer;
    cell->n_inputs = f->n_inputs;
    cell->n_units = f->n_units;
    if (integer) {
        lnn_load_cell_s8(c, cell);
    } else {
        lnn_load_cell_f32(c, cell);
    }
    uint32_t n_weights = 2u * cell->n_units * ((uint32_t)cell->n_inputs + cell->n_units);
    m->info.macs_per_step += n_weights;
    m->info.parameters += n_weights + 3u * cell->n_units;
}

static void load_readout(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f = (const void *)peek(c, sizeof *f);
    if (!lnn_require(c, f != NULL, LNN_ERR_SHAPE)
        || !lnn_require(c, m->integer ? is_integer(f->weight) : f->weight == LNN_WEIGHT_FLOAT32, LNN_ERR_WEIGHTS)
        || !lnn_require(c, f->n_inputs == m->cells[m->info.n_cells - 1u].n_units, LNN_ERR_SHAPE)
        || !lnn_require(c, m->info.task != LNN_TASK_ANOMALY || m->info.n_labels == m->frontend.n_mels, LNN_ERR_SHAPE)
        || !lnn_require(c, f->idle_label == UINT16_MAX || f->idle_label < m->info.n_labels, LNN_ERR_RANGE)
        || !lnn_require(c, f->smoothing_s >= 0.0f && f->smoothing_s <= 60.0f, LNN_ERR_NUMBER)) {
        return;
    }
    ro->n_inputs = f->n_inputs;
    ro->n_labels = m->info.n_labels;
    ro->idle_label = f->idle_label;
    ro->expects_features = m->info.task == LNN_TASK_ANOMALY;
    ro->inv_smoothing_q16 = (uint32_t)(65536.0f / (f->smoothing_s > 0.001f ? f->smoothing_s : 0.001f));
    m->info.idle_label = f->idle_label;
    m->info.macs_per_step += (uint32_t)m->info.n_labels * f->n_inputs;
    m->info.parameters += (uint32_t)m->info.n_labels * (f->n_inputs + 1u);
    if (m->integer) {
        lnn_load_readout_s8(m, c);
    } else {
        lnn_load_readout_f32(m, c);
    }
}

static void load_policy(lnn_model_t *m, lnn_cursor_t *c) {
    lnn_policy_t policy;
    m->file_policy = lnn_take(c, 1, sizeof *m->file_policy);
    if (m->file_policy) {
        memcpy(&policy, m->file_policy, sizeof policy);
        if (lnn_require(c, !lnn_policy_fault(&policy, NULL), LNN_ERR_POLICY)) {
            lnn_gate_set_policy(&m->gate, &policy, m->info.sample_rate_hz);
        }
    }
}

static void load_golden(lnn_model_t *m, lnn_cursor_t *c) {
    const lnn_file_golden_t *f = lnn_take(c, 1, sizeof *f);
    if (!f || !lnn_require(c, m->frontend.kind != LNN_FRONTEND_NONE, LNN_ERR_NO_AUDIO)
        || !lnn_require(c, f->n_samples >= 1u && f->n_samples <= LNN_MAX_GOLDEN_SAMPLES, LNN_ERR_RANGE)
        || !lnn_require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !lnn_require(c, f->tolerance >= 0.0f && f->tolerance <= 1e6f, LNN_ERR_NUMBER)) {
        return;
    }
    m->golden_samples = f->n_samples;
    m->golden_steps = f->n_steps;
    m->golden_tolerance = f->tolerance;
    m->golden_audio = lnn_take(c, f->n_samples, sizeof *m->golden_audio);
    m->golden_logits = lnn_take_floats(c, m->info.n_labels, 1e6f);
}

void lnn_load_section(lnn_model_t *m, lnn_cursor_t *c, const lnn_file_section_t *s) {
    switch (s->kind) {
        case LNN_SECTION_LABELS:
            load_labels(m, c);
            break;
        case LNN_SECTION_FRONTEND:
            load_frontend(m, c);
            break;
        case LNN_SECTION_CELL:
            load_cell(m, c, s->index);
            break;
        case LNN_SECTION_READOUT:
            load_readout(m, c);
            break;
        case LNN_SECTION_POLICY:
            load_policy(m, c);
            break;
        case LNN_SECTION_GOLDEN:
            load_golden(m, c);
            break;
        case LNN_SECTION_METADATA:
            lnn_require(c, lnn_is_printable_utf8((const char *)c->file + c->at, c->end - c->at), LNN_ERR_LABEL);
            c->at = c->end;
            break;
        default:
            lnn_require(c, s->bytes == 64u, LNN_ERR_SHAPE); /* a signature */
            c->at = c->end;
            break;
    }
    lnn_require(c, c->at == c->end, LNN_ERR_SHAPE);
}
