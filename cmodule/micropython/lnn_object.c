/* SPDX-License-Identifier: MIT */
/* Class LNN: a loaded model. */
#include <string.h>

#include "binding.h"
#include "liquid_audio_verify.h"
#include "py/gc.h"
#include "py/runtime.h"

static mp_obj_t label_names(const lnn_model_t *model) {
    lnn_info_t info;
    lnn_get_info(model, &info);
    mp_obj_tuple_t *labels = MP_OBJ_TO_PTR(mp_obj_new_tuple(info.n_labels, NULL));
    for (uint16_t i = 0; i < info.n_labels; i++) {
        const char *name = lnn_label_name(model, i);
        labels->items[i] = mp_obj_new_str(name, strlen(name));
    }
    return MP_OBJ_FROM_PTR(labels);
}

static mp_obj_t load_model(mp_obj_t source) {
    liquid_lnn_t *self = mp_obj_malloc(liquid_lnn_t, &liquid_lnn_type);
    self->model = NULL;
    self->memory = self->copy = NULL;
    self->file = self->labels = self->result = mp_const_none;
    size_t bytes;
    const void *file = liquid_read_file(self, source, &bytes);
    uint32_t ram_bytes;
    liquid_check(lnn_ram_bytes(file, bytes, &ram_bytes));
    self->memory = m_new_maybe(byte, ram_bytes);
    if (self->memory == NULL) {
        gc_info_t heap;
        gc_info(&heap);
        mp_raise_msg_varg(&mp_type_MemoryError, MP_ERROR_TEXT("the model needs %u bytes of RAM, %u are free"),
                          (unsigned)ram_bytes, (unsigned)heap.free);
    }
    lnn_model_t *model;
#ifdef LIQUID_VERIFIES_MODELS
    lnn_status_t status =
        lnn_load_verified(file, bytes, lnn_verify_ed25519, &lnn_trusted_key, self->memory, ram_bytes, &model);
#else
    lnn_status_t status = lnn_load(file, bytes, self->memory, ram_bytes, &model);
#endif
    const char *refused = lnn_refused_name(file, bytes, status);
    if (refused != NULL) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %s (%s)"), lnn_error_name(status),
                          lnn_error_text(status), refused);
    }
    liquid_check(status);
    lnn_set_clock(model, liquid_clock);
    self->labels = label_names(model);
    self->result = liquid_result_new(self);
    self->model = model;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(lnn_load_obj, load_model);
static MP_DEFINE_CONST_STATICMETHOD_OBJ(lnn_load_static, MP_ROM_PTR(&lnn_load_obj));

static mp_obj_t lnn_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    return load_model(args[0]);
}

/* Several fields at once, by keyword, so that a policy that is impossible halfway is not refused. */
static mp_obj_t lnn_set_adaptive_config(size_t n_args, const mp_obj_t *args, mp_map_t *changes) {
    mp_arg_check_num(n_args, 0, 1, 1, false); /* a dict given by position would be ignored */
    const liquid_lnn_t *self = MP_OBJ_TO_PTR(args[0]);
    lnn_policy_t policy = *lnn_get_policy(liquid_model(self));
    for (size_t i = 0; i < changes->alloc; i++) {
        if (mp_map_slot_is_filled(changes, i)) {
            qstr name = mp_obj_str_get_qstr(changes->table[i].key);
            if (!liquid_policy_store(&policy, name, changes->table[i].value)) {
                mp_raise_msg_varg(&mp_type_TypeError, MP_ERROR_TEXT("no policy field '%q'"), name);
            }
        }
    }
    liquid_policy_use(self, &policy);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(lnn_set_adaptive_config_obj, 1, lnn_set_adaptive_config);

static mp_obj_t lnn_counters(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {{MP_QSTR_clear, MP_ARG_BOOL, {.u_bool = false}}};
    mp_arg_val_t clear;
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, 1, allowed, &clear);
    lnn_model_t *model = liquid_model(MP_OBJ_TO_PTR(pos_args[0]));
    const lnn_counters_t *c = lnn_get_counters(model);
    const struct {
        qstr_short_t name;
        uint64_t value;
    } rows[] = {
        {MP_QSTR_samples, c->samples},
        {MP_QSTR_ticks, c->ticks},
        {MP_QSTR_gated_ticks, c->gated_ticks},
        {MP_QSTR_frontend_runs, c->frontend_runs},
        {MP_QSTR_steps, c->steps},
        {MP_QSTR_detections, c->detections},
        {MP_QSTR_lost_events, c->lost_events},
        {MP_QSTR_skipped_macs, c->skipped_macs},
        {MP_QSTR_gate_time, c->gate_time},
        {MP_QSTR_frontend_time, c->frontend_time},
        {MP_QSTR_trace_time, c->trace_time},
        {MP_QSTR_cell_time, c->cell_time},
        {MP_QSTR_readout_time, c->readout_time},
    };
    mp_obj_t dict = mp_obj_new_dict(MP_ARRAY_SIZE(rows));
    for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(rows[i].name), mp_obj_new_int_from_ull(rows[i].value));
    }
    if (clear.u_bool) {
        lnn_clear_counters(model);
    }
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(lnn_counters_obj, 1, lnn_counters);

