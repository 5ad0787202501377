/*
 * From untrusted bytes to a model that runs blind. Two passes over the sections: check and point
 * (config and weights), then place (state). See format/SPEC.md for the rules and their reasons.
 */
#include <string.h>

#include "internal.h"

/* A walk through one section; the first failure sticks and later calls do nothing. */
typedef struct {
    const uint8_t *file;
    uint32_t at;  /* offset of the next byte, from the start of the file */
    uint32_t end; /* of the section */
    lnn_status_t status;
} cursor_t;

static const uint32_t crc_nibbles[16] = {
    0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
    0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
};

static uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ crc_nibbles[crc & 15u];
        crc = (crc >> 4) ^ crc_nibbles[crc & 15u];
    }
    return crc;
}

/* CRC of the file with its own four bytes taken as zero. */
static uint32_t file_crc(const uint8_t *file, uint32_t n) {
    static const uint8_t zeros[4];
    const uint32_t at = offsetof(lnn_file_header_t, crc32);
    uint32_t crc = crc32_update(UINT32_MAX, file, at);
    crc = crc32_update(crc, zeros, sizeof zeros);
    return ~crc32_update(crc, file + at + sizeof zeros, n - at - (uint32_t)sizeof zeros);
}

static uint32_t align_file(uint32_t offset) {
    return (offset + LNN_ALIGN_BYTES - 1u) & ~(uint32_t)(LNN_ALIGN_BYTES - 1u);
}

static bool fail(cursor_t *c, lnn_status_t status) {
    if (c->status == LNN_OK) {
        c->status = status;
    }
    return false;
}

static bool require(cursor_t *c, bool condition, lnn_status_t status) {
    return condition ? c->status == LNN_OK : fail(c, status);
}

/* The next `count` things of `size` bytes; NULL where the section ends before. */
static const void *take(cursor_t *c, uint32_t count, uint32_t size) {
    uint32_t start = align_file(c->at);
    if (c->status != LNN_OK) {
        return NULL;
    }
    for (uint32_t i = c->at; i < start && i < c->end; i++) {
        if (c->file[i] != 0) {
            fail(c, LNN_ERR_PADDING);
            return NULL;
        }
    }
    if (start > c->end || (uint64_t)count * size > c->end - start) {
        fail(c, LNN_ERR_SHAPE);
        return NULL;
    }
    c->at = start + count * size;
    return c->file + start;
}

/* Finite without the library's isfinite, which a freestanding build may lack. */
static bool is_finite(float x) {
    return x - x == 0.0f;
}

static const float *take_floats(cursor_t *c, uint32_t count) {
    const float *x = take(c, count, sizeof *x);
    for (uint32_t i = 0; x && i < count; i++) {
        if (!is_finite(x[i])) {
            fail(c, LNN_ERR_NUMBER);
            return NULL;
        }
    }
    return x;
}

static bool is_utf8(const char *text, uint32_t n) {
    const uint8_t *s = (const uint8_t *)text;
    for (uint32_t i = 0; i < n;) {
        uint8_t lead = s[i];
        uint32_t more = lead < 0x80u ? 0u : lead < 0xc2u ? n : lead < 0xe0u ? 1u : lead < 0xf0u ? 2u : lead < 0xf5u ? 3u : n;
        if (more > n - i - 1u || lead < 0x20u || lead == 0x7fu) {
            return false;
        }
        for (uint32_t k = 1; k <= more; k++) {
            uint8_t low = k > 1 ? 0x80u : lead == 0xe0u ? 0xa0u : lead == 0xf0u ? 0x90u : 0x80u;
            uint8_t high = k > 1 ? 0xbfu : lead == 0xedu ? 0x9fu : lead == 0xf4u ? 0x8fu : 0xbfu;
            if (s[i + k] < low || s[i + k] > high) {
                return false;
            }
        }
        i += more + 1u;
    }
    return true;
}

