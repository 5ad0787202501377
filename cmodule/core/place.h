/* SPDX-License-Identifier: MIT */
/* Sizes and places of the buffers that a stage wants in the caller's memory. */
#ifndef LNN_PLACE_H
#define LNN_PLACE_H

#include <stdint.h>

#include "guards.h"

/* Runs when a model is loaded, reset or asked about: its size counts, not its speed. */
#if defined(__GNUC__)
#define LNN_COLD __attribute__((cold))
#else
#define LNN_COLD
#endif

/* The next piece of the caller's memory. It is an address until the sum of all pieces has been checked. */
static inline void *lnn_place(uintptr_t *next, uint32_t count, uint32_t size) {
    void *p = (void *)*next;
    *next += (count * size + 7u) & ~7u;
    return p;
}

/* Rows of a matrix come in groups of four. */
static inline uint32_t lnn_rows4(uint32_t rows) {
    return (rows + 3u) & ~3u;
}

/* Inputs and state of an integer cell are filled up with zeros, for kernels that take eight at a time. */
static inline uint32_t lnn_columns8(uint32_t columns) {
    return (columns + 7u) & ~7u;
}

static inline uint32_t lnn_larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

#endif