/* step(features, dt_s): a step without audio. features: array('f') -> tuple of float */
static mp_obj_t lnn_step_features(mp_obj_t self_in, mp_obj_t features, mp_obj_t dt) {
    const liquid_lnn_t *self = MP_OBJ_TO_PTR(self_in);
    float dt_s = (float)mp_obj_get_float(dt);
    lnn_info_t info;
    lnn_get_info(liquid_model(self), &info);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(features, &buffer, MP_BUFFER_READ);
    if (buffer.typecode != 'f' || buffer.len != info.n_features * sizeof(float)) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("step() needs array('f') of %u numbers"), info.n_features);
    }
    const float *outputs;
    liquid_check(lnn_step(self->model, buffer.buf, dt_s, &outputs));
    return liquid_floats(self, outputs, info.n_labels);
}
static MP_DEFINE_CONST_FUN_OBJ_3(lnn_step_obj, lnn_step_features);

static mp_obj_t lnn_power_mw(mp_obj_t self_in) {
    static const lnn_board_power_t board = {(float)LIQUID_IDLE_UW * 1e-3f, (float)LIQUID_CYCLE_PJ};
    const lnn_model_t *model = liquid_model(MP_OBJ_TO_PTR(self_in));
    return mp_obj_new_float(lnn_current_power_mw(model, LIQUID_IDLE_UW > 0 ? &board : NULL));
}
static MP_DEFINE_CONST_FUN_OBJ_1(lnn_current_power_mw_obj, lnn_power_mw);

