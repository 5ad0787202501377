/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <string.h>

#include "dsp.h"
#include "place.h"

void lnn_ring_place(lnn_ring_t *ring, uintptr_t *next) {
    ring->samples = lnn_place(next, ring->n, sizeof *ring->samples);
}

void lnn_ring_reset(lnn_ring_t *ring) {
    memset(ring->samples, 0, ring->n * sizeof *ring->samples);
    ring->at = 0;
    ring->last_sample = 0;
    ring->mean_q6 = 0;
    lnn_ring_begin_tick(ring);
}

void lnn_ring_begin_tick(lnn_ring_t *ring) {
    ring->filled = 0;
    ring->power = 0;
    ring->crossings = 0;
    ring->block_filled = 0;
    ring->block_sum = 0;
}

static uint32_t zero_crossings(int16_t last, const int16_t *audio, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        count += (uint32_t)((last < 0) != (audio[i] < 0));
        last = audio[i];
    }
    return count;
}

/*
 * The block in progress loses what belongs to its mean: sum of (x - mean)**2 = sum of x**2 - 2 mean (sum of x) +
 * n mean**2. After a whole block of 64 samples (4 ms at 16 kHz) the mean is that of the block, so that the power is
 * its variance: DC counts nothing, 25 Hz 15 dB less, 60 Hz 8 dB less, and from 200 Hz everything. A shorter block moves
 * the mean in proportion to its length.
 */
static void end_block(lnn_ring_t *ring) {
    int32_t n = (int32_t)ring->block_filled, sum = ring->block_sum;
    ring->mean_q6 += sum - ring->mean_q6 * n / (int32_t)LNN_RING_BLOCK;
    int64_t mean_q6 = ring->mean_q6; /* below 2**21 */
    ring->power -= (uint64_t)((128 * mean_q6 * sum - n * mean_q6 * mean_q6) / 4096);
    ring->block_filled = 0;
    ring->block_sum = 0;
}

static void write_block(lnn_ring_t *ring, const int16_t *audio, uint32_t n) {
    while (n > 0) {
        uint32_t room = LNN_RING_BLOCK - ring->block_filled, to_end = (uint32_t)ring->n - ring->at, part = n;
        part = part < room ? part : room;
        part = part < to_end ? part : to_end;
        ring->power += lnn_copy_square_and_sum(ring->samples + ring->at, audio, part, &ring->block_sum);
        ring->at += part;
        if (ring->at == ring->n) {
            ring->at = 0;
        }
        ring->block_filled += part;
        if (ring->block_filled == LNN_RING_BLOCK) {
            end_block(ring);
        }
        audio += part;
        n -= part;
    }
}

/* The sum of squares is computed on the way, because every sample is at hand only once. */
void lnn_ring_write(lnn_ring_t *ring, const int16_t *audio, uint32_t n, bool count_crossings, bool high_pass) {
    if (count_crossings && n > 0) {
        ring->crossings += zero_crossings(ring->last_sample, audio, n);
        ring->last_sample = audio[n - 1u];
    }
    ring->filled += n;
    if (high_pass) {
        write_block(ring, audio, n);
        return;
    }
    while (n > 0) {
        uint32_t room = (uint32_t)ring->n - ring->at, part = n < room ? n : room;
        ring->power += lnn_copy_and_square(ring->samples + ring->at, audio, part);
        ring->at = part < room ? ring->at + part : 0u;
        audio += part;
        n -= part;
    }
}

uint64_t lnn_ring_power(lnn_ring_t *ring) {
    if (ring->block_filled > 0) {
        end_block(ring);
    }
    return ring->power;
}

void lnn_ring_skip(lnn_ring_t *ring, uint32_t lost) {
    uint32_t n = lost < ring->n ? lost : ring->n;
    ring->last_sample = lost > 0 ? 0 : ring->last_sample;
    for (; n > 0; n--) {
        ring->samples[ring->at] = 0;
        ring->at = ring->at + 1u < ring->n ? ring->at + 1u : 0u;
    }
}
