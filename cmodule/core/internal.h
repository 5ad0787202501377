/*
 * The core's own structs. config (sizes), weights (pointers into the file) and state (pointers into
 * the caller's memory) are kept apart, stage by stage.
 */
#ifndef LNN_INTERNAL_H
#define LNN_INTERNAL_H

#include "liquid_audio_lnn.h"
#include "lnn_format.h"
#include "dsp.h"
#include "matvec_s8.h"

#define LNN_RESULT_NONE UINT16_MAX

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

typedef struct {
    /* config */
    int32_t clip_q12;
    uint32_t per_mel_q16; /* 1 / n_mels */
    /* weights */
    const int16_t *window;       /* (window_samples) q15 */
    const uint16_t *mel_start;   /* (n_mels) */
    const uint16_t *mel_count;   /* (n_mels) */
    const uint16_t *mel_weights; /* (sum of mel_count) q15 */
    const uint32_t *floor_q8;    /* (n_mels) */
    const int32_t *mean_q16;     /* (n_mels) of log2 */
    const int32_t *scale_q22;    /* (n_mels) */
    /* state */
    int16_t *previous; /* (n_mels) */
} lnn_frontend_q15_t;

typedef struct {
    uint16_t kind; /* enum frontend */
    uint16_t window_samples;
    uint16_t fft_points;
    uint16_t n_mels;
    union {
        lnn_frontend_f32_t f32;
        lnn_frontend_q15_t q15;
    } as;
} lnn_frontend_t;

typedef struct {
    float gate_clamp;
    const float *inv_tau; /* (N) 1/s */
    const float *bias;    /* (2N) gate and reversal of each unit side by side */
    const float *weights; /* (2N, M+N) rows4 */
    float *uh;            /* (M+N) state: inputs, then h: one vector for one product */
} lnn_cell_f32_t;

typedef struct {
    /* config */
    int32_t gate_clamp_q11;
    int32_t delta_q15; /* 0: all states count at every step */
    /* weights */
    const uint32_t *inv_tau_q16;  /* (N) 1/s */
    const int32_t *bias_q16;      /* (2N) gate and reversal of each unit side by side */
    const int32_t *scale_inputs;  /* (2N) */
    const int32_t *scale_state;   /* (2N) */
    lnn_matrix_t inputs;       /* (2N, M) */
    lnn_matrix_t state;        /* (2N, N) */
    /* state */
    int16_t *uh;        /* (columns8(M) + columns8(N)) inputs, then h in q15 */
    int32_t *h_q30;     /* (N) h with the bits that a small timestep needs */
    /* of dt_us, until it changes */
    int32_t *inv_c_q31; /* (N) 1 / (1 + dt/tau) */
    int16_t *shift_q11; /* (N) ln(dt / (1 + dt/tau)) */
    uint32_t dt_us;
    uint32_t pruned_macs; /* of a step: blocks that the file leaves out */
    /* where delta_q15 > 0, else NULL */
    int16_t *counted; /* (columns8(N)) the states as they counted last */
    int32_t *sums;    /* (2N) their product */
} lnn_cell_s8_t;

typedef struct {
    uint16_t n_inputs; /* M */
    uint16_t n_units;  /* N */
    union {
        lnn_cell_f32_t f32;
        lnn_cell_s8_t s8;
    } as;
} lnn_cell_t;

typedef struct {
    /* config */
    uint16_t n_inputs;
    uint16_t n_labels;
    uint16_t idle_label;
    bool expects_features;          /* task anomaly */
    uint32_t inv_smoothing_q16;     /* 1/s */
    const lnn_file_label_t *labels; /* (n_labels) */
    /* weights of a float model */
    const float *bias;    /* (rows4(n_labels)) */
    const float *weights; /* (n_labels, n_inputs) rows4 */
    /* weights of an integer model */
    const int32_t *bias_q16;  /* (rows4(n_labels)) */
    const int32_t *scale;     /* (rows4(n_labels)) */
    lnn_matrix_t matrix;   /* (rows4(n_labels), n_inputs) */
    /* state */
    int32_t *logits_q16;     /* (rows4(n_labels)); anomaly: the features expected at the next step */
    int32_t *evidence_q16;   /* (n_labels) logits smoothed over time; anomaly: their squared errors */
    uint16_t *posterior_q15; /* (n_labels) softmax of the evidence; anomaly: s / (1 + s) for all, s its mean */
    float *scores; /* (n_labels) the posterior as the caller sees it; anomaly: each band's part of the error */
    float *thresholds; /* (n_labels) writable copy of the file's */
    uint16_t *threshold_q15; /* (n_labels) */
    uint64_t armed; /* bit a label: its posterior was below the threshold since its detection */
    uint64_t refractory_samples; /* left until a next detection */
    uint32_t dt_us; /* of share_q31 */
    int32_t share_q31; /* of new logits in the evidence */
} lnn_readout_t;

typedef struct {
    lnn_policy_t policy;
    /* the policy in samples and integers */
    uint32_t tick_samples; /* min_timestep_us */
    uint32_t max_samples; /* max_timestep_us */
    uint32_t hold_ticks;
    uint32_t per_sample_q24; /* 1 / tick_samples */
    uint64_t open_power; /* sum of squares of a tick that opens the gate */
    uint64_t close_power;
    uint32_t rise_q16; /* of the background a tick */
    uint32_t growth_q8;
    int32_t attack_q16;
    int32_t release_q16;
    /* state */
    uint64_t background; /* sum of squares of a tick of the noise floor */
    int32_t crossing_mean_q8; /* zero crossings of a usual tick */
    int32_t complexity_q16; /* of the last tick or step */
    uint32_t hold_left; /* ticks until the gate may close */
    uint32_t timestep_samples;
    bool open;
} lnn_gate_t;