static mp_obj_t lnn_reset_state(mp_obj_t self_in) {
    lnn_reset(liquid_model(MP_OBJ_TO_PTR(self_in)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(lnn_reset_obj, lnn_reset_state);

static mp_obj_t lnn_self_test(mp_obj_t self_in) {
    float difference = 0.0f;
    liquid_check(lnn_selftest(liquid_model(MP_OBJ_TO_PTR(self_in)), &difference));
    return mp_obj_new_float(difference);
}
static MP_DEFINE_CONST_FUN_OBJ_1(lnn_selftest_obj, lnn_self_test);

static mp_obj_t lnn_deinit(mp_obj_t self_in) {
    liquid_lnn_t *self = MP_OBJ_TO_PTR(self_in);
    self->model = NULL;
    self->memory = self->copy = NULL;
    self->file = mp_const_none;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(lnn_deinit_obj, lnn_deinit);

static mp_obj_t lnn_exit(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return lnn_deinit(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(lnn_exit_obj, 4, 4, lnn_exit);

static void lnn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    liquid_lnn_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_SENTINEL) {
        if (dest[1] != MP_OBJ_NULL) { /* NULL asks to delete it, which no attribute allows */
            if (name == MP_QSTR_timetable) {
                liquid_timetable_store(self, dest[1]);
                dest[0] = MP_OBJ_NULL; /* stored */
                return;
            }
            lnn_policy_t policy = *lnn_get_policy(liquid_model(self));
            if (liquid_policy_store(&policy, name, dest[1])) {
                liquid_policy_use(self, &policy);
                dest[0] = MP_OBJ_NULL; /* stored */
            }
        }
        return;
    }
    lnn_info_t info;
    switch (name) {
        case MP_QSTR_labels:
            dest[0] = self->labels;
            return;
        case MP_QSTR_thresholds:
        case MP_QSTR_refractory:
            dest[0] = liquid_per_label_new(self_in, name == MP_QSTR_refractory);
            return;
        case MP_QSTR_policy:
            dest[0] = liquid_policy_dict(lnn_get_policy(liquid_model(self)));
            return;
        case MP_QSTR_timetable:
            dest[0] = liquid_timetable_load(lnn_get_timetable(liquid_model(self)));
            return;
        case MP_QSTR_sample_rate:
        case MP_QSTR_ram_bytes:
        case MP_QSTR_model_bytes:
        case MP_QSTR_model_version:
            lnn_get_info(liquid_model(self), &info);
            dest[0] = mp_obj_new_int_from_uint(name == MP_QSTR_sample_rate   ? info.sample_rate_hz
                                               : name == MP_QSTR_ram_bytes   ? info.ram_bytes
                                               : name == MP_QSTR_model_bytes ? info.model_bytes
                                                                             : info.model_version);
            return;
        default:
            break;
    }
    if (self->model == NULL || !liquid_policy_load(lnn_get_policy(self->model), name, dest)) {
        dest[1] = MP_OBJ_SENTINEL; /* look among the methods */
    }
}

static void lnn_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const liquid_lnn_t *self = MP_OBJ_TO_PTR(self_in);
    lnn_info_t info;
    if (self->model == NULL) {
        mp_print_str(print, "<LNN closed>");
        return;
    }
    lnn_get_info(self->model, &info);
    mp_print_str(print, "<LNN");
    for (uint16_t i = 0; i < info.n_labels; i++) {
        mp_printf(print, " %s", lnn_label_name(self->model, i));
    }
    mp_printf(print, ", %u bytes>", (unsigned)info.model_bytes);
}

static const mp_rom_map_elem_t lnn_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&lnn_load_static)},
    {MP_ROM_QSTR(MP_QSTR_from_file), MP_ROM_PTR(&lnn_load_static)},
    {MP_ROM_QSTR(MP_QSTR_process), MP_ROM_PTR(&liquid_process_obj)},
    {MP_ROM_QSTR(MP_QSTR_detect_activity), MP_ROM_PTR(&liquid_process_obj)},
    {MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&liquid_listen_obj)},
    {MP_ROM_QSTR(MP_QSTR_events), MP_ROM_PTR(&liquid_events_obj)},
    {MP_ROM_QSTR(MP_QSTR_skip), MP_ROM_PTR(&liquid_skip_obj)},
    {MP_ROM_QSTR(MP_QSTR_step), MP_ROM_PTR(&lnn_step_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_adaptive_config), MP_ROM_PTR(&lnn_set_adaptive_config_obj)},
    {MP_ROM_QSTR(MP_QSTR_current_power_mw), MP_ROM_PTR(&lnn_current_power_mw_obj)},
    {MP_ROM_QSTR(MP_QSTR_counters), MP_ROM_PTR(&lnn_counters_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&lnn_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_selftest), MP_ROM_PTR(&lnn_selftest_obj)},
    {MP_ROM_QSTR(MP_QSTR_deinit), MP_ROM_PTR(&lnn_deinit_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&lnn_exit_obj)},
};
static MP_DEFINE_CONST_DICT(lnn_locals, lnn_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(liquid_lnn_type, MP_QSTR_LNN, MP_TYPE_FLAG_NONE, make_new, lnn_make_new, attr, lnn_attr, print,
                         lnn_print, locals_dict, &lnn_locals);
