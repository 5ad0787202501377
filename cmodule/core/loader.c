/*
 * From untrusted bytes to a model that runs blind: the header, the walk over the section table, then a
 * place in the caller's memory for every stage's state. format/SPEC.md has the rules and their reasons.
 */
#include <string.h>

#include "cursor.h"

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
        uint32_t start = lnn_align_file(at);
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
        lnn_cursor_t cursor = {file, start, start + s->bytes, LNN_OK};
        lnn_load_section(m, &cursor, s);
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

static uint32_t scratch_bytes(const lnn_model_t *m) {
    uint32_t points = m->frontend.fft_points, labels = 4u * lnn_rows4(m->info.n_labels);
    uint32_t most = m->frontend.kind == LNN_FRONTEND_LOGMEL_Q15 ? 4u * points + 4u : 8u * points;
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        uint32_t n_inputs = lnn_columns8(m->cells[i].n_inputs), n_units = lnn_columns8(m->cells[i].n_units);
        uint32_t cell = m->integer ? 16u * m->cells[i].n_units + 2u * (n_inputs > n_units ? n_inputs : n_units)
                                   : 8u * m->cells[i].n_units;
        most = cell > most ? cell : most;
    }
    if (m->integer) { /* what the readout's product wants, behind its sums */
        labels += 2u * lnn_columns8(m->cells[m->info.n_cells - 1u].n_units);
    }
    return labels > most ? labels : most;
}

static void place_cell(lnn_cell_t *cell, bool integer, uintptr_t *next) {
    if (integer) {
        lnn_cell_s8_t *s8 = &cell->as.s8;
        s8->uh = place(next, lnn_columns8(cell->n_inputs) + lnn_columns8(cell->n_units), sizeof *s8->uh);
        s8->h_q30 = place(next, cell->n_units, sizeof *s8->h_q30);
        s8->inv_c_q31 = place(next, cell->n_units, sizeof *s8->inv_c_q31);
        s8->shift_q11 = place(next, cell->n_units, sizeof *s8->shift_q11);
        if (s8->delta_q15 > 0) {
            s8->counted = place(next, lnn_columns8(cell->n_units), sizeof *s8->counted);
            s8->sums = place(next, 2u * cell->n_units, sizeof *s8->sums);
        }
    } else {
        cell->as.f32.uh = place(next, (uint32_t)cell->n_inputs + cell->n_units, sizeof *cell->as.f32.uh);
    }
}

/* Gives every stage its state; returns the bytes that takes (the formula of format/SPEC.md). */
static uint32_t place_state(lnn_model_t *m) {
    uintptr_t next = (uintptr_t)m + LNN_MODEL_BYTES;
    lnn_frontend_t *fe = &m->frontend;
    lnn_readout_t *ro = &m->readout;
    uint32_t rows = lnn_rows4(m->info.n_labels);
    m->ring = place(&next, fe->window_samples, sizeof *m->ring);
    m->scratch = place(&next, scratch_bytes(m), 1);
    if (fe->kind == LNN_FRONTEND_LOGMEL_Q15) {
        fe->as.q15.previous = place(&next, fe->n_mels, sizeof *fe->as.q15.previous);
    } else {
        fe->as.f32.features = place(&next, fe->n_mels, sizeof *fe->as.f32.features);
        fe->as.f32.previous = place(&next, fe->n_mels, sizeof *fe->as.f32.previous);
    }
    for (uint32_t i = 0; i < m->info.n_cells; i++) {
        place_cell(&m->cells[i], m->integer, &next);
    }
    ro->logits_q16 = place(&next, rows, sizeof *ro->logits_q16);
    ro->evidence_q16 = place(&next, rows, sizeof *ro->evidence_q16);
    ro->scores = place(&next, rows, sizeof *ro->scores);
    ro->thresholds = place(&next, rows, sizeof *ro->thresholds);
    ro->posterior_q15 = place(&next, rows, sizeof *ro->posterior_q15);
    ro->threshold_q15 = place(&next, rows, sizeof *ro->threshold_q15);
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

/* The first cell that is not ours was refused; the table is good up to there. */
const char *lnn_refused_name(const void *data, lnn_status_t status) {
    const lnn_file_section_t *s = (const void *)((const lnn_file_header_t *)data + 1);
    if (status != LNN_ERR_CELL && status != LNN_ERR_SOLVER) {
        return NULL;
    }
    for (;; s++) {
        const lnn_file_cell_t *cell = (const void *)((const uint8_t *)data + s->offset);
        if (s->kind != LNN_SECTION_CELL) {
            continue;
        }
        if (cell->kind != LNN_CELL_LTC) {
            return cell->kind <= LNN_CELL_CFC ? lnn_cell_names[cell->kind] : NULL;
        }
        if (cell->solver != LNN_SOLVER_FUSED) {
            return cell->solver <= LNN_SOLVER_ADAPTIVE_HEUN ? lnn_solver_names[cell->solver] : NULL;
        }
    }
}

lnn_status_t lnn_load(const void *data, size_t data_bytes, void *memory, size_t memory_bytes, lnn_model_t **model) {
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
    m->us_per_sample_q16 = (uint32_t)((1000000ull << 16) / header->sample_rate_hz);
    if ((status = load_sections(m, data, header)) != LNN_OK) {
        return status;
    }
    if (place_state(m) != header->ram_bytes) {
        return LNN_ERR_RAM;
    }
    m->info.window_samples = m->frontend.window_samples;
    m->info.n_features = m->frontend.n_mels;
    for (uint32_t i = 0; i < m->info.n_labels; i++) {
        lnn_readout_set_threshold(&m->readout, i, m->readout.labels[i].threshold);
    }
    lnn_reset(m);
    *model = m;
    return LNN_OK;
}
