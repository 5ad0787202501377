/* SPDX-License-Identifier: MIT */
/* LNN.timetable: a learned policy as a dict {"complexity": [low, high, margin], "evidence": the same, "timestep_ms": [18]}. */
#include "binding.h"
#include "py/runtime.h"

#define COMPLEXITY_UNIT 1024.0f
#define EVIDENCE_UNIT 32768.0f

static mp_obj_t borders(const uint16_t *values, float unit) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < 3; i++) {
        mp_obj_list_append(list, mp_obj_new_float((float)values[i] / unit));
    }
    return list;
}

mp_obj_t liquid_timetable_load(const lnn_timetable_t *in_use) {
    if (in_use == NULL) {
        return mp_const_none;
    }
    const lnn_timetable_t t = *in_use; /* the allocations below may run a finaliser that closes the model */
    mp_obj_t dict = mp_obj_new_dict(3), steps = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < LNN_TIMESTEPS; i++) {
        mp_obj_list_append(steps, MP_OBJ_NEW_SMALL_INT(t.timestep_ms[i]));
    }
    const uint16_t complexity[] = {t.complexity_low_q10, t.complexity_high_q10, t.complexity_margin_q10};
    const uint16_t evidence[] = {t.evidence_low_q15, t.evidence_high_q15, t.evidence_margin_q15};
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(MP_QSTR_complexity), borders(complexity, COMPLEXITY_UNIT));
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(MP_QSTR_evidence), borders(evidence, EVIDENCE_UNIT));
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(MP_QSTR_timestep_ms), steps);
    return dict;
}

/* A number as the table holds it; what does not fit is refused as the core would. */
static uint16_t number(mp_obj_t value, float unit) {
    float x = (float)mp_obj_get_float(value) * unit + 0.5f;
    if (!(x >= 0.0f && x < 65536.0f)) {
        liquid_check(LNN_ERR_POLICY);
    }
    return (uint16_t)x;
}

static mp_obj_t *items(mp_obj_t dict, qstr name, size_t n) {
    mp_obj_t *found;
    mp_obj_get_array_fixed_n(mp_obj_dict_get(dict, MP_OBJ_NEW_QSTR(name)), n, &found);
    return found;
}

void liquid_timetable_store(const liquid_lnn_t *lnn, mp_obj_t value) {
    lnn_timetable_t t = {0};
    if (value == mp_const_none) {
        liquid_check(lnn_set_timetable(liquid_model(lnn), NULL));
        return;
    }
    if (!mp_obj_is_type(value, &mp_type_dict)) {
        mp_raise_TypeError(MP_ERROR_TEXT("timetable is a dict or None"));
    }
    uint16_t *to[] = {&t.complexity_low_q10, &t.complexity_high_q10, &t.complexity_margin_q10,
                      &t.evidence_low_q15,   &t.evidence_high_q15,   &t.evidence_margin_q15};
    /* number() may run Python code that changes the lists: they are fetched each time. */
    for (size_t i = 0; i < 6; i++) {
        qstr name = i < 3 ? MP_QSTR_complexity : MP_QSTR_evidence;
        *to[i] = number(items(value, name, 3)[i % 3], i < 3 ? COMPLEXITY_UNIT : EVIDENCE_UNIT);
    }
    for (size_t i = 0; i < LNN_TIMESTEPS; i++) {
        t.timestep_ms[i] = number(items(value, MP_QSTR_timestep_ms, LNN_TIMESTEPS)[i], 1.0f);
    }
    liquid_check(lnn_set_timetable(liquid_model(lnn), &t));
}