static void load_labels(lnn_model_t *m, cursor_t *c) {
    const lnn_file_label_t *labels = take(c, m->info.n_labels, sizeof *labels);
    m->readout.labels = labels;
    for (uint32_t i = 0; labels && i < m->info.n_labels; i++) {
        uint32_t length = 0;
        while (length < LNN_MAX_LABEL_NAME_BYTES && labels[i].name[length] != '\0') {
            length++;
        }
        require(c, length > 0 && length < LNN_MAX_LABEL_NAME_BYTES && is_utf8(labels[i].name, length), LNN_ERR_LABEL);
        for (uint32_t k = length; k < LNN_MAX_LABEL_NAME_BYTES; k++) {
            require(c, labels[i].name[k] == '\0', LNN_ERR_PADDING);
        }
        require(c, labels[i].threshold >= 0.0f && labels[i].threshold <= 1.0f, LNN_ERR_NUMBER);
    }
}

static void load_frontend(lnn_model_t *m, cursor_t *c) {
    lnn_frontend_t *fe = &m->frontend;
    const lnn_file_frontend_t *f = take(c, 1, sizeof *f);
    if (!f || !require(c, f->kind == LNN_FRONTEND_LOGMEL_F32, LNN_ERR_FRONTEND)
        || !require(c, f->fft_points <= LNN_MAX_FFT_POINTS && f->window_samples >= 1u
                && f->window_samples <= f->fft_points && f->n_mels >= 1u && f->n_mels <= LNN_MAX_MELS
                && f->n_mel_weights <= LNN_MAX_MEL_WEIGHTS, LNN_ERR_RANGE)
        || !require(c, lnn_rfft_init(&fe->rfft, f->fft_points), LNN_ERR_FRONTEND)
        || !require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !require(c, f->log_floor >= 1e-30f && f->log_floor <= 1.0f && f->feature_clip > 0.0f
                && f->feature_clip <= 1e6f, LNN_ERR_NUMBER)) {
        return;
    }
    fe->window_samples = f->window_samples;
    fe->fft_points = f->fft_points;
    fe->n_mels = f->n_mels;
    fe->log_floor = f->log_floor;
    fe->feature_clip = f->feature_clip;
    fe->window = take_floats(c, f->window_samples);
    fe->mel_start = take(c, f->n_mels, sizeof *fe->mel_start);
    fe->mel_count = take(c, f->n_mels, sizeof *fe->mel_count);
    fe->mel_weights = take_floats(c, f->n_mel_weights);
    fe->mean = take_floats(c, f->n_mels);
    fe->inv_std = take_floats(c, f->n_mels);
    if (c->status != LNN_OK) {
        return;
    }
    uint32_t bins = f->fft_points / 2u + 1u, used = 0;
    for (uint32_t i = 0; i < f->n_mels; i++) {
        require(c, fe->mel_start[i] <= bins && fe->mel_count[i] <= bins - fe->mel_start[i], LNN_ERR_RANGE);
        used += fe->mel_count[i];
        require(c, fe->mean[i] >= -1e6f && fe->mean[i] <= 1e6f && fe->inv_std[i] >= 0.0f && fe->inv_std[i] <= 1e6f,
            LNN_ERR_NUMBER);
    }
    for (uint32_t i = 0; i < f->window_samples; i++) {
        require(c, fe->window[i] >= -1.0f && fe->window[i] <= 1.0f, LNN_ERR_NUMBER);
    }
    for (uint32_t i = 0; i < f->n_mel_weights; i++) { /* no filter may turn a power negative */
        require(c, fe->mel_weights[i] >= 0.0f && fe->mel_weights[i] <= 1e6f, LNN_ERR_NUMBER);
    }
    require(c, used == f->n_mel_weights, LNN_ERR_SHAPE);
}

/* Weights are bounded so that no sum of products can overflow a float. */
static void require_bounded(cursor_t *c, const float *x, uint32_t n) {
    for (uint32_t i = 0; x && i < n; i++) {
        require(c, x[i] >= -1e6f && x[i] <= 1e6f, LNN_ERR_NUMBER);
    }
}

