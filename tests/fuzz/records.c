/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <math.h>
#include <string.h>

/* Now and then, if this model may have faults: true, and it counts as not legal. */
bool slip(generator_t *g, uint32_t one_of) {
    if (g->slips == 0 || choose(g->c, one_of) != 0) {
        return false;
    }
    g->slips--;
    g->legal = false;
    return true;
}

void put(generator_t *g, const void *bytes, size_t n) {
    if (n > 0 && g->at + n <= g->capacity) {
        memcpy(g->file + g->at, bytes, n);
        g->at += n;
    }
}

void put_number(generator_t *g, char type, double x) {
    int64_t integer = is_float(type) || isnan(x) || fabs(x) > 9e18 ? 0 : (int64_t)x;
    float number = (float)x;
    put(g, is_float(type) ? (const void *)&number : (const void *)&integer,
        type == 'b' || type == 'B'   ? 1u
        : type == 'h' || type == 'H' ? 2u
                                     : 4u);
}

void align(generator_t *g, bool may_slip) {
    while (g->at % LNN_ALIGN_BYTES != 0) {
        put_number(g, 'B', may_slip && slip(g, 200) ? 1.0 : 0.0);
    }
}

void give(generator_t *g, int field, double value) {
    g->value[field] = value;
    g->given[field] = true;
}

/* The fields of a record: those that were not given are drawn, those with constant ranges first. */
void put_record(generator_t *g, const record_t *record) {
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
void put_numbers(generator_t *g, const item_t *item, uint32_t n) {
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

uint32_t up(uint32_t n, uint32_t to) {
    return (n + to - 1u) / to * to;
}

void plan_matrix(generator_t *g, matrix_t *m, uint32_t rows, uint32_t columns, uint32_t weight, uint32_t layout) {
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
        m->columns[random_bits(g->c) % m->n_blocks] = (uint8_t)(random_bits(g->c) % 2u ? fours : random_bits(g->c));
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

void put_matrix(generator_t *g, const matrix_t *m, int array, int counts, int columns) {
    if (array == counts || array == columns) {
        put(g, array == counts ? m->counts : m->columns, array == counts ? m->n_groups : m->n_blocks);
    } else if (m->wide) {
        put_weights_s16(g, m);
    } else {
        put_weights_s8(g, 16u * m->n_blocks);
    }
}

/* Filters anywhere in the spectrum, some of them empty. Returns the number of weights. */
uint32_t plan_filters(generator_t *g) {
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

/* Triangles on neighbouring bins, from any bin on. Returns the number of weights. */
uint32_t plan_triangles(generator_t *g) {
    uint32_t bins = g->fft_points / 2u + 1u, first = random_bits(g->c) % (bins + 1u), total = 0;
    uint32_t widest = choose_size(g->c, 0, bins);
    for (uint32_t i = 0; i <= g->n_mels; i++) {
        uint32_t count = random_bits(g->c) % (widest + 1u), left = bins - first - total;
        g->mel_count[i] = (uint16_t)(count < left ? count : left);
        total += g->mel_count[i];
    }
    if (slip(g, 30)) {
        g->mel_count[random_bits(g->c) % (g->n_mels + 1u)] = (uint16_t)random_bits(g->c);
    }
    give(g, F_first_bin, slip(g, 30) ? random_bits(g->c) % 65536u : first);
    return total;
}
