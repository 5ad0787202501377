/* SPDX-License-Identifier: MIT */
/*
 * Liquid Audio Nets: liquid time-constant networks that listen on a microcontroller.
 *
 * This is the one public header of the C core. The core allocates nothing, keeps no globals and does no
 * I/O. The caller owns the model file (in flash, ROM or RAM; it is used in place) and one block of memory.
 *
 *     uint32_t need;
 *     lnn_model_t *model;
 *     lnn_result_t result;
 *     if (lnn_ram_bytes(data, data_bytes, &need) == LNN_OK && need <= sizeof memory &&
 *         lnn_load(data, data_bytes, memory, sizeof memory, &model) == LNN_OK) {
 *         for (;;) {
 *             wait_for_audio(block);
 *             lnn_process(model, block, BLOCK_SAMPLES, &result);
 *             if (result.keyword_detected && result.confidence > 0.8f) { led_on(); }
 *             sleep_until_interrupt();
 *         }
 *     }
 *
 * Align `memory` to 8 bytes and `data` to 4 bytes (for example a const array from `xxd -i`, with alignas).
 * To build the core, compile every C file of core/ as C99 with -Iinclude (sources.cmake lists the files). It needs
 * memcpy() and memset(), and no mathematics library.
 *
 * Every function returns within a bounded time. Use one model from one thread at a time; any number of models can
 * exist side by side.
 */
#ifndef LIQUID_AUDIO_LNN_H
#define LIQUID_AUDIO_LNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library, the same as that of the Python package. The file format has its own version. */
#define LNN_VERSION "0.1.0"

/* The errors come from format/fields.toml. generated:begin errors */
typedef enum {
    /* no error */
    LNN_OK = 0,
    /* an argument is missing or out of range */
    LNN_ERR_ARGUMENT = -1,
    /* the model data is not aligned to 4 bytes, or the memory not to 8 */
    LNN_ERR_ALIGNMENT = -2,
    /* the memory given is smaller than the model's ram_bytes */
    LNN_ERR_MEMORY = -3,
    /* the file is shorter than its header says */
    LNN_ERR_TRUNCATED = -4,
    /* the file is longer than its header says */
    LNN_ERR_LENGTH = -5,
    /* not an .lnn file */
    LNN_ERR_MAGIC = -6,
    /* written for another version of the format */
    LNN_ERR_VERSION = -7,
    /* the checksum is wrong: the file is damaged */
    LNN_ERR_CRC = -8,
    /* ram_bytes in the header is not what this model needs */
    LNN_ERR_RAM = -9,
    /* the section table has a hole, an overlap, or a section too many or too few */
    LNN_ERR_SECTIONS = -10,
    /* reserved or padding bytes are not zero */
    LNN_ERR_PADDING = -11,
    /* a size in the file is outside the limits of the format */
    LNN_ERR_RANGE = -12,
    /* sizes of neighbouring sections do not fit together */
    LNN_ERR_SHAPE = -13,
    /* a number is not finite, or outside its range */
    LNN_ERR_NUMBER = -14,
    /* a label is empty, too long or not printable UTF-8 */
    LNN_ERR_LABEL = -15,
    /* this firmware has no such front-end or FFT size */
    LNN_ERR_FRONTEND = -16,
    /* this firmware has no such kind of cell */
    LNN_ERR_CELL = -17,
    /* this firmware has no such solver */
    LNN_ERR_SOLVER = -18,
    /* this firmware has no kernels for such weights or their layout */
    LNN_ERR_WEIGHTS = -19,
    /* the timestep policy is impossible */
    LNN_ERR_POLICY = -20,
    /* the golden vectors do not come out as on the host */
    LNN_ERR_SELFTEST = -21,
    /* the model carries no golden vectors */
    LNN_ERR_NO_GOLDEN = -22,
    /* the model takes rows of numbers, not audio */
    LNN_ERR_NO_AUDIO = -23,
    /* the task does not fit: series reads rows of numbers, all others audio; series and anomaly have no liquid readout */
    LNN_ERR_TASK = -24,
    /* the model is not signed, or not with this key */
    LNN_ERR_SIGNATURE = -25,
    /* the model is older than the version that is asked for */
    LNN_ERR_MODEL_VERSION = -26,
    /* this firmware has no such stage: the file has a section of an unknown kind */
    LNN_ERR_STAGE = -27
} lnn_status_t;
/* generated:end */

