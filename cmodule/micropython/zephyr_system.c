/* SPDX-License-Identifier: MIT */
/* What only Zephyr boards have: a model in flash, sleep, and a count of the time spent asleep. */
#include <liquid_audio/sleep.h>

#include "binding.h"
#include "py/mphal.h"
#include "py/nlr.h"

#if defined(CONFIG_LIQUID_AUDIO_BAKED_MODEL)
#include <liquid_audio/baked_model.h>
#include "py/objarray.h"

/* baked_model() -> memoryview of the .lnn file in flash, which LNN.load() uses in place */
static mp_obj_t baked_model(void) {
    return mp_obj_new_memoryview('B', lnn_baked_model_bytes, (void *)lnn_baked_model);
}
MP_DEFINE_CONST_FUN_OBJ_0(liquid_baked_model_obj, baked_model);
#endif

static mp_obj_t slept_us(void) {
    return mp_obj_new_int_from_ull(lnn_slept_us());
}
MP_DEFINE_CONST_FUN_OBJ_0(liquid_slept_us_obj, slept_us);

static unsigned
    sleeping; /* how many calls are asleep: a callback may sleep, too, and only the last to wake keeps the clocks again */

static void wake(void *unused) {
    (void)unused;
    if (--sleeping == 0) {
        lnn_keep_clocks(true);
    }
}

/* lightsleep(time_ms): sleeps as deep as the board can. Input is lost while the clock of a serial port stands still. */
static mp_obj_t lightsleep(mp_obj_t time_ms) {
    nlr_jump_callback_node_t node;
    mp_int_t ms = mp_obj_get_int(time_ms);
    if (ms > 0) {
        if (sleeping++ == 0) {
            lnn_keep_clocks(false);
        }
        nlr_push_jump_callback(&node, wake); /* because a callback or Ctrl-C may raise */
        mp_hal_delay_ms((mp_uint_t)ms);
        nlr_pop_jump_callback(true);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(liquid_lightsleep_obj, lightsleep);
