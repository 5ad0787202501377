/* What the files of the MicroPython binding share. */
#ifndef LIQUID_BINDING_H
#define LIQUID_BINDING_H

#include "liquid_audio_lnn.h"
#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    lnn_model_t *model;  /* NULL after deinit() */
    void *memory;        /* the model lives here; named so that the garbage collector keeps it */
    mp_obj_t file;       /* the buffer with the .lnn file, used in place */
    const void *data;    /* where that buffer was when it was checked */
    mp_obj_t labels;     /* tuple of str */
    mp_obj_t result;
} liquid_lnn_t;

typedef struct {
    mp_obj_base_t base;
    lnn_result_t c;
    liquid_lnn_t *lnn;
} liquid_result_t;

extern const mp_obj_type_t liquid_lnn_type;
extern const mp_obj_type_t liquid_result_type;
extern const mp_obj_type_t liquid_thresholds_type;
extern const mp_obj_type_t liquid_mic_type;
MP_DECLARE_CONST_FUN_OBJ_KW(liquid_listen_obj);
/* zephyr_system.c */
MP_DECLARE_CONST_FUN_OBJ_1(liquid_lightsleep_obj);
MP_DECLARE_CONST_FUN_OBJ_0(liquid_slept_us_obj);
MP_DECLARE_CONST_FUN_OBJ_0(liquid_baked_model_obj);

/* Raises ValueError "NAME: sentence" for anything but LNN_OK. */
void liquid_check(lnn_status_t status);
/* The model; raises ValueError after deinit(). */
lnn_model_t *liquid_model(const liquid_lnn_t *lnn);
/* Any buffer of int16 samples, or of bytes of an even number; raises TypeError or ValueError. */
const int16_t *liquid_samples(mp_obj_t block, size_t *n_samples);

/* LNN.process() and LNN.skip(). */
mp_obj_t liquid_process(mp_obj_t lnn, const int16_t *audio, size_t n_samples);
mp_obj_t liquid_skip(mp_obj_t lnn, mp_obj_t lost_samples);

mp_obj_t liquid_result_new(liquid_lnn_t *lnn);
mp_obj_t liquid_thresholds_new(mp_obj_t lnn);

/* Policy fields are attributes of LNN: false where `name` is none. */
bool liquid_policy_load(lnn_model_t *model, qstr name, mp_obj_t *value);
bool liquid_policy_store(lnn_policy_t *policy, qstr name, mp_obj_t value);
mp_obj_t liquid_policy_dict(lnn_model_t *model);

/* Instructions on a virtual board, CPU cycles on others. */
uint32_t liquid_clock(void);

#endif
