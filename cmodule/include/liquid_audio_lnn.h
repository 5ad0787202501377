/*
 * Liquid Audio Nets: liquid time-constant networks that listen on a microcontroller.
 *
 * The one public header of the C core. The core allocates nothing, keeps no globals and does no
 * I/O: the caller owns the model file (flash, ROM or RAM; read in place) and one block of memory.
 *
 *     uint32_t need;
 *     lnn_model_t *model;
 *     lnn_result_t result;
 *     if (lnn_ram_bytes(data, data_bytes, &need) == LNN_OK && need <= sizeof memory &&
 *         lnn_load_from_flash(data, data_bytes, memory, sizeof memory, &model) == LNN_OK) {
 *         for (;;) {
 *             wait_for_audio(block);
 *             lnn_process_cmsis(model, block, BLOCK_SAMPLES, &result);
 *             if (result.keyword_detected && result.confidence > 0.8f) { led_on(); }
 *             sleep_until_interrupt();
 *         }
 *     }
 *
 * `memory` is aligned to 8, `data` to 4 (a const array from `xxd -i`, with alignas). To build: all of core/ but its headers
 * (sources.cmake names the files), C99, -Iinclude, and the C library's -lm.
 *
 * Every function returns within a bounded time. One model is used by one thread at a time;
 * any number of models may live side by side.
 */
#ifndef LIQUID_AUDIO_LNN_H
#define LIQUID_AUDIO_LNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The errors below come from format/fields.toml. generated:begin */
typedef enum {
    LNN_OK = 0, /* no error */
    LNN_ERR_ARGUMENT = -1, /* an argument is missing or out of range */
    LNN_ERR_ALIGNMENT = -2, /* model data or memory is not aligned (data to 4 bytes, memory to 8) */
    LNN_ERR_MEMORY = -3, /* the memory given is smaller than the model's ram_bytes */
    LNN_ERR_TRUNCATED = -4, /* the file is shorter than its header says */
    LNN_ERR_LENGTH = -5, /* the file is longer than its header says */
    LNN_ERR_MAGIC = -6, /* not an .lnn file */
    LNN_ERR_VERSION = -7, /* written for another version of the format */
    LNN_ERR_CRC = -8, /* the checksum is wrong: the file is damaged, send it again */
    LNN_ERR_RAM = -9, /* ram_bytes in the header is not what this model needs */
    LNN_ERR_SECTIONS = -10, /* the section table has a hole, an overlap, or a section too many or too few */
    LNN_ERR_PADDING = -11, /* reserved or padding bytes are not zero */
    LNN_ERR_RANGE = -12, /* a size in the file is outside the limits of the format */
    LNN_ERR_SHAPE = -13, /* sizes of neighbouring sections do not fit together */
    LNN_ERR_NUMBER = -14, /* a number is not finite, or outside its range */
    LNN_ERR_LABEL = -15, /* a label is empty, unterminated or not UTF-8 */
    LNN_ERR_FRONTEND = -16, /* this firmware has no such front-end or FFT size */
    LNN_ERR_CELL = -17, /* this firmware has no such kind of cell */
    LNN_ERR_SOLVER = -18, /* this firmware has no such solver */
    LNN_ERR_WEIGHTS = -19, /* this firmware has no kernels for such weights or their layout */
    LNN_ERR_POLICY = -20, /* the timestep policy is impossible (for example minimum above maximum) */
    LNN_ERR_SELFTEST = -21, /* the golden vectors do not come out as on the host */
    LNN_ERR_NO_GOLDEN = -22, /* the model carries no golden vectors */
    LNN_ERR_NO_AUDIO = -23, /* the model takes rows of numbers, not audio: give them to step() */
    LNN_ERR_TASK = -24, /* the task does not fit the front-end: series reads rows of numbers, all others audio */
} lnn_status_t;
/* generated:end */

/* A loaded model: it lives in the caller's memory, its weights stay in the model file. */
typedef struct lnn_model lnn_model_t;

/* The adaptive timestep. The same record stands in the file; see format/SPEC.md. */
typedef struct {
    uint32_t min_timestep_us;      /* smallest timestep; also the tick at which energy is looked at */
    uint32_t max_timestep_us;      /* largest timestep while the gate is open */
    uint32_t hold_us;              /* the gate stays open this long after the last loud tick */
    uint32_t complexity;           /* lnn_complexity_t */
    float energy_threshold;        /* RMS of a tick that opens the gate, full scale 1 */
    float gate_close_ratio;        /* the gate closes below energy_threshold times this */
    float attack_threshold;        /* complexity from which the timestep is the smallest, at once */
    float release_threshold;       /* complexity below which the timestep grows */
    float release_growth;          /* factor of that growth a step */
    float background_rise_per_s;   /* how fast the noise floor may rise (1 doubles it in a second) */
} lnn_policy_t;

typedef enum {
    LNN_ENERGY = 0,         /* log2 of a tick's energy over the noise floor */
    LNN_SPECTRAL_FLUX = 1,  /* mean rise of the features since the last step */
    LNN_ZERO_CROSSINGS = 2, /* distance of a tick's zero-crossing rate from its slow mean */
} lnn_complexity_t;

/*
 * What lnn_process_cmsis() found. Pointers stay valid as long as the model and its file do. A vad model's first label is
 * detected when speech begins; that it goes on, is_speech tells.
 */
