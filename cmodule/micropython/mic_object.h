/* SPDX-License-Identifier: MIT */
/* What class Mic needs from a board's microphone: virtual_mic.c or zephyr_mic.c. */
#ifndef LIQUID_MIC_OBJECT_H
#define LIQUID_MIC_OBJECT_H

#include "binding.h"

#define LIQUID_MIC_RATE_HZ 16000 /* unless Mic() is given another */

mp_obj_t liquid_mic_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);

/*
 * Waits for at most n samples and returns how many liquid_mic_take() can give, 0 at the end of a recording. Python code
 * may run meanwhile. The next wait after the end starts the recording again.
 */
size_t liquid_mic_wait(mp_obj_t mic, size_t n);
/* Gives the first n of the samples that were waited for. No Python code runs. */
size_t liquid_mic_take(mp_obj_t mic, int16_t *audio, size_t n);

void liquid_mic_close(mp_obj_t mic);

/* rate, overruns, lost, and what only this microphone has; MP_OBJ_NULL for any other name. */
mp_obj_t liquid_mic_number(mp_obj_t mic, qstr name);

/* On Zephyr. */
MP_DECLARE_CONST_FUN_OBJ_1(liquid_mic_start_obj);
MP_DECLARE_CONST_FUN_OBJ_1(liquid_mic_stop_obj);

#endif
