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
    lnn_ring_begin_tick(ring);
}

void lnn_ring_begin_tick(lnn_ring_t *ring) {
    ring->filled = 0;
    ring->power = 0;
    ring->crossings = 0;
}

static uint32_t zero_crossings(int16_t last, const int16_t *audio, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        count += (uint32_t)((last < 0) != (audio[i] < 0));
        last = audio[i];
    }
    return count;
}

/* The sum of squares is computed on the way, because every sample is at hand only once. */
void lnn_ring_write(lnn_ring_t *ring, const int16_t *audio, uint32_t n, bool count_crossings) {
    if (count_crossings && n > 0) {
        ring->crossings += zero_crossings(ring->last_sample, audio, n);
        ring->last_sample = audio[n - 1u];
    }
    ring->filled += n;
    while (n > 0) {
        uint32_t room = (uint32_t)ring->n - ring->at, part = n < room ? n : room;
        ring->power += lnn_copy_and_square(ring->samples + ring->at, audio, part);
        ring->at = part < room ? ring->at + part : 0u;
        audio += part;
        n -= part;
    }
}
