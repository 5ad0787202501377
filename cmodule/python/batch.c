/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <string.h>

#define MAX_WINDOW_SAMPLES 1024 /* the format's largest FFT */

static void copy_window(const int16_t *audio, int64_t n_samples, int64_t end, int64_t window, int16_t *out) {
    for (int64_t i = 0; i < window; i++) {
        int64_t at = end - window + i;
        out[i] = at >= 0 && at < n_samples ? audio[at] : 0;
    }
}

lnn_status_t lnn_batch_features(lnn_model_t *model, const int16_t *audio, size_t n_samples, const int64_t *ends,
                                size_t n_ends, float *features) {
    int16_t window[MAX_WINDOW_SAMPLES];
    lnn_info_t info;
    lnn_status_t status = LNN_OK;
    lnn_get_info(model, &info);
    for (size_t i = 0; i < n_ends && status == LNN_OK; i++) {
        copy_window(audio, (int64_t)n_samples, ends[i], info.window_samples, window);
        status = lnn_features(model, window, features + i * info.n_features);
    }
    return status;
}

lnn_status_t lnn_batch_clip(lnn_model_t *model, const int16_t *audio, size_t n_samples, size_t block_samples,
                            float *scores, lnn_event_t *detections, size_t max_detections, size_t *n_detections,
                            uint32_t *steps) {
    lnn_result_t result;
    lnn_event_t event;
    *n_detections = 0;
    *steps = 0;
    lnn_reset(model);
    for (size_t at = 0; at < n_samples;) {
        size_t n = n_samples - at < block_samples ? n_samples - at : block_samples;
        lnn_status_t status = lnn_process(model, audio + at, n, &result);
        if (status != LNN_OK) {
            return status;
        }
        at += n;
        if (result.steps != *steps) {
            *steps = result.steps;
            memcpy(scores, result.scores, result.n_scores * sizeof *scores);
        }
        while (lnn_next_event(model, &event)) {
            if (*n_detections < max_detections) {
                detections[*n_detections] = event;
            }
            ++*n_detections;
        }
    }
    return LNN_OK;
}
