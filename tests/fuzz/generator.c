/* SPDX-License-Identifier: MIT */
/*
 * Names, types, ranges and lengths come from fields.toml (table.h). What stands here is what that table cannot say: how
 * the sections depend on each other. A new section is a function like those of the others and a line in sections().
 */
#include "generator.h"

#include <stdlib.h>
#include <string.h>

#include "records.h"

#define MAX_SLIPS 3u
#define MOST_TRAILING 40u

/* Two weights that are half an FFT apart share a bound; after the window there are zeros. */
static void put_window(generator_t *g, uint32_t points) {
    static int16_t window[2u * LNN_MAX_FFT_POINTS]; /* a model with faults has more points than there may be */
    uint32_t half = points / 2u, fashion = choose(g->c, 4);
    for (uint32_t i = 0; i < half; i++) {
        int32_t lower = (int32_t)(random_bits(g->c) % (LNN_MAX_WINDOW_PAIR + 1u)), upper = LNN_MAX_WINDOW_PAIR - lower;
        lower = fashion == 0 ? (int32_t)LNN_MAX_WINDOW_PAIR / 2 : fashion == 1 ? 0 : lower;
        upper = fashion == 0 ? (int32_t)LNN_MAX_WINDOW_PAIR / 2 : fashion == 1 ? (int32_t)LNN_MAX_WINDOW_PAIR : upper;
        window[i] = (int16_t)(random_bits(g->c) & 1u ? lower : -lower);
        window[i + half] = (int16_t)(random_bits(g->c) & 1u ? upper : -upper);
    }
    for (uint32_t i = g->window_samples; i < points; i++) {
        window[i] = 0;
    }
    if (points > 0 && slip(g, 30)) {
        window[random_bits(g->c) % points] = (int16_t)random_bits(g->c);
    }
    put(g, window, 2u * points);
}

