/* SPDX-License-Identifier: MIT */
/*
 * From untrusted bytes to a model that runs blind: the header, the walk over the section table, then a
 * place in the caller's memory for every stage's state. format/SPEC.md has the rules and their reasons.
 */
#include <string.h>

#include "sections.h"

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

/* The CRC's own four bytes count as zero, for itself and for a signature. */
#define CRC_AT ((uint32_t)offsetof(lnn_file_header_t, crc32))
static const uint8_t crc_zeros[4];

static uint32_t file_crc(const uint8_t *file, uint32_t n) {
    const uint32_t rest = CRC_AT + (uint32_t)sizeof crc_zeros;
    uint32_t crc = crc32_update(UINT32_MAX, file, CRC_AT);
    crc = crc32_update(crc, crc_zeros, sizeof crc_zeros);
    return ~crc32_update(crc, file + rest, n - rest);
}

/*
 * Traces stand behind the front-end, a rhythm behind the last cell, a timetable behind the policy, a liquid readout in the
 * place of the readout.
 */
static uint32_t place_in_order(uint32_t kind) {
    return kind == LNN_SECTION_TRACES           ? LNN_SECTION_FRONTEND
           : kind == LNN_SECTION_RHYTHM         ? LNN_SECTION_CELL
           : kind == LNN_SECTION_TIMETABLE      ? LNN_SECTION_POLICY
           : kind == LNN_SECTION_LIQUID_READOUT ? LNN_SECTION_READOUT
                                                : kind;
}

/* Kinds ascend; those from labels to policy must be there, cells as often as the header says. */
static bool is_next_kind(const lnn_file_section_t *s, const lnn_file_section_t *before, const lnn_file_header_t *h) {
    uint32_t kind = place_in_order(s->kind), last = before ? place_in_order(before->kind) : 0u;
    if (before && before->kind == LNN_SECTION_CELL && before->index + 1u < h->n_cells) {
        return s->kind == LNN_SECTION_CELL && s->index == before->index + 1u;
    }
    if (s->index != 0u || (s->kind != kind && h->version_minor < (s->kind >= LNN_SECTION_RHYTHM ? 3u : 2u))) {
        return false;
    }
    if (s->kind == LNN_SECTION_TIMETABLE) {
        return before && before->kind == LNN_SECTION_POLICY;
    }
    if (s->kind == LNN_SECTION_RHYTHM) {
        return before && before->kind == LNN_SECTION_CELL;
    }
    if (s->kind == LNN_SECTION_TRACES) {
        return before && before->kind == LNN_SECTION_FRONTEND;
    }
    return last < LNN_SECTION_POLICY ? kind == last + 1u : kind > last;
}

static lnn_status_t load_sections(lnn_model_t *m, const uint8_t *file, const lnn_file_header_t *header) {
    const lnn_file_section_t *table = (const void *)(file + sizeof *header);
    uint32_t at = (uint32_t)(sizeof *header + header->n_sections * sizeof *table);
    for (uint32_t i = 0; i < header->n_sections; i++) {
        const lnn_file_section_t *s = &table[i];
        uint32_t start = lnn_align_file(at);
        if (s->reserved != 0u) {
            return LNN_ERR_PADDING;
        }
        if (s->kind > LNN_SECTION_TIMETABLE) {
            return LNN_ERR_STAGE;
        }
        if (!is_next_kind(s, i ? s - 1 : NULL, header) || s->offset != start || start > header->file_bytes
            || s->bytes > header->file_bytes - start) {
            return LNN_ERR_SECTIONS;
        }
        for (; at < start; at++) {
            if (file[at] != 0) {
                return LNN_ERR_PADDING;
            }
        }
        lnn_cursor_t cursor = {file, start, start + s->bytes, LNN_OK};
        lnn_load_section(m, &cursor, s);
        if (cursor.status != LNN_OK) {
            return cursor.status;
        }
        at = cursor.end;
    }
    bool complete = header->n_sections > 0 && place_in_order(table[header->n_sections - 1u].kind) >= LNN_SECTION_POLICY;
    return complete && at == header->file_bytes ? LNN_OK : LNN_ERR_SECTIONS;
}

