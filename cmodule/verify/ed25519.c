/* SPDX-License-Identifier: MIT */
/*
 * Ed25519 (RFC 8032, section 5.1.7) in the steps that Monocypher offers, because its own crypto_eddsa_check() hashes with
 * BLAKE2b: h = SHA-512(R, A, message) modulo L, then 8 S B = 8 R + 8 h A. S below L is required.
 */
#include "liquid_audio_verify.h"
#include "monocypher.h"
#include "sha512.h"

/* With R = 0, S = 0 and h = 1 the equation says 8 A = 0: then R = S B would be a signature of every message. */
static bool has_small_order(const uint8_t public_key[32]) {
    static const uint8_t neutral[64] = {1}, one[32] = {1};
    return crypto_eddsa_check_equation(neutral, public_key, one) == 0;
}

lnn_status_t lnn_verify_ed25519(const lnn_signed_t *model, const void *trusted_key) {
    const lnn_trusted_key_t *key = trusted_key;
    uint8_t digest[LNN_SHA512_BYTES], h[32];
    lnn_sha512_t hash;
    lnn_sha512_begin(&hash);
    lnn_sha512_add(&hash, model->signature, 32);
    lnn_sha512_add(&hash, key->public_key, sizeof key->public_key);
    for (size_t i = 0; i < sizeof model->spans / sizeof *model->spans; i++) {
        lnn_sha512_add(&hash, model->spans[i].bytes, model->spans[i].n_bytes);
    }
    lnn_sha512_end(&hash, digest);
    crypto_eddsa_reduce(h, digest);
    if (crypto_eddsa_check_equation(model->signature, key->public_key, h) != 0 || has_small_order(key->public_key)) {
        return LNN_ERR_SIGNATURE;
    }
    return model->model_version < key->least_model_version ? LNN_ERR_MODEL_VERSION : LNN_OK;
}
