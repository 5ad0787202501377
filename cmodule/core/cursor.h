/* SPDX-License-Identifier: MIT */
/*
 * A walk through one section of an untrusted file. The first failure sticks; later calls do nothing.
 */
#ifndef LNN_CURSOR_H
#define LNN_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "guards.h"

#include "liquid_audio_lnn.h"
#include "lnn_format.h"

typedef struct {
    const uint8_t *file;
    uint32_t at;  /* offset of the next byte, from the start of the file */
    uint32_t end; /* of the section */
    lnn_status_t status;
} lnn_cursor_t;

static inline uint32_t lnn_align_file(uint32_t offset) {
    return (offset + LNN_ALIGN_BYTES - 1u) & ~(uint32_t)(LNN_ALIGN_BYTES - 1u);
}

/* Of the file; a section may hold more in later versions. */
static inline uint32_t lnn_version_minor(const lnn_cursor_t *c) {
    return ((const lnn_file_header_t *)(const void *)c->file)->version_minor;
}

/* True if the condition holds and nothing has failed before. */
bool lnn_require(lnn_cursor_t *c, bool condition, lnn_status_t status);

/* The next n bytes without taking them; NULL if the section ends before. A record's first bytes tell its kind. */
const uint8_t *lnn_peek(const lnn_cursor_t *c, uint32_t n);

/* The next `count` things of `size` bytes at the next multiple of 16; NULL if the section ends before. */
const void *lnn_take(lnn_cursor_t *c, uint32_t count, uint32_t size);

/* The same for numbers: finite and from -limit to limit. */
const float *lnn_take_floats(lnn_cursor_t *c, uint32_t count, float limit);
const int32_t *lnn_take_ints(lnn_cursor_t *c, uint32_t count, int32_t limit);

bool lnn_is_printable_utf8(const char *text, uint32_t n);

#endif