/* A loaded model. It lives in the caller's memory; its weights stay in the model file. */
typedef struct lnn_model lnn_model_t;

/* The adaptive timestep. The file holds the same record. generated:begin policy */
typedef struct {
    /* Smallest timestep, and also the tick: how often the energy is measured. Range: 1000 to max_timestep_us. */
    uint32_t min_timestep_us;
    /* Largest timestep while the gate is open. Range: 1000 to 1000000. */
    uint32_t max_timestep_us;
    /* The gate stays open this long after the last loud tick. Range: 0 to 10000000. */
    uint32_t hold_us;
    /* A value of lnn_complexity_t. */
    uint32_t complexity;
    /* RMS of a tick that opens the gate; full scale is 1. Range: 0 to 1. */
    float energy_threshold;
    /* The gate closes below energy_threshold times this. Range: 0 to 1. */
    float gate_close_ratio;
    /* From this complexity on, the timestep is the smallest at once. Range: release_threshold to 1000. */
    float attack_threshold;
    /* Below this complexity the timestep grows. Range: 0 to 1000. */
    float release_threshold;
    /* Factor by which the timestep grows per step. Range: 1 to 100. */
    float release_growth;
    /* How fast the noise floor may rise: 1 doubles it within a second. Range: 0 to 1000. */
    float background_rise_per_s;
    /* 0: the RMS counts; above 0: only what is not DC or rumble, and it needs this many times the noise floor. Range: 0 to 100. */
    float floor_ratio;
} lnn_policy_t;
/* generated:end */

/*
 * A learned policy: the next timestep by how loud it is, how complex, and what the model believes already. With it the
 * policy's attack_threshold, release_threshold and release_growth do nothing. A level rises with its value at once, and
 * falls when the value is below the border by the margin.
 */
#define LNN_TIMESTEPS 18
typedef struct {
    /* Borders of the levels 1 and 2 of the complexity, in 1/1024 of its unit. */
    uint16_t complexity_low_q10;
    uint16_t complexity_high_q10;
    uint16_t complexity_margin_q10;
    /* The same of the largest posterior of a label with a threshold, in 1/32768. */
    uint16_t evidence_low_q15;
    uint16_t evidence_high_q15;
    uint16_t evidence_margin_q15;
    /*
     * By 9 loud + 3 complexity + evidence, where loud is 0 while only the hold keeps the gate open, else 1. Range: 1 to
     * 1000; a timestep is at least a tick and at most the policy's max_timestep_us.
     */
    uint16_t timestep_ms[18];
} lnn_timetable_t;

/* The measure of the sound that drives the timestep. */
typedef enum {
    /* log2 of a tick's energy over the noise floor */
    LNN_ENERGY = 0,
    /* mean rise of the features since the last step */
    LNN_SPECTRAL_FLUX = 1,
    /* distance of a tick's zero-crossing rate from its slow mean */
    LNN_ZERO_CROSSINGS = 2
} lnn_complexity_t;

/*
 * What lnn_process() found. The pointers stay valid as long as the model and its file do. The first label of a vad
 * model is detected when speech begins; `is_speech` stays true while speech continues.
 */
