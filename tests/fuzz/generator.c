/* SPDX-License-Identifier: MIT */
/*
 * Names, types, ranges and lengths come from fields.toml (table.h). What stands here is what that table cannot say: how
 * the sections depend on each other. A new section is a function like those of the others and a line in sections().
 */
#include "generator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exercise.h"
#include "table.h"

#define MAX_SLIPS 3u
#define MOST_TRAILING 40u

typedef struct {
    choices_t *c;
    uint32_t slips; /* how many things may still be made wrong */
    bool legal;
    uint32_t most_bytes;
    uint8_t *file;
    size_t at, capacity;
    double value[N_FIELDS]; /* of the record in work; header fields stay */
    bool given[N_FIELDS];   /* not to be drawn */
    /* the plan */
    uint32_t frontend, task, n_mels, n_labels, n_cells, units[LNN_MAX_CELLS], inputs[LNN_MAX_CELLS];
    uint32_t window_samples, fft_points, deltas[LNN_MAX_CELLS];
    bool integer, with_floor;
    uint16_t mel_start[LNN_MAX_MELS], mel_count[LNN_MAX_MELS];
    /* of the sections */
    uint32_t n_sections, kinds[16], indices[16], starts[16], ends[16];
} generator_t;

choices_t choices_from(const uint8_t *bytes, size_t n) {
    choices_t c = {bytes, n, 0, 0x9e3779b97f4a7c15u};
    for (size_t i = 0; i < n; i++) {
        c.state = (c.state ^ bytes[i]) * 0x100000001b3u;
    }
    return c;
}

