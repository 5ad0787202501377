/* SPDX-License-Identifier: MIT */
/* Choices, and numbers of a type and a range that like the ends of the range. */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Choices come from bytes while there are any (a fuzzer's), then from a generator of random numbers. */
typedef struct {
    const uint8_t *bytes;
    size_t n, at;
    uint64_t state;
} choices_t;

choices_t choices_from(const uint8_t *bytes, size_t n);
uint32_t choose(choices_t *c, uint32_t below); /* 0 to below - 1; takes at most four of the bytes */
uint32_t choose_size(choices_t *c, uint32_t low, uint32_t high);
uint32_t random_bits(choices_t *c); /* takes none of the bytes */
double random_unit(choices_t *c);   /* 0 to 1; the same */

/* A field or an array of a record. type: as in Python's struct. An end of its range is a number or a field (-1: none). */
typedef struct {
    int field;
    char type;
    uint32_t count;
    bool bounded, above;
    double low, high;
    int low_field, high_field;
} item_t;

typedef struct {
    const char *name;
    uint32_t n_fields, n_arrays;
    const item_t *fields, *arrays;
    uint32_t (*length)(uint32_t array, const double *value);
} record_t;

bool is_float(char type);
double within(double x, double low, double high);

/* `value`: the fields that a range may depend on, by their numbers. */
void range_of(const item_t *item, const double *value, double *low, double *high);
double draw_within(choices_t *c, const item_t *item, const double *value);
double draw_outside(choices_t *c, const item_t *item, const double *value); /* or anything else that is wrong */

#endif