/* The arrays of a record, each by its range; `inputs` and `state`: the matrices, if the record has some. */
static void put_arrays(generator_t *g, const record_t *record, const matrix_t *inputs, const matrix_t *state) {
    for (uint32_t i = 0; i < record->n_arrays; i++) {
        const item_t *item = &record->arrays[i];
        uint32_t n = record->length(i, g->value);
        align(g, true);
        if (item->field == F_mel_start || item->field == F_mel_count) {
            put(g, item->field == F_mel_start ? g->mel_start : g->mel_count, 2u * n);
        } else if (item->field == F_window && g->frontend == LNN_FRONTEND_LOGMEL_S16) {
            put_window(g, n);
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

static void frontend(generator_t *g, uint32_t index) {
    const record_t *record = g->frontend == LNN_FRONTEND_NONE         ? &record_frontend_none
                             : g->frontend == LNN_FRONTEND_LOGMEL_Q15 ? &record_frontend_q15
                             : g->frontend == LNN_FRONTEND_LOGMEL_S16 ? &record_frontend_s16
                                                                      : &record_frontend;
    (void)index;
    give(g, F_kind, g->frontend);
    give(g, F_n_mels, g->n_mels);
    if (g->frontend != LNN_FRONTEND_NONE) {
        give(g, F_fft_points, g->fft_points);
        give(g, F_window_samples, g->window_samples);
        give(g, F_n_mel_weights, g->frontend == LNN_FRONTEND_LOGMEL_S16 ? plan_triangles(g) : plan_filters(g));
        give(g, F_reserved, 0);
    }
    put_record(g, record);
    put_arrays(g, record, NULL, NULL);
}

static void traces(generator_t *g, uint32_t index) {
    (void)index;
    give(g, F_n_channels, g->n_mels);
    give(g, F_reserved, 0);
    put_record(g, &record_traces);
    put_arrays(g, &record_traces, NULL, NULL);
}

static uint32_t choose_weight(generator_t *g) {
    return choose(g->c, 2) ? LNN_WEIGHT_INT8 : LNN_WEIGHT_INT16;
}

static uint32_t choose_layout(generator_t *g, uint32_t weight, bool sparse) {
    static const uint32_t layouts[] = {LNN_LAYOUT_ROWS4X4, LNN_LAYOUT_ROWS4X16, LNN_LAYOUT_ROWS4X4_SPARSE};
    uint32_t layout = layouts[choose(g->c, sparse ? 3 : 2)];
    return weight == LNN_WEIGHT_INT16 && layout == LNN_LAYOUT_ROWS4X16 ? LNN_LAYOUT_ROWS4X4 : layout;
}

static uint32_t grid_columns(const generator_t *g) {
    return (g->traces ? 2u : 1u) * g->width + 3u * g->filters;
}

static void grid(generator_t *g) {
    static matrix_t matrix;
    uint32_t weight = g->integer ? choose_weight(g) : LNN_WEIGHT_FLOAT32;
    uint32_t layout = g->integer ? choose_layout(g, weight, false) : LNN_LAYOUT_ROWS4;
    give(g, F_kind, LNN_CELL_LTC_GRID);
    give(g, F_solver, LNN_SOLVER_FUSED);
    give(g, F_weight, weight);
    give(g, F_layout, layout);
    give(g, F_n_inputs, g->inputs[0]);
    give(g, F_n_units, g->units[0]);
    give(g, F_width, g->width);
    give(g, F_stride, g->stride);
    give(g, F_filters, g->filters);
    give(g, F_n_columns, grid_columns(g));
    plan_matrix(g, &matrix, 2u * g->filters, grid_columns(g), weight, layout);
    give(g, F_n_blocks, matrix.n_blocks);
    const record_t *record = g->integer ? &record_cell_grid_s8 : &record_cell_grid;
    put_record(g, record);
    put_arrays(g, record, g->integer ? &matrix : NULL, NULL);
}

static void cell(generator_t *g, uint32_t index) {
    static matrix_t inputs, state;
    if (index == 0 && g->filters > 0) {
        grid(g);
        return;
    }
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

static void rhythm(generator_t *g, uint32_t index) {
    (void)index;
    give(g, F_reserved, 0);
    put_record(g, &record_rhythm);
    put_arrays(g, &record_rhythm, NULL, NULL);
}

static void readout(generator_t *g, uint32_t index) {
    static matrix_t matrix;
    uint32_t inputs = g->heard, weight = g->integer ? choose_weight(g) : LNN_WEIGHT_FLOAT32;
    uint32_t layout = g->integer ? choose_layout(g, weight, false) : LNN_LAYOUT_ROWS4;
    (void)index;
    give(g, F_weight, weight);
    give(g, F_layout, layout);
    give(g, F_n_inputs, inputs);
    give(g, F_idle_label, choose(g->c, 2) ? UINT16_MAX : choose(g->c, g->n_labels));
    give(g, F_reserved, 0);
    plan_matrix(g, &matrix, up(g->liquid ? 2u * g->n_labels : g->n_labels, 4), inputs, weight, layout);
    give(g, F_n_blocks, matrix.n_blocks);
    const record_t *smoothed = g->integer ? &record_readout_s8 : &record_readout;
    const record_t *record = !g->liquid ? smoothed : g->integer ? &record_liquid_readout_s8 : &record_liquid_readout;
    put_record(g, record);
    put_arrays(g, record, g->integer ? &matrix : NULL, NULL);
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

static void timetable(generator_t *g, uint32_t index) {
    (void)index;
    put_record(g, &record_timetable);
    put_arrays(g, &record_timetable, NULL, NULL);
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
    if (g->traces) {
        section(g, LNN_SECTION_TRACES, 0, traces);
    }
    for (uint32_t i = 0; i < g->n_cells; i++) {
        section(g, LNN_SECTION_CELL, i, cell);
    }
    if (g->rhythm) {
        section(g, LNN_SECTION_RHYTHM, 0, rhythm);
    }
    section(g, g->liquid ? LNN_SECTION_LIQUID_READOUT : LNN_SECTION_READOUT, 0, readout);
    section(g, LNN_SECTION_POLICY, 0, policy);
    if (g->timetable) {
        section(g, LNN_SECTION_TIMETABLE, 0, timetable);
    }
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

/* Windows that end with the channels, at most as many units as a cell may have, and a matrix of at most so many weights. */
static void plan_grid(generator_t *g, uint32_t most_weights) {
    choices_t *c = g->c;
    g->width = 1u + choose(c, g->n_mels);
    uint32_t beyond = g->n_mels - g->width;
    g->stride = 1u + choose(c, g->width);
    while (beyond % g->stride != 0) {
        g->stride--;
    }
    uint32_t positions = beyond / g->stride + 1u, pairs = LNN_MAX_CELL_UNITS / 2u / positions;
    pairs = pairs < LNN_MAX_GRID_FILTERS / 2u ? pairs : LNN_MAX_GRID_FILTERS / 2u;
    while (pairs > 1u && 4u * pairs * ((g->traces ? 2u : 1u) * g->width + 6u * pairs) > most_weights) {
        pairs--;
    }
    g->filters = 2u * choose_size(c, 1, pairs);
}

/* What sections have to agree about. The first choices are these, so that a seed can name a kind. */
static void plan(generator_t *g) {
    choices_t *c = g->c;
    g->frontend = choose(c, 4);
    g->small_frontend = g->frontend == LNN_FRONTEND_LOGMEL_Q15 || g->frontend == LNN_FRONTEND_LOGMEL_S16;
    g->integer = choose(c, 2) || g->small_frontend;
    g->task = g->frontend == LNN_FRONTEND_NONE ? LNN_TASK_SERIES : choose(c, LNN_TASK_SERIES);
    g->n_cells = 1u + choose(c, LNN_MAX_CELLS);
    g->traces = choose(c, 2);
    g->liquid = choose(c, 2) && g->task != LNN_TASK_SERIES && g->task != LNN_TASK_ANOMALY;
    g->n_mels = choose_size(c, LNN_MIN_MELS, LNN_MAX_MELS);
    g->n_labels = choose_size(c, LNN_MIN_LABELS, LNN_MAX_LABELS);
    if (g->task == LNN_TASK_SERIES && g->n_labels > g->n_mels) {
        g->n_labels = g->n_mels;
    }
    if (g->task == LNN_TASK_ANOMALY) {
        g->n_mels = g->n_labels;
    }
    /* 16-bit weights are the largest but for floats; a cell may take its share of the file */
    uint32_t weight_bytes = g->integer ? 2u : 4u, inputs = g->traces ? 2u * g->n_mels : g->n_mels;
    if (choose(c, 2)) {
        plan_grid(g, g->most_bytes / g->n_cells / weight_bytes);
    }
    for (uint32_t i = 0; i < g->n_cells; i++) {
        if (i == 0 && g->filters > 0) {
            g->inputs[0] = inputs;
            g->units[0] = inputs = ((g->n_mels - g->width) / g->stride + 1u) * g->filters;
            continue;
        }
        uint32_t most = LNN_MAX_CELL_UNITS / 2u;
        while (most > 1u && 4u * most * (inputs + 2u * most) * weight_bytes > g->most_bytes / g->n_cells) {
            most--;
        }
        g->inputs[i] = inputs;
        g->units[i] = inputs = 2u * choose_size(c, 1, most);
    }
    uint32_t of_all = 0;
    for (uint32_t i = 0; i < g->n_cells; i++) {
        of_all += g->units[i];
    }
    g->rhythm = choose(c, 2);
    g->timetable = choose(c, 2) && g->frontend != LNN_FRONTEND_NONE;
    g->hears_all = choose(c, 2) && g->n_cells > 1u && of_all <= LNN_MAX_CELL_INPUTS;
    g->heard = g->hears_all ? of_all : g->units[g->n_cells - 1u];
    uint32_t largest = g->small_frontend ? 9u : 10u;
    uint32_t smallest = g->small_frontend ? 8u : 3u;
    g->fft_points = g->frontend == LNN_FRONTEND_NONE ? 0u : 1u << (smallest + choose(c, largest - smallest + 1u));
    g->window_samples = g->fft_points == 0 ? 0u : choose(c, 2) ? g->fft_points : choose_size(c, 2, g->fft_points);
    g->window_samples -= g->small_frontend ? g->window_samples % 2u : 0u;
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
    if (g->filters > 0 && slip(g, 20)) {
        uint32_t *const sizes[] = {&g->width, &g->stride, &g->filters, &g->units[0]};
        *sizes[choose(c, 4)] = choose_size(c, 1, 140); /* a stage that does not fit; a grid stays one */
    }
    if (slip(g, 40)) {
        g->heard = choose_size(c, 0, 600);
    }
}

/* ram_bytes of SPEC.md, "Memory". */
static uint32_t ram_bytes(const generator_t *g) {
    uint32_t rows = up(g->n_labels, 4), n = up(g->heard, 8), mels = g->n_mels;
    uint32_t scratch = g->small_frontend ? 4u * g->fft_points + 4u : 8u * g->fft_points, state = 0;
    uint32_t of_readout = 4u * up(g->liquid ? 2u * g->n_labels : g->n_labels, 4) + (g->integer ? 2u * n : 0u);
    scratch = scratch > of_readout ? scratch : of_readout;
    for (uint32_t i = 0; i < g->n_cells; i++) {
        uint32_t m8 = up(g->inputs[i], 8), n8 = up(g->units[i], 8), units = g->units[i];
        uint32_t own = g->integer ? 16u * units + 2u * (m8 > n8 ? m8 : n8) : 8u * units;
        if (i == 0 && g->filters > 0) {
            uint32_t columns = grid_columns(g);
            own = g->integer ? 12u * g->filters + 2u * units + 4u * up(columns, 8)
                             : 16u * g->filters + 4u * units + 4u * columns;
        }
        scratch = scratch > own ? scratch : own;
        state += g->integer ? up(2u * (m8 + n8), 8) + 2u * up(4u * units, 8) + up(2u * units, 8)
                            : up(4u * (g->inputs[i] + units), 8);
        state += g->integer && g->deltas[i] ? up(2u * n8, 8) + up(8u * units, 8) : 0u;
    }
    if (g->hears_all) {
        state += g->integer ? up(2u * n, 8) : up(4u * g->heard, 8);
    }
    if (g->traces) {
        state += g->integer ? 2u * up(4u * mels, 8) + up(2u * mels, 8) : up(4u * mels, 8);
    }
    if (g->liquid) {
        state += g->integer ? 2u * up(4u * rows, 8) + up(2u * rows, 8) : up(4u * rows, 8);
    }
    return LNN_MODEL_BYTES + up(2u * g->window_samples, 8) + up(scratch, 8)
           + (g->small_frontend ? up(2u * mels, 8) : 2u * up(4u * mels, 8)) + state + 4u * up(4u * rows, 8)
           + 2u * up(2u * rows, 8);
}

static void header(generator_t *g) {
    uint32_t version = choose(g->c, 2) ? random_bits(g->c) : 0u;
    give(g, F_magic, LNN_MAGIC);
    give(g, F_version_major, LNN_VERSION_MAJOR);
    uint32_t least_minor = g->rhythm || g->hears_all || g->timetable || g->filters > 0        ? 3u
                           : g->traces || g->liquid || g->frontend == LNN_FRONTEND_LOGMEL_S16 ? 2u
                           : version || g->with_floor                                         ? 1u
                                                                                              : 0u;
    give(g, F_version_minor, least_minor + choose(g->c, LNN_VERSION_MINOR - least_minor + 1u));
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
    g.value[F_n_cells] = g.n_cells;
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
