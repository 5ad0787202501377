/* SPDX-License-Identifier: MIT */
/*
 * Models of every kind, drawn from a stream of choices: legal ones, whose numbers like the ends of their ranges, and
 * nearly legal ones, in which a few things are wrong.
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "liquid_audio_lnn.h"

/* Choices come from bytes while there are any (a fuzzer's), then from a generator of random numbers. */
typedef struct {
    const uint8_t *bytes;
    size_t n, at;
    uint64_t state;
} choices_t;

choices_t choices_from(const uint8_t *bytes, size_t n);
uint32_t choose(choices_t *c, uint32_t below); /* 0 to below - 1; takes at most four of the bytes */
uint32_t random_bits(choices_t *c);            /* takes none of them */

typedef struct {
    uint8_t *bytes;
    size_t n;
    bool legal; /* false: something may be wrong with it */
} model_file_t;

/* strict: only legal models. Aims at files of at most most_bytes. The caller frees the bytes. */
model_file_t generate_model(choices_t *c, bool strict, uint32_t most_bytes);

/* False: a field may be outside its range. */
bool choose_policy(choices_t *c, lnn_policy_t *policy);

#endif