typedef struct {
    /* The label detected in this block; if there is none, the likeliest label. */
    const char *keyword;
    /* Posterior of every label, in the order of the labels. Task anomaly: the share of each band in the error. */
    const float *scores;
    /* Posterior of `keyword`. Task anomaly: s / (1 + s), where s = 1 is the limit of what is normal. */
    float confidence;
    /* RMS of the last tick; full scale is 1. */
    float energy;
    /* Spectral flux of the last step. */
    float flux;
    /* What the policy saw last, in the unit of its measure. */
    float complexity;
    /* The timestep that the policy chose for the next step. */
    uint32_t timestep_us;
    /* Steps of the cells since the last reset. */
    uint32_t steps;
    /* Index of `keyword`. */
    uint16_t label;
    /* Length of `scores`. */
    uint16_t n_scores;
    /* A label passed its threshold within this block. */
    bool keyword_detected;
    /* The gate is open and the likeliest label is not the idle one. */
    bool is_speech;
} lnn_result_t;

/* One detection. */
typedef struct {
    /* Samples since the last reset, lost audio included, up to the end of the tick that detected it. */
    uint64_t sample;
    /* Posterior of the label. */
    float confidence;
    /* The timestep that the policy chose for the next step. */
    uint32_t timestep_us;
    /* Index of the label. */
    uint16_t label;
} lnn_event_t;

/* Where the work went. Times are in ticks of the clock given to lnn_set_clock(); without a clock they are 0. */
typedef struct {
    /* Audio seen, including audio that was reported lost. */
    uint64_t samples;
    /* Energy measurements. */
    uint32_t ticks;
    /* Ticks below the gate, for which nothing else was computed. */
    uint32_t gated_ticks;
    /* Runs of the front-end. */
    uint32_t frontend_runs;
    /* Steps; one step advances all cells. */
    uint32_t steps;
    /* Detections of all labels together. */
    uint32_t detections;
    /* Events that made room for newer ones because nobody had fetched them. */
    uint32_t lost_events;
    /* Multiply-accumulates saved by pruned weights, by states that have hardly moved and by cells that waited. */
    uint64_t skipped_macs;
    /* Energy measurement, gate and policy. */
    uint64_t gate_time;
    /* Front-end. */
    uint64_t frontend_time;
    /* Traces. */
    uint64_t trace_time;
    /* Cells. */
    uint64_t cell_time;
    /* Readout, smoothing and detection. */
    uint64_t readout_time;
} lnn_counters_t;

/* Sizes of a loaded model. */
typedef struct {
    uint32_t sample_rate_hz;
    /* The file. */
    uint32_t model_bytes;
    /* The caller's memory. */
    uint32_t ram_bytes;
    /* Multiply-accumulates of cells and readout in a step in which every cell runs. */
    uint32_t macs_per_step;
    /* Weights, biases and time constants of traces, cells and readout. */
    uint32_t parameters;
    /* Counts the releases of a signed model. */
    uint32_t model_version;
    /* Newest samples that a step looks at; 0 if the model reads rows of numbers. */
    uint16_t window_samples;
    /* Features per step. */
    uint16_t n_features;
    uint16_t n_labels;
    uint16_t n_cells;
    /* Index of the label of no sound at all; UINT16_MAX if there is none. */
    uint16_t idle_label;
    /* 0 keywords, 1 wake word, 2 vad, 3 sounds, 4 anomaly, 5 series: enum task of format/SPEC.md. */
    uint16_t task;
} lnn_info_t;

/*
 * Enough memory for every model of such sizes, as a constant for static allocation; lnn_ram_bytes() gives the exact
 * number. n_units: of the largest cell. `liquid-info --header` writes the exact number of one model.
 */
#define LNN_MODEL_RAM_BYTES(window_samples, fft_points, n_features, n_labels, n_cells, n_units)                        \
    (2028u + 2u * (window_samples) + 8u * (fft_points) + 28u * (n_features) + 58u * ((n_labels) + 3u)                  \
     + 20u * (n_units) + (n_cells) * (2u * (n_features) + 24u * (n_units) + 96u))

