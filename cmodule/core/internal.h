/*
 * The core's own structs. config (sizes), weights (pointers into the file) and state (pointers into
 * the caller's memory) are kept apart, stage by stage.
 */
#ifndef LNN_INTERNAL_H
#define LNN_INTERNAL_H

#include "liquid_audio_lnn.h"
#include "lnn_format.h"
#include "dsp.h"

#define LNN_RESULT_NONE UINT16_MAX

typedef struct {
    /* config */
    uint16_t window_samples;
    uint16_t fft_points;
    uint16_t n_mels;
    float log_floor;
    float feature_clip;
    /* weights */
    const float *window;       /* (window_samples) */
    const uint16_t *mel_start; /* (n_mels) */
    const uint16_t *mel_count; /* (n_mels) */
    const float *mel_weights;  /* (sum of mel_count) */
    const float *mean;         /* (n_mels) */
    const float *inv_std;      /* (n_mels) */
    /* state */
    lnn_rfft_t rfft;
    float *previous; /* (n_mels) features of the last step, for the flux */
} lnn_frontend_t;

typedef struct {
    /* config */
    uint16_t n_inputs; /* M */
    uint16_t n_units;  /* N */
    float gate_clamp;
    /* weights */
    const float *inv_tau; /* (N) 1/s */
    const float *bias;    /* (2N) gate and reversal of each unit side by side */
    const float *weights; /* (2N, M+N) rows4 */
    /* state */
    float *uh; /* (M+N) inputs, then the state h: one vector for one product */
} lnn_cell_t;

typedef struct {
    /* config */
    uint16_t n_inputs;
    uint16_t n_labels;
    uint16_t idle_label;
    float smoothing_s;
    /* weights */
    const float *bias;               /* (rows4(n_labels)) */
    const float *weights;            /* (n_labels, n_inputs) rows4 */
    const lnn_file_label_t *labels;  /* (n_labels) */
    /* state */
    float *logits;     /* (rows4(n_labels)) */
    float *evidence;   /* (n_labels) logits smoothed over time */
    float *posterior;  /* (n_labels) softmax of the evidence */
    float *thresholds; /* (n_labels) writable copy of the file's */
    uint64_t armed;    /* bit a label: its posterior was below the threshold since its detection */
    uint64_t refractory_samples; /* left until a next detection */
} lnn_readout_t;

typedef struct {
    lnn_policy_t policy;
    /* the policy in samples and integers */
    uint32_t tick_samples;     /* min_timestep_us */
    uint32_t max_samples;      /* max_timestep_us */
    uint32_t hold_ticks;
    uint32_t per_sample_q24;   /* 1 / tick_samples */
    uint64_t open_power;       /* sum of squares of a tick that opens the gate */
    uint64_t close_power;
    uint32_t rise_q16;         /* of the background a tick */
    uint32_t growth_q8;
    int32_t attack_q16;
    int32_t release_q16;
    /* state */
    uint64_t background;       /* sum of squares of a tick of the noise floor */
    int32_t crossing_mean_q8;  /* zero crossings of a usual tick */
    int32_t complexity_q16;    /* of the last tick or step */
    uint32_t hold_left;        /* ticks until the gate may close */
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
    int16_t *ring;    /* (window_samples) the newest audio */
    float *scratch;   /* shared by the front-end and the cells, which never run at once */
    float *features;  /* (n_mels) */
    uint32_t ring_at;       /* next place to write */
    uint32_t tick_filled;   /* samples of the current tick */
    uint32_t elapsed;       /* samples since the cells' last step */
    uint64_t tick_power;    /* sum of squares of the tick */
    uint32_t tick_crossings;
    int16_t last_sample;
    uint64_t last_power;    /* of the last whole tick */
    float flux;
    uint32_t steps;         /* since the reset */
    float inv_rate;         /* s a sample */
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

static inline uint32_t lnn_now(const lnn_model_t *model) {
    return model->clock ? model->clock() : 0u;
}

/* frontend.c: the window ends at the newest sample of the ring */
void lnn_frontend_init(lnn_frontend_t *fe);
void lnn_frontend_run(const lnn_frontend_t *fe, const int16_t *older, uint32_t n_older, const int16_t *newer,
    float *scratch, float *features);
float lnn_frontend_flux(lnn_frontend_t *fe, const float *features);

/* cell_ltc.c: one fused step; the new state stands behind the inputs in cell->uh */
void lnn_cell_step(lnn_cell_t *cell, const float *inputs, float dt_s, float *scratch);

/* readout.c */
void lnn_readout_reset(lnn_readout_t *ro);
void lnn_readout_step(lnn_readout_t *ro, const float *state, float dt_s);
void lnn_readout_rest(lnn_readout_t *ro, float dt_s);
uint16_t lnn_readout_top(const lnn_readout_t *ro);
uint16_t lnn_readout_detect(lnn_readout_t *ro, uint32_t sample_rate_hz);
void lnn_readout_elapse(lnn_readout_t *ro, uint32_t samples);

/* policy.c */
bool lnn_policy_is_valid(const lnn_policy_t *policy);
void lnn_gate_set_policy(lnn_gate_t *gate, const lnn_policy_t *policy, uint32_t sample_rate_hz);
void lnn_gate_reset(lnn_gate_t *gate);
bool lnn_gate_tick(lnn_gate_t *gate, uint64_t power, uint32_t crossings);
void lnn_gate_after_step(lnn_gate_t *gate, int32_t flux_q16);

/* engine.c */
void lnn_network_step(lnn_model_t *model, const float *features, float dt_s);

#endif
