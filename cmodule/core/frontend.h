/* SPDX-License-Identifier: MIT */
/* From audio, or from rows of numbers, to the features that the first cell hears. */
#ifndef LNN_FRONTEND_H
#define LNN_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include "dsp.h"
#include "fixmath.h"
#include "place.h"

typedef struct {
    /* config */
    float log_floor;
    float feature_clip;
    float time_scale; /* of kind none */
    /* weights */
    const float *window;       /* (window_samples) */
    const uint16_t *mel_start; /* (n_mels) */
    const uint16_t *mel_count; /* (n_mels) */
    const float *mel_weights;  /* (sum of mel_count) */
    const float *mean;         /* (n_mels) */
    const float *inv_std;      /* (n_mels) */
    const float *scale;        /* (n_labels) of kind none */
    /* state */
    lnn_rfft_t rfft;
    float *features; /* (n_mels) */
    float *previous; /* (n_mels) features of the last step, for the flux */
} lnn_frontend_f32_t;

/* Both integer kinds; "s16" marks what only logmel_s16 has, "q15" what only logmel_q15 has. */
typedef struct {
    /* config */
    int32_t clip_q12;
    uint32_t per_mel_q16; /* 1 / n_mels */
    uint32_t first_bin;   /* s16 */
    /* weights */
    const int16_t *window;       /* q15: (window_samples) q15; s16: (fft_points) q15 */
    const uint16_t *mel_start;   /* q15: (n_mels) */
    const uint16_t *mel_count;   /* q15: (n_mels); s16: (n_mels + 1) */
    const uint16_t *mel_weights; /* q15: (sum of mel_count) q15 */
    const uint8_t *rising_q8;    /* s16: (sum of mel_count) */
    const uint32_t *floor;       /* (n_mels) q15: q8; s16: of width LEAST_WIDTH */
    const int32_t *mean_q16;     /* (n_mels) of log2 */
    const int32_t *scale_q22;    /* (n_mels) */
    /* state */
    int16_t *previous; /* (n_mels) */
} lnn_frontend_q15_t;

typedef struct {
    uint16_t kind;   /* enum frontend */
    bool is_integer; /* as.q15 holds it */
    uint16_t window_samples;
    uint16_t fft_points;
    uint16_t n_mels;
    union {
        lnn_frontend_f32_t f32;
        lnn_frontend_q15_t q15;
    } as;
} lnn_frontend_t;

/* frontend.c */
LNN_COLD uint32_t lnn_frontend_scratch_bytes(const lnn_frontend_t *fe);
LNN_COLD void lnn_frontend_place(lnn_frontend_t *fe, uintptr_t *next);
LNN_COLD void lnn_frontend_reset(lnn_frontend_t *fe);

/*
 * Features of the window, which is the ring's older part, then its newer part, into `inputs` (n_mels) of an integer
 * cell (int16_t, q12) or a float cell. Returns the spectral flux since the features before.
 */
int32_t lnn_frontend_run(lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                         void *scratch, void *inputs, bool integer_cell);

/* The same window without a step: float features of either kind. spare: (n_mels) */
LNN_COLD void lnn_frontend_look(const lnn_frontend_t *fe, const int16_t *window, void *scratch, int16_t *spare,
                                float *features);

/* Features from elsewhere into `inputs`, clipped as in the front-end; a NaN becomes the smallest. */
LNN_COLD void lnn_frontend_take(const lnn_frontend_t *fe, const float *features, void *inputs, bool integer_cell);

LNN_COLD void lnn_features_to_q12(const float *features, uint32_t n, float clip, int16_t *q12);

/* The logarithm of a channel's power, base 2, as a feature. */
static inline int16_t lnn_frontend_q15_feature(const lnn_frontend_q15_t *f, uint32_t channel, int32_t level_q16) {
    int32_t value_q12 = lnn_mul_high((level_q16 - f->mean_q16[channel]) * 64, f->scale_q22[channel]);
    return (int16_t)lnn_clamp(value_q12, -f->clip_q12, f->clip_q12);
}

/* frontend_f32.c, frontend_q15.c, frontend_s16.c */
void lnn_frontend_f32_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          float *scratch, float *features);
int32_t lnn_frontend_f32_flux_q16(lnn_frontend_t *fe, const float *features);
void lnn_frontend_q15_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          void *scratch, int16_t *features);
int32_t lnn_frontend_q15_flux_q16(lnn_frontend_t *fe, const int16_t *features);
void lnn_frontend_s16_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          void *scratch, int16_t *features);

/* numbers.c: rows of numbers to features, logits to forecasts */
const float *lnn_numbers_to_features(const lnn_frontend_t *fe, const float *numbers);
void lnn_numbers_forecast(const lnn_frontend_t *fe, const float *numbers, uint32_t n_labels, float *logits);

#endif
