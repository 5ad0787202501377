/* SPDX-License-Identifier: MIT */
/*
 * Models of every kind, drawn from a stream of choices: legal ones, whose numbers like the ends of their ranges, and
 * nearly legal ones, in which a few things are wrong.
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include "draw.h"
#include "liquid_audio_lnn.h"

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