uint32_t random_bits(choices_t *c) { /* splitmix64 */
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

uint32_t choose(choices_t *c, uint32_t below) {
    if (below == 0) {
        return 0;
    }
    uint32_t bytes = below <= 256u ? 1u : below <= 65536u ? 2u : 4u, x = 0;
    if (c->n - c->at < bytes) {
        return (uint32_t)((uint64_t)random_bits(c) * below >> 32);
    }
    for (uint32_t i = 0; i < bytes; i++) {
        x = x << 8 | c->bytes[c->at++];
    }
    return x % below;
}

/* From low to high, small numbers as often as large ones. */
static uint32_t choose_size(choices_t *c, uint32_t low, uint32_t high) {
    uint32_t bits = 0;
    while (bits < 31u && (high - low) >> bits > 0) {
        bits++;
    }
    uint32_t top = 1u << choose(c, bits + 1u);
    return low + choose(c, top - 1u < high - low ? top : high - low + 1u);
}

/* Now and then, if this model may have faults: true, and it counts as not legal. */
static bool slip(generator_t *g, uint32_t one_of) {
    if (g->slips == 0 || choose(g->c, one_of) != 0) {
        return false;
    }
    g->slips--;
    g->legal = false;
    return true;
}

static double random_unit(choices_t *c) {
    return (double)random_bits(c) / 4294967295.0;
}

static bool is_float(char type) {
    return type == 'f';
}

static void ends_of(char type, double *low, double *high) {
    *low = type == 'b' ? -128.0 : type == 'h' ? -32768.0 : type == 'i' ? -2147483648.0 : 0.0;
    *high = type == 'b'   ? 127.0
            : type == 'B' ? 255.0
            : type == 'h' ? 32767.0
            : type == 'H' ? 65535.0
            : type == 'i' ? 2147483647.0
                          : 4294967295.0;
    if (is_float(type)) {
        *low = -3e38;
        *high = 3e38;
    }
}

/* The range of a field or an array; `value` has the fields that it may depend on. */
static void range_of(const item_t *item, const double *value, double *low, double *high) {
    ends_of(item->type, low, high);
    if (item->bounded) {
        *low = item->low_field >= 0 ? value[item->low_field] : item->low;
        *high = item->high_field >= 0 ? value[item->high_field] : item->high;
    }
    if (is_float(item->type)) { /* the file holds floats: no end may round outwards */
        *low = (float)*low;
        *high = (float)*high;
        *low = item->above ? (double)nextafterf((float)*low, INFINITY) : *low;
    }
}

static double within(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static double draw_within(choices_t *c, const item_t *item, const double *value) {
    double low, high, x;
    range_of(item, value, &low, &high);
    switch (choose(c, 8)) {
        case 0:
            return low;
        case 1:
            return high;
        case 2:
            x = is_float(item->type) ? (double)nextafterf((float)low, INFINITY) : low + 1.0;
            break;
        case 3:
            x = is_float(item->type) ? (double)nextafterf((float)high, -INFINITY) : high - 1.0;
            break;
        case 4:
        case 5:
            x = low + (high - low) * random_unit(c);
            break;
        default:
            x = ldexp(random_unit(c), (int)choose(c, 64) - 32) * (choose(c, 2) ? 1.0 : -1.0);
            break;
    }
    return within(is_float(item->type) ? (double)(float)x : floor(x), low, high);
}

/* A number that is wrong: just outside the range, or not a number at all, or anything. */
static double draw_outside(choices_t *c, const item_t *item, const double *value) {
    double low, high;
    range_of(item, value, &low, &high);
    switch (choose(c, 6)) {
        case 0:
            return is_float(item->type) ? (double)nextafterf((float)low, -INFINITY) : low - 1.0;
        case 1:
            return is_float(item->type) ? (double)nextafterf((float)high, INFINITY) : high + 1.0;
        case 2:
            return is_float(item->type) ? (double)NAN : 0.0;
        case 3:
            return is_float(item->type) ? (double)INFINITY : 1e9;
        case 4:
            return is_float(item->type) ? (double)-INFINITY : -1e9;
        default:
            return (double)random_bits(c);
    }
}

static void put(generator_t *g, const void *bytes, size_t n) {
    if (n > 0 && g->at + n <= g->capacity) {
        memcpy(g->file + g->at, bytes, n);
        g->at += n;
    }
}

static void put_number(generator_t *g, char type, double x) {
    int64_t integer = is_float(type) || isnan(x) || fabs(x) > 9e18 ? 0 : (int64_t)x;
    float number = (float)x;
    put(g, is_float(type) ? (const void *)&number : (const void *)&integer,
        type == 'b' || type == 'B'   ? 1u
        : type == 'h' || type == 'H' ? 2u
                                     : 4u);
}

static void align(generator_t *g, bool may_slip) {
    while (g->at % LNN_ALIGN_BYTES != 0) {
        put_number(g, 'B', may_slip && slip(g, 200) ? 1.0 : 0.0);
    }
}

static void give(generator_t *g, int field, double value) {
    g->value[field] = value;
    g->given[field] = true;
}

/* The fields of a record: those that were not given are drawn, those with constant ranges first. */
static void put_record(generator_t *g, const record_t *record) {
    for (uint32_t pass = 0; pass < 2u; pass++) {
        for (uint32_t i = 0; i < record->n_fields; i++) {
            const item_t *item = &record->fields[i];
            bool dependent = item->low_field >= 0 || item->high_field >= 0;
            if (!g->given[item->field] && dependent == (pass == 1u)) {
                g->value[item->field] = draw_within(g->c, item, g->value);
            }
        }
    }
    for (uint32_t i = 0; i < record->n_fields; i++) {
        const item_t *item = &record->fields[i];
        double wrong = slip(g, 60) ? draw_outside(g->c, item, g->value) : g->value[item->field];
        put_number(g, item->type, wrong);
    }
    memset(g->given, 0, sizeof g->given);
}

/* Numbers of an array, in one of several fashions; now and then one of them is wrong. */
static void put_numbers(generator_t *g, const item_t *item, uint32_t n) {
    double low, high, size = ldexp(1.0, (int)choose(g->c, 50) - 24), bias = 0.0;
    uint32_t fashion = choose(g->c, 8), wrong_at = n > 0 && slip(g, 60) ? random_bits(g->c) % n : UINT32_MAX;
    range_of(item, g->value, &low, &high);
    if (fashion == 6u) {
        bias = draw_within(g->c, item, g->value);
    }
    for (uint32_t i = 0; i < n; i++) {
        double u = random_unit(g->c), x;
        switch (fashion) {
            case 0:
                x = low;
                break;
            case 1:
                x = high;
                break;
            case 2:
                x = random_bits(g->c) & 1u ? low : high;
                break;
            case 3:
                x = low + (high - low) * u;
                break;
            case 4: /* a few large ones */
                x = random_bits(g->c) % 8u ? 0.0 : low + (high - low) * u;
                break;
            default:
                x = bias + (2.0 * u - 1.0) * size;
                break;
        }
        x = within(is_float(item->type) ? (double)(float)x : floor(x), low, high);
        put_number(g, item->type, i == wrong_at ? draw_outside(g->c, item, g->value) : x);
    }
}

static uint32_t up(uint32_t n, uint32_t to) {
    return (n + to - 1u) / to * to;
}

/* A matrix of integers as the file holds it. */
typedef struct {
    uint32_t n_groups, n_columns, layout, n_blocks;
    bool wide;
    uint8_t counts[LNN_MAX_CELL_UNITS], columns[LNN_MAX_CELL_UNITS * LNN_MAX_CELL_UNITS / 4];
} matrix_t;

static void plan_matrix(generator_t *g, matrix_t *m, uint32_t rows, uint32_t columns, uint32_t weight,
                        uint32_t layout) {
    m->n_groups = rows / 4u;
    m->n_columns = columns;
    m->layout = layout;
    m->wide = weight == LNN_WEIGHT_INT16;
    m->n_blocks = layout == LNN_LAYOUT_ROWS4X16 ? m->n_groups * up(columns, 8) / 4u : m->n_groups * up(columns, 4) / 4u;
    if (layout != LNN_LAYOUT_ROWS4X4_SPARSE) {
        return;
    }
    uint32_t fours = up(columns, 4) / 4u, kept = choose(g->c, 9);
    m->n_blocks = 0;
    for (uint32_t group = 0; group < m->n_groups; group++) {
        m->counts[group] = 0;
        for (uint32_t k = 0; k < fours; k++) {
            if (random_bits(g->c) % 8u < kept) { /* 0: none, 8: all */
                m->columns[m->n_blocks++] = (uint8_t)k;
                m->counts[group]++;
            }
        }
    }
    if (m->n_blocks > 0 && slip(g, 30)) {
        m->columns[random_bits(g->c) % m->n_blocks] = (uint8_t)random_bits(g->c);
    }
    if (m->n_groups > 0 && slip(g, 30)) {
        m->counts[random_bits(g->c) % m->n_groups] = (uint8_t)random_bits(g->c);
    }
}

static void put_weights_s8(generator_t *g, uint32_t n) {
    uint32_t fashion = choose(g->c, 5), size = 1u + choose(g->c, LNN_MAX_INT8_WEIGHT);
    uint32_t wrong_at = n > 0 && slip(g, 60) ? random_bits(g->c) % n : UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        int32_t any = (int32_t)(random_bits(g->c) % (2u * size + 1u)) - (int32_t)size;
        int32_t w = fashion == 0   ? LNN_MAX_INT8_WEIGHT
                    : fashion == 1 ? -LNN_MAX_INT8_WEIGHT
                    : fashion == 2 ? (any < 0 ? -LNN_MAX_INT8_WEIGHT : LNN_MAX_INT8_WEIGHT)
                                   : any;
        put_number(g, 'b', i == wrong_at ? -128.0 : w);
    }
}

/* The magnitudes of a row add up to a bound: each row spends all of it, or a part. */
static void put_weights_s16(generator_t *g, const matrix_t *m) {
    uint32_t fashion = choose(g->c, 5), at = 0, wrong_at = slip(g, 60) ? random_bits(g->c) % (m->n_blocks + 1u) : ~0u;
    for (uint32_t group = 0; group < m->n_groups && at < m->n_blocks; group++) {
        uint32_t n = m->layout == LNN_LAYOUT_ROWS4X4_SPARSE ? m->counts[group] : up(m->n_columns, 4) / 4u;
        uint32_t left[4] = {LNN_MAX_INT16_ROW, LNN_MAX_INT16_ROW, LNN_MAX_INT16_ROW, LNN_MAX_INT16_ROW};
        for (uint32_t block = 0; block < n && at < m->n_blocks; block++, at++) {
            for (uint32_t i = 0; i < 16u; i++) {
                uint32_t *row = &left[i / 2u % 4u], fair = *row / (4u * (n - block));
                uint32_t most = fashion < 2u ? *row : fashion == 2u ? fair : fair > 200u ? 200u : fair;
                most = most > 32767u ? 32767u : most;
                uint32_t size = fashion < 3u ? most : random_bits(g->c) % (most + 1u);
                *row -= size;
                bool negative = fashion != 0u && random_bits(g->c) & 1u;
                put_number(g, 'h', at == wrong_at ? -32768.0 : negative ? -(double)size : (double)size);
            }
        }
    }
}

static void put_matrix(generator_t *g, const matrix_t *m, int array, int counts, int columns) {
    if (array == counts || array == columns) {
        put(g, array == counts ? m->counts : m->columns, array == counts ? m->n_groups : m->n_blocks);
    } else if (m->wide) {
        put_weights_s16(g, m);
    } else {
        put_weights_s8(g, 16u * m->n_blocks);
    }
}

/* The arrays of a record, each by its range; `inputs` and `state`: the matrices, if the record has some. */
static void put_arrays(generator_t *g, const record_t *record, const matrix_t *inputs, const matrix_t *state) {
    for (uint32_t i = 0; i < record->n_arrays; i++) {
        const item_t *item = &record->arrays[i];
        uint32_t n = record->length(i, g->value);
        align(g, true);
        if (item->field == F_mel_start || item->field == F_mel_count) {
            put(g, item->field == F_mel_start ? g->mel_start : g->mel_count, 2u * n);
        } else if (inputs && n > 0
                   && (item->field == F_counts_inputs || item->field == F_columns_inputs
                       || item->field == F_weights_inputs || item->field == F_weights)) {
            put_matrix(g, inputs, item->field, F_counts_inputs, F_columns_inputs);
        } else if (state && n > 0 && item->low_field < 0 && item->type != 'i' && item->type != 'I') {
            put_matrix(g, state, item->field, F_counts_state, F_columns_state);
        } else {
            put_numbers(g, item, n);
        }
    }
}

static void labels(generator_t *g, uint32_t index) {
    static const char *const names[] = {
        "yes", "_silence_", "J\xc3\xa4nner", "\xe6\xb0\xb4", "\xf0\x9f\x90\xb8 frog", "twenty-three bytes long"};
    (void)index;
    for (uint32_t i = 0; i < g->n_labels; i++) {
        char name[LNN_MAX_LABEL_NAME_BYTES] = {0};
        strncpy(name, names[choose(g->c, sizeof names / sizeof *names)], sizeof name - 1u);
        if (slip(g, 100)) {
            name[choose(g->c, sizeof name)] = (char)random_bits(g->c);
        }
        put(g, name, sizeof name);
        for (uint32_t k = 1; k < record_label.n_fields; k++) {
            const item_t *item = &record_label.fields[k];
            put_number(g, item->type,
                       slip(g, 100) ? draw_outside(g->c, item, g->value) : draw_within(g->c, item, g->value));
        }
    }
}

/* Filters anywhere in the spectrum, some of them empty. Returns the number of weights. */
static uint32_t plan_filters(generator_t *g) {
    uint32_t bins = g->fft_points / 2u + 1u, total = 0, widest = choose_size(g->c, 0, bins);
    for (uint32_t i = 0; i < g->n_mels; i++) {
        uint32_t count = random_bits(g->c) % (widest + 1u), left = LNN_MAX_MEL_WEIGHTS - total;
        count = count < left ? count : left;
        g->mel_count[i] = (uint16_t)count;
        g->mel_start[i] = (uint16_t)(random_bits(g->c) % (bins - count + 1u));
        total += count;
    }
    if (slip(g, 30)) {
        g->mel_start[random_bits(g->c) % g->n_mels] = (uint16_t)random_bits(g->c);
    }
    if (slip(g, 30)) {
        g->mel_count[random_bits(g->c) % g->n_mels] = (uint16_t)random_bits(g->c);
    }
    return total;
}

static void frontend(generator_t *g, uint32_t index) {
    const record_t *record = g->frontend == LNN_FRONTEND_NONE         ? &record_frontend_none
                             : g->frontend == LNN_FRONTEND_LOGMEL_Q15 ? &record_frontend_q15
                                                                      : &record_frontend;
    (void)index;
    give(g, F_kind, g->frontend);
    give(g, F_n_mels, g->n_mels);
    if (g->frontend != LNN_FRONTEND_NONE) {
        give(g, F_fft_points, g->fft_points);
        give(g, F_window_samples, g->window_samples);
        give(g, F_n_mel_weights, plan_filters(g));
        give(g, F_reserved, 0);
    }
    put_record(g, record);
    put_arrays(g, record, NULL, NULL);
}

static uint32_t choose_weight(generator_t *g) {
    return choose(g->c, 2) ? LNN_WEIGHT_INT8 : LNN_WEIGHT_INT16;
}

static uint32_t choose_layout(generator_t *g, uint32_t weight, bool sparse) {
    static const uint32_t layouts[] = {LNN_LAYOUT_ROWS4X4, LNN_LAYOUT_ROWS4X16, LNN_LAYOUT_ROWS4X4_SPARSE};
    uint32_t layout = layouts[choose(g->c, sparse ? 3 : 2)];
    return weight == LNN_WEIGHT_INT16 && layout == LNN_LAYOUT_ROWS4X16 ? LNN_LAYOUT_ROWS4X4 : layout;
}

static void cell(generator_t *g, uint32_t index) {
    static matrix_t inputs, state;
    uint32_t units = g->units[index], weight = g->integer ? choose_weight(g) : LNN_WEIGHT_FLOAT32;
    uint32_t layout = g->integer ? choose_layout(g, weight, true) : LNN_LAYOUT_ROWS4;
    give(g, F_kind, LNN_CELL_LTC);
    give(g, F_solver, LNN_SOLVER_FUSED);
    give(g, F_weight, weight);
    give(g, F_layout, layout);
    give(g, F_n_inputs, g->inputs[index]);
    give(g, F_n_units, units);
    give(g, F_reserved, 0);
    if (!g->integer) {
        put_record(g, &record_cell);
        put_arrays(g, &record_cell, NULL, NULL);
        return;
    }
    plan_matrix(g, &inputs, 2u * units, g->inputs[index], weight, layout);
    plan_matrix(g, &state, 2u * units, units, weight, layout);
    give(g, F_n_blocks_inputs, inputs.n_blocks);
    give(g, F_n_blocks_state, state.n_blocks);
    if (layout != LNN_LAYOUT_ROWS4X4 || weight != LNN_WEIGHT_INT8 || choose(g->c, 2)) {
        give(g, F_delta_q15, 0);
    }
    put_record(g, &record_cell_s8);
    g->deltas[index] = (uint32_t)g->value[F_delta_q15];
    put_arrays(g, &record_cell_s8, &inputs, &state);
}

static void readout(generator_t *g, uint32_t index) {
    static matrix_t matrix;
    uint32_t inputs = g->units[g->n_cells - 1u], weight = g->integer ? choose_weight(g) : LNN_WEIGHT_FLOAT32;
    uint32_t layout = g->integer ? choose_layout(g, weight, false) : LNN_LAYOUT_ROWS4;
    (void)index;
    give(g, F_weight, weight);
    give(g, F_layout, layout);
    give(g, F_n_inputs, inputs);
    give(g, F_idle_label, choose(g->c, 2) ? UINT16_MAX : choose(g->c, g->n_labels));
    give(g, F_reserved, 0);
    plan_matrix(g, &matrix, up(g->n_labels, 4), inputs, weight, layout);
    give(g, F_n_blocks, matrix.n_blocks);
    put_record(g, g->integer ? &record_readout_s8 : &record_readout);
    put_arrays(g, g->integer ? &record_readout_s8 : &record_readout, g->integer ? &matrix : NULL, NULL);
}

static void policy(generator_t *g, uint32_t index) {
    size_t start = g->at;
    (void)index;
    put_record(g, &record_policy);
    g->with_floor = choose(g->c, 2);
    if (!g->with_floor) { /* as in version 1.0 */
        g->at = start + offsetof(lnn_policy_t, floor_ratio);
    }
}

static void golden(generator_t *g, uint32_t index) {
    (void)index;
    give(g, F_n_samples, choose_size(g->c, LNN_MIN_GOLDEN_SAMPLES, 2000));
    give(g, F_reserved, 0);
    put_record(g, &record_golden);
    put_arrays(g, &record_golden, NULL, NULL);
}

static void metadata(generator_t *g, uint32_t index) {
    static const char text[] = "{\"licence\":\"CC0\",\"words\":[\"ja\",\"\xc3\xa4\"]}";
    (void)index;
    put(g, text, sizeof text - 1u);
    if (slip(g, 20)) {
        put_number(g, 'B', (double)(random_bits(g->c) & 255u));
    }
}

static void signature(generator_t *g, uint32_t index) {
    (void)index;
    for (uint32_t i = slip(g, 20) ? 1u : 0u; i < LNN_SIGNATURE_BYTES; i++) {
        put_number(g, 'B', (double)(random_bits(g->c) & 255u));
    }
}

static void section(generator_t *g, uint32_t kind, uint32_t index, void (*content)(generator_t *g, uint32_t index)) {
    if (slip(g, 60)) { /* one is missing */
        return;
    }
    uint32_t s = g->n_sections++;
    align(g, true);
    g->kinds[s] = kind;
    g->indices[s] = index;
    g->starts[s] = (uint32_t)g->at;
    content(g, index);
    g->ends[s] = (uint32_t)g->at;
}

static void sections(generator_t *g) {
    section(g, LNN_SECTION_LABELS, 0, labels);
    section(g, LNN_SECTION_FRONTEND, 0, frontend);
    for (uint32_t i = 0; i < g->n_cells; i++) {
        section(g, LNN_SECTION_CELL, i, cell);
    }
    section(g, LNN_SECTION_READOUT, 0, readout);
    section(g, LNN_SECTION_POLICY, 0, policy);
    if (g->frontend != LNN_FRONTEND_NONE && choose(g->c, 2)) {
        section(g, LNN_SECTION_GOLDEN, 0, golden);
    }
    if (choose(g->c, 2)) {
        section(g, LNN_SECTION_METADATA, 0, metadata);
    }
    if (choose(g->c, 2)) {
        section(g, LNN_SECTION_SIGNATURE, 0, signature);
    }
}

/* What sections have to agree about. The first choices are these, so that a seed can name a kind. */
static void plan(generator_t *g) {
    choices_t *c = g->c;
    g->frontend = choose(c, 3);
    g->integer = choose(c, 2) || g->frontend == LNN_FRONTEND_LOGMEL_Q15;
    g->task = g->frontend == LNN_FRONTEND_NONE ? LNN_TASK_SERIES : choose(c, LNN_TASK_SERIES);
    g->n_cells = 1u + choose(c, LNN_MAX_CELLS);
    g->n_mels = choose_size(c, LNN_MIN_MELS, LNN_MAX_MELS);
    g->n_labels = choose_size(c, LNN_MIN_LABELS, LNN_MAX_LABELS);
    if (g->task == LNN_TASK_SERIES && g->n_labels > g->n_mels) {
        g->n_labels = g->n_mels;
    }
    if (g->task == LNN_TASK_ANOMALY) {
        g->n_mels = g->n_labels;
    }
    /* 16-bit weights are the largest but for floats; a cell may take its share of the file */
    uint32_t weight_bytes = g->integer ? 2u : 4u, inputs = g->n_mels;
    for (uint32_t i = 0; i < g->n_cells; i++) {
        uint32_t most = LNN_MAX_CELL_UNITS / 2u;
        while (most > 1u && 4u * most * (inputs + 2u * most) * weight_bytes > g->most_bytes / g->n_cells) {
            most--;
        }
        g->inputs[i] = inputs;
        g->units[i] = inputs = 2u * choose_size(c, 1, most);
    }
    uint32_t largest = g->frontend == LNN_FRONTEND_LOGMEL_Q15 ? 9u : 10u;
    uint32_t smallest = g->frontend == LNN_FRONTEND_LOGMEL_Q15 ? 8u : 3u;
    g->fft_points = g->frontend == LNN_FRONTEND_NONE ? 0u : 1u << (smallest + choose(c, largest - smallest + 1u));
    g->window_samples = g->fft_points == 0 ? 0u : choose(c, 2) ? g->fft_points : choose_size(c, 2, g->fft_points);
    g->window_samples -= g->frontend == LNN_FRONTEND_LOGMEL_Q15 ? g->window_samples % 2u : 0u;
    if (slip(g, 40)) {
        g->n_labels = choose(c, 70);
    }
    if (slip(g, 40)) {
        g->task = choose(c, 7);
    }
    if (slip(g, 40)) {
        g->inputs[choose(c, g->n_cells)] = choose_size(c, 0, 600);
    }
    if (slip(g, 40)) {
        g->fft_points = choose(c, 1100);
    }
}

/* ram_bytes of SPEC.md, "Memory". */
static uint32_t ram_bytes(const generator_t *g) {
    uint32_t rows = up(g->n_labels, 4), n = up(g->units[g->n_cells - 1u], 8), mels = g->n_mels;
    bool q15 = g->frontend == LNN_FRONTEND_LOGMEL_Q15;
    uint32_t scratch = q15 ? 4u * g->fft_points + 4u : 8u * g->fft_points, state = 0;
    uint32_t of_readout = 4u * rows + (g->integer ? 2u * n : 0u);
    scratch = scratch > of_readout ? scratch : of_readout;
    for (uint32_t i = 0; i < g->n_cells; i++) {
        uint32_t m8 = up(g->inputs[i], 8), n8 = up(g->units[i], 8), units = g->units[i];
        uint32_t own = g->integer ? 16u * units + 2u * (m8 > n8 ? m8 : n8) : 8u * units;
        scratch = scratch > own ? scratch : own;
        state += g->integer ? up(2u * (m8 + n8), 8) + 2u * up(4u * units, 8) + up(2u * units, 8)
                            : up(4u * (g->inputs[i] + units), 8);
        state += g->integer && g->deltas[i] ? up(2u * n8, 8) + up(8u * units, 8) : 0u;
    }
    return LNN_MODEL_BYTES + up(2u * g->window_samples, 8) + up(scratch, 8)
           + (q15 ? up(2u * mels, 8) : 2u * up(4u * mels, 8)) + state + 4u * up(4u * rows, 8) + 2u * up(2u * rows, 8);
}

static void header(generator_t *g) {
    uint32_t version = choose(g->c, 2) ? random_bits(g->c) : 0u;
    give(g, F_magic, LNN_MAGIC);
    give(g, F_version_major, LNN_VERSION_MAJOR);
    give(g, F_version_minor, version || g->with_floor ? 1 : choose(g->c, 2));
    give(g, F_model_version, version);
    give(g, F_ram_bytes, ram_bytes(g));
    give(g, F_task, g->task);
    give(g, F_n_sections, g->n_sections);
    give(g, F_n_labels, g->n_labels);
    give(g, F_n_cells, g->n_cells);
    give(g, F_reserved, 0);
    give(g, F_reserved2, 0);
    give(g, F_crc32, 0);
    put_record(g, &record_header);
    for (uint32_t s = 0; s < g->n_sections; s++) {
        give(g, F_kind, g->kinds[s]);
        give(g, F_index, g->indices[s]);
        give(g, F_offset, g->starts[s]);
        give(g, F_bytes, g->ends[s] - g->starts[s]);
        give(g, F_reserved, 0);
        put_record(g, &record_section);
    }
}

model_file_t generate_model(choices_t *c, bool strict, uint32_t most_bytes) {
    static generator_t g;
    memset(&g, 0, sizeof g);
    g.c = c;
    g.legal = true;
    g.slips = strict || choose(c, 2) ? 0u : 1u + choose(c, MAX_SLIPS);
    g.most_bytes = most_bytes;
    g.capacity = 2u * most_bytes + (1u << 17);
    g.file = calloc(1, g.capacity + MOST_TRAILING);
    plan(&g);
    /* the sections first, behind the place of the longest table; then what is before them */
    size_t head = sizeof(lnn_file_header_t) + sizeof(lnn_file_section_t) * 16u, table;
    g.at = up((uint32_t)head, LNN_ALIGN_BYTES);
    size_t body = g.at;
    g.value[F_n_labels] = g.n_labels;
    sections(&g);
    size_t end = g.at;
    table = up((uint32_t)(sizeof(lnn_file_header_t) + sizeof(lnn_file_section_t) * g.n_sections), LNN_ALIGN_BYTES);
    memmove(g.file + table, g.file + body, end - body);
    size_t n = table + end - body;
    memset(g.file, 0, table);
    for (uint32_t s = 0; s < g.n_sections; s++) {
        g.starts[s] -= (uint32_t)(body - table);
        g.ends[s] -= (uint32_t)(body - table);
    }
    if (slip(&g, 60)) {
        n += choose(c, MOST_TRAILING);
    }
    give(&g, F_file_bytes, (double)n);
    g.at = 0;
    header(&g);
    if (!slip(&g, 100)) {
        repair_crc(g.file, n);
    }
    return (model_file_t){realloc(g.file, n), n, g.legal};
}

bool choose_policy(choices_t *c, lnn_policy_t *policy) {
    static generator_t g;
    memset(&g, 0, sizeof g);
    g.c = c;
    g.legal = true;
    g.slips = choose(c, 2);
    g.file = (uint8_t *)policy;
    g.capacity = sizeof *policy;
    put_record(&g, &record_policy);
    return g.legal;
}
