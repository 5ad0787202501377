/* SPDX-License-Identifier: MIT */
/* SHA-512 (FIPS 180-4) of a message that comes in pieces. */
#ifndef LNN_SHA512_H
#define LNN_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define LNN_SHA512_BYTES 64u

typedef struct {
    uint64_t state[8];
    uint64_t n_bytes; /* so far; less than 2**61 */
    uint8_t block[128];
} lnn_sha512_t;

void lnn_sha512_begin(lnn_sha512_t *hash);
void lnn_sha512_add(lnn_sha512_t *hash, const uint8_t *bytes, size_t n);
void lnn_sha512_end(lnn_sha512_t *hash, uint8_t digest[LNN_SHA512_BYTES]);

#endif
