/* SPDX-License-Identifier: MIT */
/* A model in the making: records and arrays whose numbers are drawn by the table of fields.toml. */
#ifndef RECORDS_H
#define RECORDS_H

#include "draw.h"
#include "exercise.h"
#include "table.h"

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
    uint32_t window_samples, fft_points, heard, deltas[LNN_MAX_CELLS]; /* heard: by the readout */
    uint32_t width, stride, filters; /* of a grid; filters 0: there is none */
    bool small_frontend, integer, traces, liquid, rhythm, hears_all, timetable,
        with_floor; /* small_frontend: in integers */
    uint16_t mel_start[LNN_MAX_MELS], mel_count[LNN_MAX_MELS + 1u];
    /* of the sections */
    uint32_t n_sections, kinds[16], indices[16], starts[16], ends[16];
} generator_t;

bool slip(generator_t *g, uint32_t one_of); /* now and then, if this model may have faults; then it is not legal */
uint32_t up(uint32_t n, uint32_t to);

void put(generator_t *g, const void *bytes, size_t n);
void put_number(generator_t *g, char type, double x);
void align(generator_t *g, bool may_slip);

/* A record: the fields that were not given before are drawn. Then all of them may be given again. */
void give(generator_t *g, int field, double value);
void put_record(generator_t *g, const record_t *record);
void put_numbers(generator_t *g, const item_t *item, uint32_t n);

/* A matrix of integers as the file holds it. */
typedef struct {
    uint32_t n_groups, n_columns, layout, n_blocks;
    bool wide;
    uint8_t counts[LNN_MAX_CELL_UNITS], columns[LNN_MAX_CELL_UNITS * LNN_MAX_CELL_UNITS / 4];
} matrix_t;

void plan_matrix(generator_t *g, matrix_t *m, uint32_t rows, uint32_t columns, uint32_t weight, uint32_t layout);
/* One of its three arrays; counts, columns: the fields of the other two. */
void put_matrix(generator_t *g, const matrix_t *m, int array, int counts, int columns);

/* Mel filters of a front-end; they return the number of weights. */
uint32_t plan_filters(generator_t *g);
uint32_t plan_triangles(generator_t *g);

#endif
