/* SPDX-License-Identifier: MIT */
/* Loads untrusted bytes and, where they are a model, uses every function on it. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "liquid_audio_lnn.h"
#include "lnn_format.h"

#define MOST_MEMORY_BYTES (1u << 22)
#define MOST_SECONDS 30 /* of the processor, for one input, under sanitizers */

static inline uint32_t crc32_of(const uint8_t *bytes, size_t n) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        crc ^= i >= 12 && i < 16 ? 0u : bytes[i];
        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1u));
        }
    }
    return ~crc;
}

static inline void repair_crc(uint8_t *bytes, size_t n) {
    if (n >= 16) {
        uint32_t crc = crc32_of(bytes, n);
        memcpy(bytes + 12, &crc, sizeof crc);
    }
}

static inline void require(int condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static inline void require_bounded_time(clock_t start) {
    require((clock() - start) / CLOCKS_PER_SEC < MOST_SECONDS, "bounded time");
}

/* The whole file in memory of just its size, so that reading beyond it is seen. */
static inline uint8_t *read_model(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    *n = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*n + 1u);
    if (!data || fread(data, 1, *n, file) != *n) {
        exit(2);
    }
    fclose(file);
    return data;
}

static inline void check_result(const lnn_result_t *r) {
    require(r->n_scores > 0 && r->label < r->n_scores && strlen(r->keyword) > 0, "a label");
    for (uint16_t i = 0; i < r->n_scores; i++) {
        require(isfinite(r->scores[i]) && r->scores[i] >= 0.0f && r->scores[i] <= 1.001f, "a posterior from 0 to 1");
    }
    require(isfinite(r->energy) && isfinite(r->flux) && isfinite(r->complexity), "finite measures");
}

/* A model that reads rows of numbers refuses audio and forecasts. */
static inline void run_numbers(lnn_model_t *m, const lnn_info_t *info) {
    static const int16_t audio[1];
    lnn_result_t result;
    float difference, row[LNN_MAX_MELS], features[LNN_MAX_MELS];
    const float *forecast;
    require(lnn_process(m, audio, 1, &result) == LNN_ERR_NO_AUDIO, "no audio");
    require(lnn_features(m, audio, features) == LNN_ERR_NO_AUDIO, "no audio");
    require(lnn_selftest(m, &difference) == LNN_ERR_NO_GOLDEN, "no golden audio");
    for (int step = 0; step < 20; step++) {
        for (uint16_t i = 0; i < info->n_features; i++) {
            row[i] = (step & 1 ? 1.0f : -1.0f) * (step < 10 ? (float)step : 1e30f);
        }
        require(lnn_step(m, row, step & 2 ? 1e-30f : 1e30f, &forecast) == LNN_OK, "step");
        for (uint16_t i = 0; i < info->n_labels; i++) {
            require(isfinite(forecast[i]), "a finite forecast");
        }
    }
    row[info->n_features - 1u] = NAN;
    require(lnn_step(m, row, 1.0f, &forecast) == LNN_ERR_ARGUMENT, "no NaN");
}

/* Silence, full scale, a square wave, in blocks of odd lengths: enough for ticks, gate and steps. */
static inline void run_audio(lnn_model_t *m, size_t n_samples) {
    static int16_t audio[4096];
    lnn_result_t result;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < 4096; i++) {
            audio[i] = kind == 0 ? 0 : kind == 1 ? INT16_MIN : (int16_t)(i & 8 ? 20000 : -20000);
        }
        size_t block = kind == 0 ? 1001 : kind == 1 ? 300 : 77;
        for (size_t at = 0; at < n_samples; at += block) {
            require(lnn_process(m, audio, block, &result) == LNN_OK, "process");
            check_result(&result);
        }
        for (lnn_event_t event; lnn_next_event(m, &event);) {
            require(event.label < result.n_scores && isfinite(event.confidence) && event.sample > 0, "an event");
        }
        require(lnn_skip(m, UINT32_MAX / 3) == LNN_OK, "skip");
    }
}

static inline void run_outside_engine(lnn_model_t *m) {
    lnn_info_t info;
    lnn_get_info(m, &info);
    int16_t *window = calloc(info.window_samples, sizeof *window);
    float *features = calloc(info.n_features, sizeof *features);
    const float *logits;
    require(lnn_features(m, window, features) == LNN_OK, "features");
    require(lnn_step(m, features, 1e30f, &logits) == LNN_OK, "step");
    for (uint16_t i = 0; i < info.n_labels; i++) {
        require(isfinite(logits[i]), "finite logits");
        require(lnn_label_name(m, i) != NULL && lnn_set_threshold(m, i, 0.5f) == LNN_OK, "labels");
    }
    float difference;
    lnn_status_t status = lnn_selftest(m, &difference);
    require(status == LNN_OK || status == LNN_ERR_SELFTEST || status == LNN_ERR_NO_GOLDEN, "selftest");
    free(window);
    free(features);
}

/* `bytes` is any memory; the model gets a copy of its own, so that reading beyond it is seen. */
static inline lnn_status_t exercise(const uint8_t *bytes, size_t n, size_t n_samples) {
    uint8_t *data = malloc(n ? n : 1);
    memcpy(data, bytes, n);
    uint32_t need = 0;
    lnn_model_t *m = NULL;
    lnn_status_t status = lnn_ram_bytes(data, n, &need);
    if (status == LNN_OK) {
        size_t memory_bytes = need < MOST_MEMORY_BYTES ? need : MOST_MEMORY_BYTES;
        void *memory = malloc(memory_bytes ? memory_bytes : 1);
        status = lnn_load(data, n, memory, memory_bytes, &m);
        lnn_info_t info;
        if (status == LNN_OK && (lnn_get_info(m, &info), info.window_samples == 0)) {
            run_numbers(m, &info);
        } else if (status == LNN_OK) {
            run_audio(m, n_samples);
            run_outside_engine(m);
        }
        free(memory);
    }
    require(status == LNN_OK || strcmp(lnn_error_name(status), "UNKNOWN") != 0, "a named error");
    const char *refused = lnn_refused_name(data, n, status);
    require(refused == NULL || strlen(refused) > 0, "the name of what was refused");
    lnn_refused_name(data, n, LNN_ERR_CELL);
    free(data);
    return status;
}

#endif
