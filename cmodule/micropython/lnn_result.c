/* SPDX-License-Identifier: MIT */
/* Class Result: what process() found. Each model has one, which every call fills again. */
#include "binding.h"
#include "py/runtime.h"

mp_obj_t liquid_result_new(liquid_lnn_t *lnn) {
    liquid_result_t *self = mp_obj_malloc(liquid_result_t, &liquid_result_type);
    self->c = (lnn_result_t){0};
    self->lnn = lnn;
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t keyword(const liquid_result_t *self) {
    return mp_obj_subscr(self->lnn->labels, MP_OBJ_NEW_SMALL_INT(self->c.label), MP_OBJ_SENTINEL);
}

/* A tuple, as on the host. */
static mp_obj_t scores(const liquid_result_t *self) {
    return liquid_floats(self->lnn, self->c.scores, self->c.n_scores);
}

static void result_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const liquid_result_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        return; /* nothing can be stored */
    }
    switch (name) {
        case MP_QSTR_keyword_detected:
            dest[0] = mp_obj_new_bool(self->c.keyword_detected);
            break;
        case MP_QSTR_is_speech:
            dest[0] = mp_obj_new_bool(self->c.is_speech);
            break;
        case MP_QSTR_keyword:
            dest[0] = keyword(self);
            break;
        case MP_QSTR_label:
            dest[0] = MP_OBJ_NEW_SMALL_INT(self->c.label);
            break;
        case MP_QSTR_confidence:
            dest[0] = mp_obj_new_float(self->c.confidence);
            break;
        case MP_QSTR_scores:
            dest[0] = scores(self);
            break;
        case MP_QSTR_timestep:
            dest[0] = mp_obj_new_float((float)self->c.timestep_us * 1e-6f);
            break;
        case MP_QSTR_energy:
            dest[0] = mp_obj_new_float(self->c.energy);
            break;
        case MP_QSTR_flux:
            dest[0] = mp_obj_new_float(self->c.flux);
            break;
        case MP_QSTR_complexity:
            dest[0] = mp_obj_new_float(self->c.complexity);
            break;
        case MP_QSTR_steps:
            dest[0] = mp_obj_new_int_from_uint(self->c.steps);
            break;
        default:
            break;
    }
}

static void result_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const liquid_result_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<%s %.2f%s>", mp_obj_str_get_str(keyword(self)), (double)self->c.confidence,
              self->c.keyword_detected ? " detected" : "");
}

MP_DEFINE_CONST_OBJ_TYPE(liquid_result_type, MP_QSTR_Result, MP_TYPE_FLAG_NONE, attr, result_attr, print, result_print);
