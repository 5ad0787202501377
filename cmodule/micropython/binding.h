/* SPDX-License-Identifier: MIT */
/*
 * What the files of the MicroPython binding share.
 *
 * Python code may run whenever an object is called, compared or converted to a number, while a microphone waits
 * (scheduled callbacks, other threads), and when memory is allocated (finalisers). It may resize a buffer or close a
 * model. A function therefore converts its arguments first and fetches pointers last.
 */
#ifndef LIQUID_BINDING_H
#define LIQUID_BINDING_H

#include "liquid_audio_lnn.h"
#include "py/obj.h"

/* What the board draws, for LNN.current_power_mw(); 0: not known. boards/shared/chips/ has the constants behind it. */
#if defined(CONFIG_LIQUID_AUDIO)
#define LIQUID_IDLE_UW CONFIG_LIQUID_AUDIO_IDLE_UW
#define LIQUID_CYCLE_PJ CONFIG_LIQUID_AUDIO_CYCLE_PJ
#endif
#ifndef LIQUID_IDLE_UW
#define LIQUID_IDLE_UW 0
#define LIQUID_CYCLE_PJ 0
#endif

/* Zephyr says so by Kconfig: MicroPython's port for it takes sources and include paths of a user module, no definitions. */
#if defined(CONFIG_LIQUID_AUDIO_VERIFY) && !defined(LIQUID_VERIFIES_MODELS)
#define LIQUID_VERIFIES_MODELS 1
#endif

typedef struct {
    mp_obj_base_t base;
    lnn_model_t *model; /* NULL after deinit() */
    void *memory;       /* holds the model; the garbage collector keeps it because it is named here */
    mp_obj_t file;      /* read-only buffer with the .lnn file, used in place; None if the file was copied */
    void *copy;         /* the copied file; NULL if it is used in place */
    mp_obj_t labels;    /* tuple of str */
    mp_obj_t result;
} liquid_lnn_t;

typedef struct {
    mp_obj_base_t base;
    lnn_result_t c;
    liquid_lnn_t *lnn;
} liquid_result_t;

extern const mp_obj_type_t liquid_lnn_type;
extern const mp_obj_type_t liquid_result_type;
extern const mp_obj_type_t liquid_per_label_type;
extern const mp_obj_type_t liquid_mic_type;

/* lnn_checks.c */

/* Raises ValueError "NAME: sentence" unless the status is LNN_OK. */
void liquid_check(lnn_status_t status);
/* The model. Raises ValueError after deinit(). */
lnn_model_t *liquid_model(const liquid_lnn_t *lnn);
/* The int16 samples of a buffer: array('h'), bytes, bytearray or a memoryview of these. Raises TypeError, ValueError. */
const int16_t *liquid_samples(mp_obj_t block, size_t *n_samples);
/* A tuple of floats that lie in the model's memory. Raises ValueError if the model is closed meanwhile. */
mp_obj_t liquid_floats(const liquid_lnn_t *lnn, const float *values, size_t n);

/* lnn_file.c: puts the file into `lnn`. A str is a path; anything else is a buffer, copied if it is writable. */
const void *liquid_read_file(liquid_lnn_t *lnn, mp_obj_t source, size_t *bytes);

/* lnn_process.c: LNN.process(), LNN.skip(), LNN.events() and LNN.listen(). */
mp_obj_t liquid_process(mp_obj_t lnn, mp_obj_t block);
mp_obj_t liquid_skip(mp_obj_t lnn, mp_obj_t lost_samples);
MP_DECLARE_CONST_FUN_OBJ_2(liquid_process_obj);
MP_DECLARE_CONST_FUN_OBJ_2(liquid_skip_obj);
MP_DECLARE_CONST_FUN_OBJ_1(liquid_events_obj);
MP_DECLARE_CONST_FUN_OBJ_KW(liquid_listen_obj);

/* lnn_result.c */
mp_obj_t liquid_result_new(liquid_lnn_t *lnn);

/* lnn_settings.c: thresholds and refractory times, and the policy's fields, which are attributes of LNN. */
mp_obj_t liquid_per_label_new(mp_obj_t lnn, bool refractory);
/* These two return false if the policy has no field of this name. */
bool liquid_policy_load(const lnn_policy_t *policy, qstr name, mp_obj_t *value);
bool liquid_policy_store(lnn_policy_t *policy, qstr name, mp_obj_t value);
/* Makes it the model's policy. Raises ValueError with field, value and range if it is impossible. */
void liquid_policy_use(const liquid_lnn_t *lnn, const lnn_policy_t *policy);
mp_obj_t liquid_policy_dict(const lnn_policy_t *policy);

/* lnn_timetable.c: LNN.timetable, a dict or None. Raises ValueError, TypeError or KeyError for what is none. */
mp_obj_t liquid_timetable_load(const lnn_timetable_t *table);
void liquid_timetable_store(const liquid_lnn_t *lnn, mp_obj_t value);

/* mod_liquid_audio.c: executed instructions on a virtual board, CPU cycles on others. */
uint32_t liquid_clock(void);

/* zephyr_system.c */
MP_DECLARE_CONST_FUN_OBJ_1(liquid_lightsleep_obj);
MP_DECLARE_CONST_FUN_OBJ_0(liquid_slept_us_obj);
MP_DECLARE_CONST_FUN_OBJ_0(liquid_baked_model_obj);

#endif
