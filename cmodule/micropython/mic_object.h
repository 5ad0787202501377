/* What a board's microphone gives to class Mic. */
#ifndef LIQUID_MIC_OBJECT_H
#define LIQUID_MIC_OBJECT_H

#include "binding.h"

#define LIQUID_MIC_RATE_HZ 16000 /* unless Mic() is told another */

mp_obj_t liquid_mic_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
/* Waits for at most n samples; returns how many came, 0 at a file's end. */
size_t liquid_mic_read(mp_obj_t mic, int16_t *audio, size_t n);
void liquid_mic_close(mp_obj_t mic);
/* rate, overruns, lost and what this microphone can say besides; MP_OBJ_NULL for another name. */
mp_obj_t liquid_mic_number(mp_obj_t mic, qstr name);
/* Zephyr */
MP_DECLARE_CONST_FUN_OBJ_1(liquid_mic_start_obj);
MP_DECLARE_CONST_FUN_OBJ_1(liquid_mic_stop_obj);

#endif