struct lnn_model {
    lnn_info_t info;
    lnn_frontend_t frontend;
    lnn_cell_t cells[LNN_MAX_CELLS];
    lnn_readout_t readout;
    lnn_gate_t gate;
    lnn_counters_t counters;
    lnn_clock_t clock;
    /* engine */
    int16_t *ring; /* (window_samples) the newest audio */
    void *scratch; /* shared by the front-end and the cells, which never run at once */
    bool integer; /* weights of cells and readout, else they are float32 */
    uint32_t ring_at; /* next place to write */
    uint32_t tick_filled; /* samples of the current tick */
    uint32_t elapsed; /* samples since the cells' last step */
    uint64_t tick_power; /* sum of squares of the tick */
    uint32_t tick_crossings;
    int16_t last_sample;
    uint64_t last_power; /* of the last whole tick */
    int32_t flux_q16; /* of the last step */
    uint32_t steps; /* since the reset */
    uint32_t us_per_sample_q16;
    /* golden vectors, in the file */
    const int16_t *golden_audio;
    const float *golden_logits;
    uint32_t golden_samples;
    uint32_t golden_steps;
    float golden_tolerance;
    const lnn_file_policy_t *file_policy;
};

/* The block of the model struct is as large on a 64-bit host as on a board, so that ram_bytes is one number. */
typedef char lnn_model_fits[sizeof(struct lnn_model) <= LNN_MODEL_BYTES ? 1 : -1];
typedef char lnn_policy_is_the_files[sizeof(lnn_policy_t) == sizeof(lnn_file_policy_t) ? 1 : -1];

static inline uint32_t lnn_rows4(uint32_t rows) {
    return (rows + 3u) & ~3u;
}

/* Inputs and state of an integer cell are filled up with zeros, for kernels that take eight at a time. */
static inline uint32_t lnn_columns8(uint32_t columns) {
    return (columns + 7u) & ~7u;
}

static inline int16_t *lnn_state_s8(const lnn_cell_t *cell) {
    return cell->as.s8.uh + lnn_columns8(cell->n_inputs);
}

static inline uint32_t lnn_now(const lnn_model_t *model) {
    return model->clock ? model->clock() : 0u;
}

/*
 * frontend_f32.c, frontend_q15.c: features of the window that is the ring's older part, then its newer
 * part; the spectral flux since the features before. lnn_features_to_q12: from float features to integer ones.
 */
void lnn_frontend_f32_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          float *scratch, float *features);
int32_t lnn_frontend_f32_flux_q16(lnn_frontend_t *fe, const float *features);
void lnn_frontend_q15_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
                          void *scratch, int16_t *features);
int32_t lnn_frontend_q15_flux_q16(lnn_frontend_t *fe, const int16_t *features);
void lnn_features_to_q12(const float *features, uint32_t n, int16_t *q12);

/* numbers.c: rows of numbers to features, logits to forecasts */
const float *lnn_numbers_to_features(const lnn_frontend_t *frontend, const float *numbers);
void lnn_numbers_forecast(const lnn_model_t *m, const float *numbers, float *logits);

/* cell_ltc_f32.c, cell_ltc_s8.c: one fused step on the inputs in uh; the new state is behind them */
void lnn_cell_f32_step(lnn_cell_t *cell, float dt_s, float *scratch);
uint32_t lnn_cell_s8_step(lnn_cell_t *cell, uint32_t dt_us, int32_t *scratch); /* products that were not needed */
uint32_t lnn_leak_share_q31(uint32_t inv_tau_q16, uint32_t dt_us);

/* readout.c */
void lnn_readout_reset(lnn_readout_t *ro);
void lnn_readout_set_threshold(lnn_readout_t *ro, uint32_t label, float threshold);
void lnn_readout_f32_step(lnn_readout_t *ro, const float *state, float *scratch);
void lnn_readout_s8_step(lnn_readout_t *ro, const int16_t *state, int32_t *scratch);
void lnn_readout_smooth(lnn_readout_t *ro, uint32_t dt_us, bool heard);
uint16_t lnn_readout_top(const lnn_readout_t *ro);
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint32_t sample_rate_hz);
void lnn_readout_elapse(lnn_readout_t *ro, uint32_t samples);

/* anomaly.c: in the place of smoothing, softmax and report where expects_features */
void lnn_anomaly_compare(lnn_model_t *m, uint32_t dt_us); /* before the readout's step, which makes new logits */
void lnn_anomaly_update(lnn_readout_t *ro); /* posteriors */
void lnn_anomaly_share(const lnn_readout_t *ro); /* scores */

/* errors.c: in the order of enum cell and enum solver */
extern const char *const lnn_cell_names[];
extern const char *const lnn_solver_names[];

/* engine.c: in scratch, valid until the next call */
float *lnn_float_logits(lnn_model_t *m);

/* policy.c */
void lnn_gate_set_policy(lnn_gate_t *gate, const lnn_policy_t *policy, uint32_t sample_rate_hz);
void lnn_gate_reset(lnn_gate_t *gate);
bool lnn_gate_tick(lnn_gate_t *gate, uint64_t power, uint32_t crossings);
void lnn_gate_after_step(lnn_gate_t *gate, int32_t flux_q16);

#endif
