/* SPDX-License-Identifier: MIT */
/*
 * Log-mel features of one window. Scales: audio stays in units of 1/32768 until the mel filters have
 * summed it up, where one factor of 2**-30 makes the powers those of full scale 1.
 */
#include "frontend.h"
#include "fastmath.h"

#define FULL_SCALE_SQUARED 9.31322575e-10f /* 2**-30 */

/* in[i] = window[i] * audio[i]; audio is the ring's older part, then its newer part; zero-padded */
static void apply_window(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                         float *in) {
    const float *w = fe->as.f32.window;
    uint32_t i = 0;
    for (; i < n_older; i++) {
        in[i] = w[i] * (float)older[i];
    }
    for (; i < fe->window_samples; i++) {
        in[i] = w[i] * (float)newer[i - n_older];
    }
    for (; i < fe->fft_points; i++) {
        in[i] = 0.0f;
    }
}

/* spectrum in the order of lnn_rfft_f32 -> power of bins 0 to n/2, in place of the first half */
static void power_spectrum(const float *spectrum, uint32_t points, float *power) {
    power[0] = spectrum[0] * spectrum[0];
    float nyquist = spectrum[1] * spectrum[1];
    for (uint32_t k = 1; k < points / 2u; k++) {
        float re = spectrum[2 * k], im = spectrum[2 * k + 1];
        power[k] = re * re + im * im;
    }
    power[points / 2u] = nyquist;
}

static float log_mel_feature(const lnn_frontend_f32_t *f, uint32_t channel, float sum) {
    float value = lnn_logf(sum * FULL_SCALE_SQUARED + f->log_floor);
    value = (value - f->mean[channel]) * f->inv_std[channel];
    return value > f->feature_clip ? f->feature_clip : value < -f->feature_clip ? -f->feature_clip : value;
}

void lnn_frontend_f32_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          float *scratch, float *features) {
    const lnn_frontend_f32_t *f = &fe->as.f32;
    float *in = scratch, *spectrum = scratch + fe->fft_points;
    apply_window(fe, older, n_older, newer, in);
    lnn_rfft_f32(&f->rfft, in, spectrum);
    float *power = in; /* the FFT has used up its input */
    power_spectrum(spectrum, fe->fft_points, power);
    const float *w = f->mel_weights;
    for (uint32_t channel = 0; channel < fe->n_mels; channel++) {
        const float *p = power + f->mel_start[channel];
        float sum = 0.0f;
        for (uint32_t n = f->mel_count[channel]; n > 0; n--) {
            sum += *w++ * *p++;
        }
        features[channel] = log_mel_feature(f, channel, sum);
    }
}

/* Mean rise of the features since the last step (half-wave rectified spectral flux). */
int32_t lnn_frontend_f32_flux_q16(lnn_frontend_t *fe, const float *features) {
    float *previous = fe->as.f32.previous, sum = 0.0f;
    for (uint32_t i = 0; i < fe->n_mels; i++) {
        float rise = features[i] - previous[i];
        sum += rise > 0.0f ? rise : 0.0f;
        previous[i] = features[i];
    }
    float mean = sum / (float)fe->n_mels;
    return (int32_t)((mean < 32000.0f ? mean : 32000.0f) * 65536.0f);
}
