/* SPDX-License-Identifier: MIT */
/*
 * Ed25519 for lnn_load_verified(): firmware that takes models signed with one key only.
 *
 *     static const lnn_trusted_key_t key = {{0x3b, 0x6a, ...}, 3};
 *     status = lnn_load_verified(data, data_bytes, lnn_verify_ed25519, &key, memory, sizeof memory, &model);
 *
 * Compile the C files of verify/ with Monocypher 4.0.3 (monocypher.c and monocypher.h; not part of this project, under
 * BSD-2-Clause or CC0-1.0) on the include path. verify/public_key.py writes the bytes of a key in PEM.
 */
#ifndef LIQUID_AUDIO_VERIFY_H
#define LIQUID_AUDIO_VERIFY_H

#include "liquid_audio_lnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whom firmware believes. */
typedef struct {
    uint8_t public_key[32];
    /* An older model is refused. */
    uint32_t least_model_version;
} lnn_trusted_key_t;

/*
 * An lnn_verify_t; trusted_key: an lnn_trusted_key_t. Signatures are those of RFC 8032 (Ed25519, with the factor 8 in
 * the equation). A key of small order, such as 32 zeros, is refused with every model, because anyone could sign for it.
 */
lnn_status_t lnn_verify_ed25519(const lnn_signed_t *model, const void *trusted_key);

/* The key that the firmware was built with: LIQUID_PUBLIC_KEY of micropython.mk, or Zephyr's Kconfig. */
extern const lnn_trusted_key_t lnn_trusted_key;

#ifdef __cplusplus
}
#endif

#endif
