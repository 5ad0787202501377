/* SPDX-License-Identifier: MIT */
/* The newest audio, and what the gate wants to know about the tick in progress. */
#ifndef LNN_RING_H
#define LNN_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "place.h"

#define LNN_RING_BLOCK 64u

typedef struct {
    /* config */
    uint16_t n; /* window_samples */
    /* state */
    int16_t last_sample;
    uint32_t at;        /* next place to write */
    int16_t *samples;   /* (n) */
    uint64_t power;     /* sum of squares of the tick */
    uint32_t filled;    /* samples of the tick */
    uint32_t crossings; /* sign changes within the tick */
    /* of the high-pass */
    uint32_t block_filled; /* samples of the block in progress */
    int32_t block_sum;
    int32_t mean_q6; /* what counts as DC */
} lnn_ring_t;

LNN_COLD void lnn_ring_place(lnn_ring_t *ring, uintptr_t *next);
LNN_COLD void lnn_ring_reset(lnn_ring_t *ring);
/* high_pass: the power counts nothing of DC and little below 60 Hz; ends of blocks are those of ticks, too. */
void lnn_ring_write(lnn_ring_t *ring, const int16_t *audio, uint32_t n, bool count_crossings, bool high_pass);
void lnn_ring_skip(lnn_ring_t *ring, uint32_t lost); /* lost audio reads as zeros */
uint64_t lnn_ring_power(lnn_ring_t *ring);           /* of the tick so far */
void lnn_ring_begin_tick(lnn_ring_t *ring);

#endif