/* A free-running counter, for example of CPU cycles. It may wrap; no stage takes longer than one wrap. */
typedef uint32_t (*lnn_clock_t)(void);

/* LNN_VERSION of the core that is linked. */
const char *lnn_version(void);

/* Memory that the model needs. Checks the header only. */
lnn_status_t lnn_ram_bytes(const void *data, size_t data_bytes, uint32_t *ram_bytes);

/*
 * Checks the whole file, places the model into `memory` and resets it. `data` is used in place and must stay
 * unchanged as long as the model is used. After LNN_OK no later call can fail because of the file.
 */
lnn_status_t lnn_load(const void *data, size_t data_bytes, void *memory, size_t memory_bytes, lnn_model_t **model);

/* Bytes that lie side by side. */
typedef struct {
    const uint8_t *bytes;
    size_t n_bytes;
} lnn_span_t;

/* What a signature vouches for. */
typedef struct {
    /* The signed bytes are these, one span after the other: the file up to the signature, its CRC taken as zero. */
    lnn_span_t spans[3];
    /* 64 bytes: R and S of Ed25519. */
    const uint8_t *signature;
    /* It is among the signed bytes. */
    uint32_t model_version;
} lnn_signed_t;

/*
 * Decides whether a model may be loaded: LNN_OK, LNN_ERR_SIGNATURE, or LNN_ERR_MODEL_VERSION if the signature is right
 * but the model too old. `context` is the caller's. liquid_audio_verify.h has one for Ed25519.
 */
typedef lnn_status_t (*lnn_verify_t)(const lnn_signed_t *model, const void *context);

/*
 * lnn_load() for a model that must be signed. `verify` is asked once the header and the CRC are checked, and before
 * anything else in the file is believed. A model without a signature is refused with LNN_ERR_SIGNATURE. If `verify`
 * refuses a model, `memory` keeps what it holds, so that a model which runs there goes on working.
 */
lnn_status_t lnn_load_verified(const void *data, size_t data_bytes, lnn_verify_t verify, const void *context,
                               void *memory, size_t memory_bytes, lnn_model_t **model);

/*
 * Takes mono 16-bit audio of any length and runs the steps that become due. Results do not depend on how a stream is
 * cut into blocks, except for the block in which they are reported.
 */
lnn_status_t lnn_process(lnn_model_t *model, const int16_t *audio, size_t n_samples, lnn_result_t *result);

/*
 * Gives the oldest detection that has not been given yet; false if there is none. Detections do not get lost when
 * several fall into one block: the model keeps the newest eight, and lnn_counters_t counts those that it had to drop.
 */
bool lnn_next_event(lnn_model_t *model, lnn_event_t *event);

/*
 * Tells the model that audio was lost. The gap counts as silence: the next window holds zeros in its place, the hold of
 * the gate and refractory times run out, evidence fades, and the network sees elapsed time (its next step has a larger
 * dt). The noise floor stays.
 */
lnn_status_t lnn_skip(lnn_model_t *model, uint32_t lost_samples);

/*
 * Returns to the state after loading. Policy, thresholds, refractory times, clock and counters stay; events that were
 * not fetched are dropped.
 */
lnn_status_t lnn_reset(lnn_model_t *model);

/*
 * One step without the engine: takes `features` (n_features), advances the cells by dt_s seconds and gives the logits
 * (n_labels), which stay valid until the next call. dt_s must be above 0 and is clipped to 1 ms to 1 s. Features are
 * clipped as in the front-end; a NaN becomes the smallest feature.
 * A model without a front-end takes a row of numbers and gives a forecast of the first n_labels of them; dt_s is then
 * the time since the last row, on the model's own scale. A number that is not finite gives LNN_ERR_ARGUMENT.
 */
lnn_status_t lnn_step(lnn_model_t *model, const float *features, float dt_s, const float **logits);

/* Logits of the last step (n_labels); valid until the next call. Of a liquid readout they are the evidence. */
const float *lnn_logits(lnn_model_t *model);

