/* SPDX-License-Identifier: MIT */
/* The key that firmware is built with. The build writes lnn_trusted_key.h by public_key.py. */
#include "liquid_audio_verify.h"
#include "lnn_trusted_key.h"

const lnn_trusted_key_t lnn_trusted_key = {{LNN_PUBLIC_KEY}, LNN_LEAST_MODEL_VERSION};
