/* SPDX-License-Identifier: MIT */
/* The module liquid_audio. */
#include "binding.h"
#include "py/mphal.h"
#include "py/runtime.h"

#if LIQUID_VIRTUAL_BOARD
#include "virtual_board.h"
#define CLOCK_UNIT MP_QSTR_instructions
static uint64_t work(void) {
    return (virtual_clock_ticks() - virtual_clock_slept()) * 5u / 4u;
}
#else
#define CLOCK_UNIT MP_QSTR_cycles
/* The port's counter wraps within minutes. A running model calls this every tick, so no wrap is missed. */
static uint64_t work(void) {
    static uint32_t last;
    static uint64_t total;
    uint32_t now = mp_hal_ticks_cpu();
    total += now - last;
    last = now;
    return total;
}
#endif

#if LIQUID_IDLE_UW > 0
#define POWER_IS MP_QSTR_estimated
#else
#define POWER_IS MP_QSTR_unknown
#endif

uint32_t liquid_clock(void) {
    return (uint32_t)work();
}

#if defined(CONFIG_LIQUID_AUDIO)
#include <liquid_audio/sleep.h>
#define module_work lnn_busy_cycles /* because the counter keeps running while Zephyr sleeps */
#else
#define module_work work
#endif

static mp_obj_t module_clock(void) {
    return mp_obj_new_int_from_ull(module_work());
}
static MP_DEFINE_CONST_FUN_OBJ_0(module_clock_obj, module_clock);

/* Zephyr's port collects the names in a build folder once, so this one must be there before a model is baked in. */
enum { QSTR_OF_A_LATER_MODEL = MP_QSTR_baked_model };

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_liquid_audio)},
    {MP_ROM_QSTR(MP_QSTR_LNN), MP_ROM_PTR(&liquid_lnn_type)},
    {MP_ROM_QSTR(MP_QSTR_CLOCK), MP_ROM_QSTR(CLOCK_UNIT)},
    {MP_ROM_QSTR(MP_QSTR_clock), MP_ROM_PTR(&module_clock_obj)},
    {MP_ROM_QSTR(MP_QSTR_POWER), MP_ROM_QSTR(POWER_IS)},
#if LIQUID_VIRTUAL_BOARD || defined(CONFIG_LIQUID_AUDIO_MICROPHONE)
    {MP_ROM_QSTR(MP_QSTR_Mic), MP_ROM_PTR(&liquid_mic_type)},
#endif
#if defined(CONFIG_LIQUID_AUDIO)
    {MP_ROM_QSTR(MP_QSTR_lightsleep), MP_ROM_PTR(&liquid_lightsleep_obj)},
    {MP_ROM_QSTR(MP_QSTR_slept_us), MP_ROM_PTR(&liquid_slept_us_obj)},
#endif
#if defined(CONFIG_LIQUID_AUDIO_BAKED_MODEL)
    {MP_ROM_QSTR(MP_QSTR_baked_model), MP_ROM_PTR(&liquid_baked_model_obj)},
#endif
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t liquid_audio_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR_liquid_audio, liquid_audio_module);
