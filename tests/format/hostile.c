/* SPDX-License-Identifier: MIT */
/*
 * hostile MODEL: every truncation and every single-bit flip of a model, the CRC repaired as well as
 * not, many random mutations, and over-long files. Prints how often each error came.
 */
#include "exercise.h"

#define SAMPLES 400
#define MUTATIONS 5000

static unsigned counts[64];
static uint32_t seed = 1;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(seed ^ (seed >> 15)) * below) >> 32);
}

static lnn_status_t try_it(const uint8_t *bytes, size_t n) {
    lnn_status_t status = exercise(bytes, n, SAMPLES);
    counts[-status]++;
    return status;
}

static void truncations(const uint8_t *model, size_t n) {
    for (size_t length = 0; length < n; length++) {
        require(try_it(model, length) != LNN_OK, "a cut file is refused");
        uint8_t *cut = malloc(length ? length : 1);
        memcpy(cut, model, length);
        if (length >= 16) { /* the cut file claims to be whole */
            uint32_t file_bytes = (uint32_t)length;
            memcpy(cut + 8, &file_bytes, sizeof file_bytes);
        }
        repair_crc(cut, length);
        require(try_it(cut, length) != LNN_OK || length + 80 > n, "only the signature may be missing");
        free(cut);
    }
}

static void bit_flips(uint8_t *model, size_t n) {
    uint8_t crc[4];
    memcpy(crc, model + 12, sizeof crc);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        model[bit / 8] ^= (uint8_t)(1u << bit % 8);
        require(try_it(model, n) != LNN_OK, "a flipped bit is seen");
        repair_crc(model, n);
        try_it(model, n);
        model[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memcpy(model + 12, crc, sizeof crc);
    }
}

static void mutations(const uint8_t *model, size_t n) {
    static const uint8_t interesting[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    uint8_t *bad = malloc(n);
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(bad, model, n);
        for (uint32_t k = 1 + draw(4); k > 0; k--) {
            uint32_t at = draw(2) ? draw((uint32_t)n) : draw(256);
            bad[at < n ? at : 0] = draw(2) ? interesting[draw(sizeof interesting)] : (uint8_t)draw(256);
        }
        memcpy(bad, model, 12);
        repair_crc(bad, n);
        try_it(bad, n);
    }
    free(bad);
}

static void too_long(const uint8_t *model, size_t n) {
    uint8_t *longer = calloc(1, n + 64);
    memcpy(longer, model, n);
    for (size_t more = 1; more <= 64; more++) {
        require(try_it(longer, n + more) == LNN_ERR_LENGTH, "bytes behind the file are refused");
        uint32_t file_bytes = (uint32_t)(n + more);
        memcpy(longer + 8, &file_bytes, sizeof file_bytes);
        repair_crc(longer, n + more);
        require(try_it(longer, n + more) != LNN_OK, "bytes that belong to no section are refused");
        memcpy(longer, model, n);
    }
    free(longer);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: hostile MODEL\n");
        return 2;
    }
    size_t n;
    uint8_t *model = read_model(argv[1], &n);
    require(try_it(model, n) == LNN_OK, "the model itself is valid");
    truncations(model, n);
    bit_flips(model, n);
    mutations(model, n);
    too_long(model, n);
    for (int i = 0; i < 64; i++) {
        if (counts[i]) {
            printf("%s %u\n", lnn_error_name((lnn_status_t)-i), counts[i]);
        }
    }
    free(model);
    return 0;
}