/* One run of the front-end without the engine: takes window_samples of audio and gives n_features features. */
lnn_status_t lnn_features(lnn_model_t *model, const int16_t *window, float *features);

/* Runs the golden vectors of the file and resets the model. max_difference (of a logit) may be NULL. */
lnn_status_t lnn_selftest(lnn_model_t *model, float *max_difference);

/* The policy in use. */
const lnn_policy_t *lnn_get_policy(const lnn_model_t *model);

/* The new policy takes effect with the next sample. An impossible policy is refused, and the old one stays. */
lnn_status_t lnn_set_policy(lnn_model_t *model, const lnn_policy_t *policy);

/* The timetable in use; NULL if attack and release choose the timestep. */
const lnn_timetable_t *lnn_get_timetable(const lnn_model_t *model);

/* The new timetable takes effect with the next tick; NULL: attack and release again. An impossible one is refused. */
lnn_status_t lnn_set_timetable(lnn_model_t *model, const lnn_timetable_t *table);

/* The first field of a policy that is outside its range, as people see it: in seconds, not in microseconds. */
typedef struct {
    /* Such as "min_timestep". */
    const char *field;
    /* " s" or "". */
    const char *unit;
    float value;
    float low;
    float high;
    /* The field whose value is the low end; NULL if the low end is a constant. */
    const char *low_field;
    /* The same for the high end. */
    const char *high_field;
} lnn_policy_fault_t;

/* Gives true if lnn_set_policy() would refuse the policy, and why in `fault`, which may be NULL. */
bool lnn_policy_fault(const lnn_policy_t *policy, lnn_policy_fault_t *fault);

/* Name of a label; NULL if there is no such label. */
const char *lnn_label_name(const lnn_model_t *model, uint16_t label);

/* Posterior at which a label is detected; 0 if it is never detected. */
float lnn_get_threshold(const lnn_model_t *model, uint16_t label);
lnn_status_t lnn_set_threshold(lnn_model_t *model, uint16_t label, float threshold);

/* After its detection a label is not detected again within this time. Other labels are not affected. */
uint32_t lnn_get_refractory_us(const lnn_model_t *model, uint16_t label);
lnn_status_t lnn_set_refractory_us(lnn_model_t *model, uint16_t label, uint32_t refractory_us);

lnn_status_t lnn_get_info(const lnn_model_t *model, lnn_info_t *info);

const lnn_counters_t *lnn_get_counters(const lnn_model_t *model);
lnn_status_t lnn_clear_counters(lnn_model_t *model);

/* Sets the clock that fills the times of lnn_counters_t. NULL: no times. */
lnn_status_t lnn_set_clock(lnn_model_t *model, lnn_clock_t clock);

/* What a board draws beside and for the model. `liquid-profile --json` estimates both for known chips. */
typedef struct {
    /* Asleep, with the microphone capturing. */
    float idle_mw;
    /* What a tick of the clock of lnn_set_clock() takes in pJ beyond being asleep for as long. */
    float tick_pj;
} lnn_board_power_t;

/*
 * Mean power over the last whole second of audio in mW, estimated from the times of lnn_counters_t; idle_mw alone until
 * one second has passed, or without a clock. What the program does outside the model does not count. 0 if `board` is NULL.
 */
float lnn_current_power_mw(const lnn_model_t *model, const lnn_board_power_t *board);

/* Name of a status without its prefix, such as "CRC". */
const char *lnn_error_name(lnn_status_t status);

/* What went wrong, in one sentence. */
const char *lnn_error_text(lnn_status_t status);

/* If lnn_load() gave LNN_ERR_CELL or LNN_ERR_SOLVER: what the file asks for, such as "euler". Otherwise NULL. */
const char *lnn_refused_name(const void *data, size_t data_bytes, lnn_status_t status);

#ifdef __cplusplus
}
#endif

#endif
