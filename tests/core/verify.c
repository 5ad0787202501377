/* SPDX-License-Identifier: MIT */
/*
 * Ed25519 and SHA-512 of cmodule/verify on lines of hex from stdin, "-" where there are no bytes:
 *     sha512 MESSAGE                                       -> the digest
 *     verify KEY LEAST_VERSION VERSION SIGNATURE MESSAGE   -> the name of the status
 * A message is cut in three at changing places, each part in memory of its own size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmodule/verify/sha512.h"
#include "liquid_audio_verify.h"

static size_t from_hex(const char *text, uint8_t *bytes) {
    size_t n = text[0] == '-' ? 0 : strlen(text) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
            abort();
        }
        bytes[i] = (uint8_t)byte;
    }
    return n;
}

static uint8_t *copied(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, bytes, n);
    return copy;
}

int main(void) {
    static char line[1 << 20];
    static uint8_t message[1 << 19];
    while (fgets(line, sizeof line, stdin)) {
        uint8_t signature[64], digest[LNN_SHA512_BYTES], *parts[3];
        lnn_trusted_key_t key = {{0}, 0};
        lnn_signed_t model = {{{NULL, 0}, {NULL, 0}, {NULL, 0}}, signature, 0};
        bool hashes = strcmp(strtok(line, " \n"), "sha512") == 0;
        if (!hashes) {
            from_hex(strtok(NULL, " \n"), key.public_key);
            key.least_model_version = (uint32_t)strtoul(strtok(NULL, " \n"), NULL, 10);
            model.model_version = (uint32_t)strtoul(strtok(NULL, " \n"), NULL, 10);
            from_hex(strtok(NULL, " \n"), signature);
        }
        size_t n = from_hex(strtok(NULL, " \n"), message), first = n * 7 / 19, second = n / 5;
        size_t length[3] = {first, second, n - first - second}, at = 0;
        for (int i = 0; i < 3; at += length[i++]) {
            parts[i] = copied(message + at, length[i]);
            model.spans[i] = (lnn_span_t){parts[i], length[i]};
        }
        if (hashes) {
            lnn_sha512_t hash;
            lnn_sha512_begin(&hash);
            for (int i = 0; i < 3; i++) {
                lnn_sha512_add(&hash, parts[i], length[i]);
            }
            lnn_sha512_end(&hash, digest);
            for (size_t i = 0; i < sizeof digest; i++) {
                printf("%02x", digest[i]);
            }
            printf("\n");
        } else {
            printf("%s\n", lnn_error_name(lnn_verify_ed25519(&model, &key)));
        }
        for (int i = 0; i < 3; i++) {
            free(parts[i]);
        }
    }
    return 0;
}