static void load_cell(lnn_model_t *m, cursor_t *c, uint32_t index) {
    lnn_cell_t *cell = &m->cells[index];
    const lnn_file_cell_t *f = take(c, 1, sizeof *f);
    uint32_t n_inputs = index == 0 ? m->frontend.n_mels : m->cells[index - 1u].n_units;
    if (!f || !require(c, f->kind == LNN_CELL_LTC, LNN_ERR_CELL)
        || !require(c, f->solver == LNN_SOLVER_FUSED, LNN_ERR_SOLVER)
        || !require(c, f->weight == LNN_WEIGHT_FLOAT32 && f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        || !require(c, f->n_units >= 2u && f->n_units <= LNN_MAX_CELL_UNITS && f->n_units % 2u == 0u
                && f->n_inputs <= LNN_MAX_CELL_INPUTS, LNN_ERR_RANGE)
        || !require(c, f->n_inputs == n_inputs, LNN_ERR_SHAPE) || !require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !require(c, f->gate_clamp > 0.0f && f->gate_clamp <= 40.0f, LNN_ERR_NUMBER)) {
        return;
    }
    uint32_t n_weights = 2u * f->n_units * ((uint32_t)f->n_inputs + f->n_units);
    cell->n_inputs = f->n_inputs;
    cell->n_units = f->n_units;
    cell->gate_clamp = f->gate_clamp;
    cell->inv_tau = take_floats(c, f->n_units);
    cell->bias = take_floats(c, 2u * f->n_units);
    cell->weights = take_floats(c, n_weights);
    for (uint32_t i = 0; cell->inv_tau && i < f->n_units; i++) {
        require(c, cell->inv_tau[i] >= 0.0f && cell->inv_tau[i] <= 1e6f, LNN_ERR_NUMBER);
    }
    require_bounded(c, cell->bias, 2u * f->n_units);
    require_bounded(c, cell->weights, n_weights);
    m->info.macs_per_step += n_weights;
    m->info.parameters += n_weights + 3u * f->n_units;
}

static void load_readout(lnn_model_t *m, cursor_t *c) {
    lnn_readout_t *ro = &m->readout;
    const lnn_file_readout_t *f = take(c, 1, sizeof *f);
    uint32_t n_labels = m->info.n_labels;
    if (!f || !require(c, f->weight == LNN_WEIGHT_FLOAT32 && f->layout == LNN_LAYOUT_ROWS4, LNN_ERR_WEIGHTS)
        || !require(c, f->n_inputs == m->cells[m->info.n_cells - 1u].n_units, LNN_ERR_SHAPE)
        || !require(c, f->idle_label == UINT16_MAX || f->idle_label < n_labels, LNN_ERR_RANGE)
        || !require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !require(c, f->smoothing_s >= 0.0f && f->smoothing_s <= 60.0f, LNN_ERR_NUMBER)) {
        return;
    }
    uint32_t rows = lnn_rows4(n_labels);
    ro->n_inputs = f->n_inputs;
    ro->n_labels = (uint16_t)n_labels;
    ro->idle_label = f->idle_label;
    ro->smoothing_s = f->smoothing_s;
    ro->bias = take_floats(c, rows);
    ro->weights = take_floats(c, rows * f->n_inputs);
    require_bounded(c, ro->bias, rows);
    require_bounded(c, ro->weights, rows * f->n_inputs);
    m->info.idle_label = f->idle_label;
    m->info.macs_per_step += n_labels * f->n_inputs;
    m->info.parameters += n_labels * (f->n_inputs + 1u);
}

static void load_policy(lnn_model_t *m, cursor_t *c) {
    lnn_policy_t policy;
    m->file_policy = take(c, 1, sizeof *m->file_policy);
    if (m->file_policy) {
        memcpy(&policy, m->file_policy, sizeof policy);
        if (require(c, lnn_policy_is_valid(&policy), LNN_ERR_POLICY)) {
            lnn_gate_set_policy(&m->gate, &policy, m->info.sample_rate_hz);
        }
    }
}

static void load_golden(lnn_model_t *m, cursor_t *c) {
    const lnn_file_golden_t *f = take(c, 1, sizeof *f);
    if (!f || !require(c, f->n_samples >= 1u && f->n_samples <= LNN_MAX_GOLDEN_SAMPLES, LNN_ERR_RANGE)
        || !require(c, f->reserved == 0, LNN_ERR_PADDING)
        || !require(c, f->tolerance >= 0.0f && f->tolerance <= 1e6f, LNN_ERR_NUMBER)) {
        return;
    }
    m->golden_samples = f->n_samples;
    m->golden_steps = f->n_steps;
    m->golden_tolerance = f->tolerance;
    m->golden_audio = take(c, f->n_samples, sizeof *m->golden_audio);
    m->golden_logits = take_floats(c, m->info.n_labels);
}

static void load_section(lnn_model_t *m, cursor_t *c, const lnn_file_section_t *s) {
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
            require(c, is_utf8((const char *)c->file + c->at, c->end - c->at), LNN_ERR_LABEL);
            c->at = c->end;
            break;
        default:
            require(c, s->bytes == 64u, LNN_ERR_SHAPE); /* a signature */
            c->at = c->end;
            break;
    }
    require(c, c->at == c->end, LNN_ERR_SHAPE);
}

