/* SPDX-License-Identifier: MIT */
/* Class Mic: what the microphones of all boards have in common. */
#include "mic_object.h"
#include "py/runtime.h"

static int16_t *writable_samples(mp_obj_t block, size_t *n) {
    int16_t *audio = (int16_t *)liquid_samples(block, n);
    mp_buffer_info_t writable;
    mp_get_buffer_raise(block, &writable, MP_BUFFER_WRITE);
    return audio;
}

/* readinto(block) -> samples read: fewer than fit before a gap and at the end of a recording, then 0 */
static mp_obj_t mic_readinto(mp_obj_t self, mp_obj_t block) {
    size_t room;
    writable_samples(block, &room);
    size_t n = liquid_mic_wait(self, room);
    int16_t *audio = writable_samples(block, &room); /* it may have been resized while we waited */
    return MP_OBJ_NEW_SMALL_INT(liquid_mic_take(self, audio, n < room ? n : room));
}
static MP_DEFINE_CONST_FUN_OBJ_2(mic_readinto_obj, mic_readinto);

static mp_obj_t mic_deinit(size_t n_args, const mp_obj_t *args) {
    (void)n_args; /* __exit__() has three more */
    liquid_mic_close(args[0]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mic_deinit_obj, 1, 1, mic_deinit);
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mic_exit_obj, 4, 4, mic_deinit);

static void mic_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL && (dest[0] = liquid_mic_number(self, name)) == MP_OBJ_NULL) {
        dest[1] = MP_OBJ_SENTINEL; /* look among the methods */
    }
}

static const mp_rom_map_elem_t mic_locals_table[] = {
#if defined(CONFIG_LIQUID_AUDIO)
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&liquid_mic_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&liquid_mic_stop_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mic_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&mic_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mic_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mic_exit_obj)},
};
static MP_DEFINE_CONST_DICT(mic_locals, mic_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(liquid_mic_type, MP_QSTR_Mic, MP_TYPE_FLAG_NONE, make_new, liquid_mic_make_new, attr, mic_attr,
                         locals_dict, &mic_locals);
