/* SPDX-License-Identifier: MIT */
/* Whole recordings at once, so that the host leaves Python once a clip instead of once a window. */
#ifndef LIQUID_BATCH_H
#define LIQUID_BATCH_H

#include "liquid_audio_lnn.h"

/* ffi:begin */
/*
 * Features of the windows that end at sample counts `ends` (n_ends); zeros stand before the first and
 * behind the last sample. features: (n_ends, n_features).
 */
lnn_status_t lnn_batch_features(lnn_model_t *model, const int16_t *audio, size_t n_samples, const int64_t *ends,
                                size_t n_ends, float *features);

/*
 * Resets the model and runs one clip in blocks. scores (n_labels): posterior after the last step that
 * ran the cells, untouched where no step ran. Writes at most max_detections; *n_detections counts all.
 */
lnn_status_t lnn_batch_clip(lnn_model_t *model, const int16_t *audio, size_t n_samples, size_t block_samples,
                            float *scores, lnn_event_t *detections, size_t max_detections, size_t *n_detections,
                            uint32_t *steps);
/* ffi:end */

#endif