/* Kinds ascend; those from labels to policy must be there, cells as often as the header says. */
static bool is_next_kind(const lnn_file_section_t *s, const lnn_file_section_t *before, uint32_t n_cells) {
    if (before && before->kind == LNN_SECTION_CELL && before->index + 1u < n_cells) {
        return s->kind == LNN_SECTION_CELL && s->index == before->index + 1u;
    }
    uint32_t last = before ? before->kind : 0u;
    bool in_order = last < LNN_SECTION_POLICY ? s->kind == last + 1u : s->kind > last;
    return in_order && s->index == 0u && s->kind <= LNN_SECTION_SIGNATURE;
}

static lnn_status_t load_sections(lnn_model_t *m, const uint8_t *file, const lnn_file_header_t *header) {
    const lnn_file_section_t *table = (const void *)(file + sizeof *header);
    uint32_t at = (uint32_t)(sizeof *header + header->n_sections * sizeof *table);
    for (uint32_t i = 0; i < header->n_sections; i++) {
        const lnn_file_section_t *s = &table[i];
        uint32_t start = align_file(at);
        if (s->reserved != 0u) {
            return LNN_ERR_PADDING;
        }
        if (!is_next_kind(s, i ? s - 1 : NULL, header->n_cells) || s->offset != start || start > header->file_bytes
            || s->bytes > header->file_bytes - start) {
            return LNN_ERR_SECTIONS;
        }
        for (; at < start; at++) {
            if (file[at] != 0) {
                return LNN_ERR_PADDING;
            }
        }
        cursor_t cursor = { file, start, start + s->bytes, LNN_OK };
        load_section(m, &cursor, s);
        if (cursor.status != LNN_OK) {
            return cursor.status;
        }
        at = cursor.end;
    }
    bool complete = header->n_sections > 0 && table[header->n_sections - 1u].kind >= LNN_SECTION_POLICY;
    return complete && at == header->file_bytes ? LNN_OK : LNN_ERR_SECTIONS;
}

/* The next piece of the caller's memory. Addresses, not pointers: they are not followed until the sum is checked. */
static void *place(uintptr_t *next, uint32_t count, uint32_t size) {
    void *p = (void *)*next;
    *next += (count * size + 7u) & ~7u;
    return p;
}

/* Gives every stage its state; returns the bytes that takes (the formula of format/SPEC.md). */
static uint32_t place_state(lnn_model_t *m) {
    uintptr_t next = (uintptr_t)m + LNN_MODEL_BYTES;
    uint32_t rows = lnn_rows4(m->info.n_labels), scratch = 2u * m->frontend.fft_points;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        scratch = 2u * m->cells[i].n_units > scratch ? 2u * m->cells[i].n_units : scratch;
    }
    m->ring = place(&next, m->frontend.window_samples, sizeof *m->ring);
    m->scratch = place(&next, scratch, sizeof *m->scratch);
    m->features = place(&next, m->frontend.n_mels, sizeof *m->features);
    m->frontend.previous = place(&next, m->frontend.n_mels, sizeof *m->frontend.previous);
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_t *cell = &m->cells[i];
        cell->uh = place(&next, (uint32_t)cell->n_inputs + cell->n_units, sizeof *cell->uh);
    }
    m->readout.logits = place(&next, rows, sizeof *m->readout.logits);
    m->readout.evidence = place(&next, rows, sizeof *m->readout.evidence);
    m->readout.posterior = place(&next, rows, sizeof *m->readout.posterior);
    m->readout.thresholds = place(&next, rows, sizeof *m->readout.thresholds);
    return (uint32_t)(next - (uintptr_t)m);
}

