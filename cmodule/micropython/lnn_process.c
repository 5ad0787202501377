/* SPDX-License-Identifier: MIT */
/* Audio in, results out: process(), skip(), and listen(), the loop of every script. None allocates once it runs. */
#include "binding.h"
#include "py/runtime.h"

#define BLOCK_MS 20
#define MAX_BLOCK_MS 1000

static mp_obj_t process_samples(const liquid_lnn_t *lnn, const int16_t *audio, size_t n_samples) {
    liquid_result_t *result = MP_OBJ_TO_PTR(lnn->result);
    liquid_check(lnn_process(liquid_model(lnn), audio, n_samples, &result->c));
    return lnn->result;
}

mp_obj_t liquid_process(mp_obj_t self, mp_obj_t block) {
    size_t n_samples;
    const int16_t *audio = liquid_samples(block, &n_samples);
    return process_samples(MP_OBJ_TO_PTR(self), audio, n_samples);
}
MP_DEFINE_CONST_FUN_OBJ_2(liquid_process_obj, liquid_process);

mp_obj_t liquid_skip(mp_obj_t self, mp_obj_t lost) {
    mp_int_t samples = mp_obj_get_int(lost);
    if (samples < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the number of lost samples cannot be negative"));
    }
    liquid_check(lnn_skip(liquid_model(MP_OBJ_TO_PTR(self)), samples));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(liquid_skip_obj, liquid_skip);

/*
 * events() -> list of (label, confidence, time_s, timestep, sample): every detection that was not given before. A float of
 * 32 bits holds time_s to 8 ms after a day and to 63 ms after a week; `sample` is exact.
 */
static mp_obj_t lnn_events(mp_obj_t self_in) {
    static const qstr fields[] = {MP_QSTR_label, MP_QSTR_confidence, MP_QSTR_time_s, MP_QSTR_timestep, MP_QSTR_sample};
    const liquid_lnn_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    lnn_info_t info;
    lnn_event_t event;
    lnn_get_info(liquid_model(self), &info);
    while (lnn_next_event(liquid_model(self), &event)) {
        mp_obj_t items[] = {
            mp_obj_subscr(self->labels, MP_OBJ_NEW_SMALL_INT(event.label), MP_OBJ_SENTINEL),
            mp_obj_new_float(event.confidence),
            mp_obj_new_float((mp_float_t)event.sample / (mp_float_t)info.sample_rate_hz),
            mp_obj_new_float((mp_float_t)event.timestep_us * MICROPY_FLOAT_CONST(1e-6)),
            mp_obj_new_int_from_ull(event.sample),
        };
        mp_obj_list_append(list, mp_obj_new_attrtuple(fields, MP_ARRAY_SIZE(fields), items));
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_1(liquid_events_obj, lnn_events);

typedef struct {
    mp_obj_base_t base; /* mp_type_polymorph_iter */
    mp_fun_1_t next;
    mp_obj_t lnn;
    mp_obj_t mic;
    mp_obj_t block; /* bytearray */
} listening_t;

/* A detection that shared its block with others has a result of its own. Returns false if there is none. */
static bool show_event(const liquid_lnn_t *lnn) {
    lnn_event_t event;
    if (!lnn_next_event(liquid_model(lnn), &event)) {
        return false;
    }
    lnn_result_t *c = &((liquid_result_t *)MP_OBJ_TO_PTR(lnn->result))->c;
    c->keyword = lnn_label_name(lnn->model, event.label);
    c->label = event.label;
    c->confidence = event.confidence;
    c->timestep_us = event.timestep_us;
    c->keyword_detected = true;
    return true;
}

/* Waits for the next block. To the network, audio that was lost before the block is elapsed time. */
static mp_obj_t listen_next(mp_obj_t self_in) {
    const listening_t *self = MP_OBJ_TO_PTR(self_in);
    const liquid_lnn_t *lnn = MP_OBJ_TO_PTR(self->lnn);
    if (show_event(lnn)) { /* of the block before */
        return lnn->result;
    }
    mp_obj_t call[3];
    mp_load_method(self->mic, MP_QSTR_readinto, call);
    call[2] = self->block;
    mp_int_t n = mp_obj_get_int(mp_call_method_n_kw(1, 0, call));
    if (n == 0) { /* the end of a recording; `lost` still belongs to the block before */
        return MP_OBJ_STOP_ITERATION;
    }
    liquid_skip(self->lnn, mp_load_attr(self->mic, MP_QSTR_lost));
    size_t room;
    const int16_t *audio = liquid_samples(self->block, &room);
    if (n < 0 || (size_t)n > room) {
        mp_raise_ValueError(MP_ERROR_TEXT("readinto() must return how many samples it put into the block"));
    }
    process_samples(lnn, audio, (size_t)n);
    show_event(lnn);
    return lnn->result;
}

/* listen(mic, block_ms=20) -> iterator of Result, which ends at the end of a recording */
static mp_obj_t lnn_listen(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mic, ARG_block_ms };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mic, MP_ARG_REQUIRED | MP_ARG_OBJ, {0}},
        {MP_QSTR_block_ms, MP_ARG_INT, {.u_int = BLOCK_MS}},
    };
    mp_arg_val_t given[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, given);
    mp_int_t block_ms = given[ARG_block_ms].u_int,
             rate_hz = mp_obj_get_int(mp_load_attr(given[ARG_mic].u_obj, MP_QSTR_rate));
    lnn_info_t info;
    lnn_get_info(liquid_model(MP_OBJ_TO_PTR(pos_args[0])), &info);
    if (block_ms < 1 || block_ms > MAX_BLOCK_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("block_ms must be 1 to 1000"));
    }
    if ((uint32_t)rate_hz != info.sample_rate_hz) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("the microphone has %d Hz, the model needs %u Hz"),
                          (int)rate_hz, (unsigned)info.sample_rate_hz);
    }
    size_t bytes = 2u * (info.sample_rate_hz * (size_t)block_ms / 1000u);
    lnn_event_t old;
    while (lnn_next_event(liquid_model(MP_OBJ_TO_PTR(pos_args[0])), &old)) {
    }
    listening_t *self = mp_obj_malloc(listening_t, &mp_type_polymorph_iter);
    self->next = listen_next;
    self->lnn = pos_args[0];
    self->mic = given[ARG_mic].u_obj;
    self->block = mp_const_none; /* until it is allocated */
    self->block = mp_obj_new_bytearray_by_ref(bytes, m_new(byte, bytes));
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(liquid_listen_obj, 1, lnn_listen);