/* What this core needs besides the bytes that the file counts by the formula of format/SPEC.md. */
static uint32_t own_bytes(const lnn_file_header_t *h) {
    uint32_t n_labels = h->n_labels < LNN_MAX_LABELS ? h->n_labels : LNN_MAX_LABELS;
    return LNN_BLOCK_BYTES - LNN_MODEL_BYTES + lnn_readout_own_bytes(n_labels);
}

static uint32_t needed_bytes(const lnn_file_header_t *h) {
    uint32_t own = own_bytes(h);
    return h->ram_bytes < UINT32_MAX - own ? h->ram_bytes + own : UINT32_MAX;
}

/* Gives every stage its state. Returns the bytes that this takes. */
static uint32_t place_state(lnn_model_t *m) {
    uintptr_t next = (uintptr_t)m + LNN_BLOCK_BYTES;
    uint32_t scratch = lnn_larger(lnn_frontend_scratch_bytes(&m->frontend), lnn_readout_scratch_bytes(&m->readout));
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        scratch = lnn_larger(scratch, lnn_cell_scratch_bytes(&m->cells[i]));
    }
    m->scratch = lnn_place(&next, scratch, 1);
    lnn_ring_place(&m->ring, &next);
    lnn_frontend_place(&m->frontend, &next);
    lnn_traces_place(&m->traces, &next);
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        lnn_cell_place(&m->cells[i], &next);
    }
    lnn_readout_place(&m->readout, &next);
    return (uint32_t)(next - (uintptr_t)m);
}

/* However few bytes there are: a short text is not called a model that was cut off. */
static bool begins_like_a_model(const uint8_t *bytes, size_t n) {
    for (uint32_t i = 0; i < 4u && i < n; i++) {
        if (bytes[i] != (uint8_t)(LNN_MAGIC >> 8u * i)) {
            return false;
        }
    }
    return true;
}

static lnn_status_t check_header(const void *data, size_t data_bytes) {
    const lnn_file_header_t *h = data;
    if (!data) {
        return LNN_ERR_ARGUMENT;
    }
    if ((uintptr_t)data % 4u != 0u) {
        return LNN_ERR_ALIGNMENT;
    }
    if (!begins_like_a_model(data, data_bytes)) {
        return LNN_ERR_MAGIC;
    }
    if (data_bytes < sizeof *h) {
        return LNN_ERR_TRUNCATED;
    }
    if (h->version_major != LNN_VERSION_MAJOR || h->version_minor > LNN_VERSION_MINOR) {
        return LNN_ERR_VERSION;
    }
    return data_bytes < h->file_bytes ? LNN_ERR_TRUNCATED : data_bytes > h->file_bytes ? LNN_ERR_LENGTH : LNN_OK;
}

static lnn_status_t check_sizes(const lnn_file_header_t *h) {
    if (h->reserved != 0 || h->reserved2 != 0 || (h->version_minor == 0 && h->model_version != 0)) {
        return LNN_ERR_PADDING;
    }
    bool in_range = h->file_bytes <= LNN_MAX_FILE_BYTES && h->n_sections <= LNN_MAX_SECTIONS
                    && h->n_labels >= LNN_MIN_LABELS && h->n_labels <= LNN_MAX_LABELS && h->n_cells >= LNN_MIN_CELLS
                    && h->n_cells <= LNN_MAX_CELLS && h->sample_rate_hz >= LNN_MIN_SAMPLE_RATE_HZ
                    && h->sample_rate_hz <= LNN_MAX_SAMPLE_RATE_HZ && h->task <= LNN_MAX_TASK
                    && h->target <= LNN_MAX_TARGET
                    && h->file_bytes >= sizeof *h + h->n_sections * sizeof(lnn_file_section_t);
    return in_range ? LNN_OK : LNN_ERR_RANGE;
}

lnn_status_t lnn_ram_bytes(const void *data, size_t data_bytes, uint32_t *ram_bytes) {
    lnn_status_t status = ram_bytes ? check_header(data, data_bytes) : LNN_ERR_ARGUMENT;
    if (status == LNN_OK) {
        *ram_bytes = needed_bytes(data);
    }
    return status;
}