static lnn_status_t check_header(const void *data, size_t data_bytes) {
    const lnn_file_header_t *h = data;
    if (!data) {
        return LNN_ERR_ARGUMENT;
    }
    if ((uintptr_t)data % 4u != 0u) {
        return LNN_ERR_ALIGNMENT;
    }
    if (data_bytes < sizeof *h) {
        return LNN_ERR_TRUNCATED;
    }
    if (h->magic != LNN_MAGIC) {
        return LNN_ERR_MAGIC;
    }
    if (h->version_major != LNN_VERSION_MAJOR || h->version_minor > LNN_VERSION_MINOR) {
        return LNN_ERR_VERSION;
    }
    return data_bytes < h->file_bytes ? LNN_ERR_TRUNCATED : data_bytes > h->file_bytes ? LNN_ERR_LENGTH : LNN_OK;
}

static lnn_status_t check_sizes(const lnn_file_header_t *h) {
    if (h->reserved != 0 || h->reserved2 != 0 || h->reserved3 != 0) {
        return LNN_ERR_PADDING;
    }
    bool in_range = h->file_bytes <= LNN_MAX_FILE_BYTES && h->n_sections <= LNN_MAX_SECTIONS && h->n_labels >= 1u
        && h->n_labels <= LNN_MAX_LABELS && h->n_cells >= 1u && h->n_cells <= LNN_MAX_CELLS
        && h->sample_rate_hz >= 1000u && h->sample_rate_hz <= LNN_MAX_SAMPLE_RATE_HZ
        && h->task <= LNN_TASK_SERIES && h->target <= LNN_TARGET_HOST
        && h->file_bytes >= sizeof *h + h->n_sections * sizeof(lnn_file_section_t);
    return in_range ? LNN_OK : LNN_ERR_RANGE;
}

lnn_status_t lnn_ram_bytes(const void *data, size_t data_bytes, uint32_t *ram_bytes) {
    lnn_status_t status = ram_bytes ? check_header(data, data_bytes) : LNN_ERR_ARGUMENT;
    if (status == LNN_OK) {
        *ram_bytes = ((const lnn_file_header_t *)data)->ram_bytes;
    }
    return status;
}

lnn_status_t lnn_load_from_flash(const void *data, size_t data_bytes, void *memory, size_t memory_bytes,
    lnn_model_t **model) {
    const lnn_file_header_t *header = data;
    lnn_status_t status = memory && model ? check_header(data, data_bytes) : LNN_ERR_ARGUMENT;
    if (status != LNN_OK) {
        return status;
    }
    if (file_crc(data, header->file_bytes) != header->crc32) {
        return LNN_ERR_CRC;
    }
    if ((status = check_sizes(header)) != LNN_OK) {
        return status;
    }
    if ((uintptr_t)memory % 8u != 0u) {
        return LNN_ERR_ALIGNMENT;
    }
    if (memory_bytes < LNN_MODEL_BYTES || memory_bytes < header->ram_bytes) {
        return LNN_ERR_MEMORY;
    }
    lnn_model_t *m = memory;
    memset(m, 0, sizeof *m);
    m->info.sample_rate_hz = header->sample_rate_hz;
    m->info.model_bytes = header->file_bytes;
    m->info.ram_bytes = header->ram_bytes;
    m->info.n_labels = header->n_labels;
    m->info.n_cells = header->n_cells;
    m->info.task = header->task;
    m->inv_rate = 1.0f / (float)header->sample_rate_hz;
    if ((status = load_sections(m, data, header)) != LNN_OK) {
        return status;
    }
    if (place_state(m) != header->ram_bytes) {
        return LNN_ERR_RAM;
    }
    m->info.window_samples = m->frontend.window_samples;
    m->info.n_features = m->frontend.n_mels;
    for (uint32_t i = 0; i < m->info.n_labels; i++) {
        m->readout.thresholds[i] = m->readout.labels[i].threshold;
    }
    lnn_reset(m);
    *model = m;
    return LNN_OK;
}