typedef struct {
    const char *keyword;    /* the label detected in this block, else the likeliest one */
    const float *scores;    /* posterior of every label, in the order of the labels; task anomaly: each band's part of the error */
    float confidence;       /* posterior of `keyword`; task anomaly: s / (1 + s), s the error in units of the limit of normal */
    float energy;           /* RMS of the last tick, full scale 1 */
    float flux;             /* spectral flux of the last step */
    float complexity;       /* what the policy saw last, in the unit of its metric */
    uint32_t timestep_us;   /* the policy's choice for the next step */
    uint32_t steps;         /* steps of the cells since the reset */
    uint16_t label;         /* index of `keyword` */
    uint16_t n_scores;
    bool keyword_detected;  /* a label passed its threshold within this block */
    bool is_speech;         /* the gate is open and the likeliest label is not the idle one */
} lnn_result_t;

/* Where the work went. Times are in ticks of the clock given to lnn_set_clock(), else 0. */
typedef struct {
    uint64_t samples;        /* audio seen, dropped audio included */
    uint32_t ticks;          /* energy measurements */
    uint32_t gated_ticks;    /* of these below the gate: nothing else was computed */
    uint32_t frontend_runs;
    uint32_t steps;          /* of all cells together */
    uint32_t detections;
    uint64_t skipped_macs;   /* pruned weights, and states that have hardly moved */
    uint64_t gate_time;      /* energy of the ticks, gate and policy */
    uint64_t frontend_time;
    uint64_t cell_time;
    uint64_t readout_time;   /* readout, smoothing and detection */
} lnn_counters_t;

/* Sizes that a caller may want to know. */
typedef struct {
    uint32_t sample_rate_hz;
    uint32_t model_bytes;      /* the file */
    uint32_t ram_bytes;        /* the caller's memory */
    uint32_t macs_per_step;    /* multiply-accumulates of cells and readout */
    uint32_t parameters;       /* weights, biases and time constants of cells and readout */
    uint16_t window_samples;
    uint16_t n_features;
    uint16_t n_labels;
    uint16_t n_cells;
    uint16_t idle_label;       /* UINT16_MAX: none */
    uint16_t task;             /* 0 keywords, 1 wake word, 2 vad, 3 sounds, 4 anomaly, 5 series: enum task of format/SPEC.md */
} lnn_info_t;

/* A free-running counter, for example of CPU cycles. It may wrap; a stage is shorter than a wrap. */
typedef uint32_t (*lnn_clock_t)(void);

/* Memory that the model needs. Checks the header only. */
lnn_status_t lnn_ram_bytes(const void *data, size_t data_bytes, uint32_t *ram_bytes);

/*
 * Checks the whole file, places the model into `memory` and resets it. `data` (aligned to 4 bytes)
 * is used in place and must outlive the model; `memory` is aligned to 8.
 * After LNN_OK no later call can fail for the file's sake.
 */
lnn_status_t lnn_load_from_flash(const void *data, size_t data_bytes, void *memory, size_t memory_bytes,
    lnn_model_t **model);

/*
 * Takes mono 16-bit audio of any length and runs the steps that fall due. Results do not depend on
 * how a stream is cut into blocks, but for the block in which they are reported.
 * (CMSIS-DSP serves where the build has it; the name is the same everywhere.)
 */
lnn_status_t lnn_process_cmsis(lnn_model_t *model, const int16_t *audio, size_t n_samples, lnn_result_t *result);

/* Audio was lost: the network sees the gap as elapsed time, a larger dt of its next step. */
lnn_status_t lnn_skip(lnn_model_t *model, uint32_t lost_samples);

/* Back to the state after loading; policy, thresholds, clock and counters stay. */
void lnn_reset(lnn_model_t *model);

/*
 * One step without the engine: `features` (n_features) in, logits (n_labels, valid until the next
 * call) out, the cells advanced by dt_s seconds, above 0, clipped to 1 ms to 1 s.
 * Models without a front-end: a row of numbers in, what the first n_labels of them will be out; dt_s is the time
 * since the last row, on the model's own scale; LNN_ERR_ARGUMENT for a number that is not finite. Features are
 * clipped as the front-end does, a NaN becomes the least.
 */
lnn_status_t lnn_step(lnn_model_t *model, const float *features, float dt_s, const float **logits);

/* One front-end run without the engine: window_samples of audio in, n_features out. */
lnn_status_t lnn_features(lnn_model_t *model, const int16_t *window, float *features);

/* Runs the golden vectors of the file; resets the model. max_difference (of a logit) may be NULL. */
lnn_status_t lnn_selftest(lnn_model_t *model, float *max_difference);

const lnn_policy_t *lnn_get_policy(const lnn_model_t *model);
/* Takes effect with the next sample; refuses an impossible policy and keeps the old one. */
lnn_status_t lnn_set_policy(lnn_model_t *model, const lnn_policy_t *policy);

const char *lnn_label_name(const lnn_model_t *model, uint16_t label); /* NULL: no such label */
float lnn_get_threshold(const lnn_model_t *model, uint16_t label);    /* 0: never detected */
lnn_status_t lnn_set_threshold(lnn_model_t *model, uint16_t label, float threshold);

void lnn_get_info(const lnn_model_t *model, lnn_info_t *info);
const lnn_counters_t *lnn_get_counters(const lnn_model_t *model);
void lnn_clear_counters(lnn_model_t *model);
void lnn_set_clock(lnn_model_t *model, lnn_clock_t clock); /* NULL: no times */

const char *lnn_error_name(lnn_status_t status); /* such as "ERR_CRC" without the prefix: "CRC" */
const char *lnn_error_text(lnn_status_t status); /* one sentence */

/* What the file asks for that made lnn_load_from_flash() answer LNN_ERR_CELL or LNN_ERR_SOLVER, such as "euler", or NULL. */
const char *lnn_refused_name(const void *data, lnn_status_t status);

#ifdef __cplusplus
}
#endif

#endif