/* The first cell that is not ours was refused. */
const char *lnn_refused_name(const void *data, size_t data_bytes, lnn_status_t status) {
    const lnn_file_header_t *h = data;
    const lnn_file_section_t *table = (const void *)(h + 1);
    if ((status != LNN_ERR_CELL && status != LNN_ERR_SOLVER) || check_header(data, data_bytes) != LNN_OK
        || check_sizes(h) != LNN_OK) {
        return NULL;
    }
    for (uint32_t i = 0; i < h->n_sections; i++) {
        const lnn_file_cell_t *cell = (const void *)((const uint8_t *)data + table[i].offset);
        if (table[i].kind != LNN_SECTION_CELL) {
            continue;
        }
        if (table[i].offset % 4u != 0 || table[i].offset > data_bytes - sizeof *cell) {
            return NULL;
        }
        if (!LNN_RUNS_CELL(cell->kind)) {
            return cell->kind <= LNN_CELL_LTC_GRID ? lnn_cell_names[cell->kind] : NULL;
        }
        if (!LNN_RUNS_SOLVER(cell->solver)) {
            return cell->solver <= LNN_SOLVER_ADAPTIVE_HEUN ? lnn_solver_names[cell->solver] : NULL;
        }
    }
    return NULL;
}

/* The signature is the last section and ends the file; all bytes before it are signed. */
static lnn_status_t check_signature(const uint8_t *file, lnn_verify_t verify, const void *context) {
    const lnn_file_header_t *h = (const void *)file;
    const lnn_file_section_t *table = (const void *)(h + 1), *last = h->n_sections ? table + h->n_sections - 1 : NULL;
    const uint32_t rest = CRC_AT + (uint32_t)sizeof crc_zeros;
    if (!last || last->kind != LNN_SECTION_SIGNATURE || last->bytes != LNN_SIGNATURE_BYTES
        || last->offset != h->file_bytes - LNN_SIGNATURE_BYTES
        || last->offset < sizeof *h + h->n_sections * sizeof *table) {
        return LNN_ERR_SIGNATURE;
    }
    const lnn_signed_t model = {
        {{file, CRC_AT}, {crc_zeros, sizeof crc_zeros}, {file + rest, last->offset - rest}},
        file + last->offset,
        h->model_version,
    };
    return verify(&model, context);
}

/* Without `verify` every file is taken. */
static lnn_status_t load(const void *data, size_t data_bytes, lnn_verify_t verify, const void *context, void *memory,
                         size_t memory_bytes, lnn_model_t **model) {
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
    if (memory_bytes < LNN_BLOCK_BYTES || memory_bytes < needed_bytes(header)) {
        return LNN_ERR_MEMORY;
    }
    if (verify && (status = check_signature(data, verify, context)) != LNN_OK) {
        return status;
    }
    lnn_model_t *m = memory;
    memset(m, 0, sizeof *m);
    m->info.sample_rate_hz = header->sample_rate_hz;
    m->info.model_bytes = header->file_bytes;
    m->info.ram_bytes = needed_bytes(header);
    m->info.n_labels = header->n_labels;
    m->info.n_cells = header->n_cells;
    m->info.task = header->task;
    m->info.model_version = header->model_version;
    m->us_per_sample_q16 = (uint32_t)((1000000ull << 16) / header->sample_rate_hz);
    if ((status = load_sections(m, data, header)) != LNN_OK) {
        return status;
    }
    m->ring.n = m->frontend.window_samples;
    if (place_state(m) != needed_bytes(header)) {
        return LNN_ERR_RAM;
    }
    m->info.window_samples = m->frontend.window_samples;
    m->info.n_features = m->frontend.n_mels;
    lnn_traces_init(&m->traces);
    lnn_readout_init(&m->readout);
    lnn_reset(m);
    *model = m;
    return LNN_OK;
}

lnn_status_t lnn_load(const void *data, size_t data_bytes, void *memory, size_t memory_bytes, lnn_model_t **model) {
    return load(data, data_bytes, NULL, NULL, memory, memory_bytes, model);
}

lnn_status_t lnn_load_verified(const void *data, size_t data_bytes, lnn_verify_t verify, const void *context,
                               void *memory, size_t memory_bytes, lnn_model_t **model) {
    return verify ? load(data, data_bytes, verify, context, memory, memory_bytes, model) : LNN_ERR_ARGUMENT;
}
