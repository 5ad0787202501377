/* What only Zephyr boards have: a model in flash, and a count of the time asleep. */
#include <liquid_audio/sleep.h>

#include "binding.h"

#if defined(CONFIG_LIQUID_AUDIO_BAKED_MODEL)
#include <liquid_audio/baked_model.h>
#include "py/objarray.h"

/* -> memoryview of the .lnn file in flash, which LNN.load() uses in place */
static mp_obj_t baked_model(void) {
    return mp_obj_new_memoryview('B', lnn_baked_model_bytes, (void *)lnn_baked_model);
}
MP_DEFINE_CONST_FUN_OBJ_0(liquid_baked_model_obj, baked_model);
#endif

static mp_obj_t slept_us(void) {
    return mp_obj_new_int_from_ull(lnn_slept_us());
}
MP_DEFINE_CONST_FUN_OBJ_0(liquid_slept_us_obj, slept_us);
