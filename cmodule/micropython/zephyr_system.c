/* What only Zephyr boards have: a model in flash, sleep, and a count of the time asleep. */
#include <liquid_audio/sleep.h>

#include "binding.h"
#include "py/mphal.h"
#include "py/nlr.h"

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

static unsigned sleeping; /* a callback may sleep, too: what sleep.c holds is let go of once */

static void wake(void *unused) {
    (void)unused;
    if (--sleeping == 0) {
        lnn_keep_clocks(true);
    }
}

/* (time_ms): as deep as the board can. What came in over a serial port whose clock stood still is lost. */
static mp_obj_t lightsleep(mp_obj_t time_ms) {
    nlr_jump_callback_node_t node;
    mp_int_t ms = mp_obj_get_int(time_ms);
    if (ms > 0) {
        if (sleeping++ == 0) {
            lnn_keep_clocks(false);
        }
        nlr_push_jump_callback(&node, wake); /* callbacks and Ctrl-C may raise meanwhile */
        mp_hal_delay_ms((mp_uint_t)ms);
        nlr_pop_jump_callback(true);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(liquid_lightsleep_obj, lightsleep);
