/* SPDX-License-Identifier: MIT */
/* The timestep policy's fields, and class PerLabel. Times are in seconds. */
#include <stddef.h>
#include <string.h>

#include "binding.h"
#include "py/runtime.h"

#define LARGEST_SECONDS 4000.0f /* in microseconds they still fit into 32 bits */

typedef struct {
    qstr_short_t name;
    uint8_t offset; /* in lnn_policy_t */
    bool is_time;   /* microseconds in C, seconds in Python */
} field_t;

#define TIME(name) {MP_QSTR_##name, offsetof(lnn_policy_t, name##_us), true}
#define NUMBER(name) {MP_QSTR_##name, offsetof(lnn_policy_t, name), false}

static const field_t fields[] = {
    TIME(max_timestep),
    TIME(hold),
    NUMBER(energy_threshold),
    NUMBER(gate_close_ratio),
    NUMBER(release_threshold),
    NUMBER(release_growth),
    NUMBER(background_rise_per_s),
    NUMBER(floor_ratio),
    TIME(min_timestep),
    NUMBER(attack_threshold),
};

/* In the order of lnn_complexity_t. */
static const qstr_short_t complexities[] = {MP_QSTR_energy, MP_QSTR_spectral_flux, MP_QSTR_zero_crossings};

static const field_t *find(qstr name) {
    for (size_t i = 0; i < MP_ARRAY_SIZE(fields); i++) {
        if (fields[i].name == name) {
            return &fields[i];
        }
    }
    return NULL;
}

static float field_value(const lnn_policy_t *policy, const field_t *field) {
    const void *at = (const char *)policy + field->offset;
    return field->is_time ? (float)*(const uint32_t *)at * 1e-6f : *(const float *)at;
}

static void print_end(const mp_print_t *print, float end, const char *unit, const char *field) {
    mp_printf(print, field != NULL ? "%g%s (%s)" : "%g%s", (double)end, unit, field);
}

/* Raises ValueError with field, value and range, in the words of the host's lnn/ranges.py. */
static __attribute__((noreturn)) void complain(lnn_status_t status, const lnn_policy_fault_t *fault) {
    vstr_t text;
    mp_print_t print;
    vstr_init_print(&text, 128, &print);
    mp_printf(&print, "%s: %s (%s is ", lnn_error_name(status), lnn_error_text(status), fault->field);
    print_end(&print, fault->value, fault->unit, NULL);
    mp_print_str(&print, "; it must be from ");
    print_end(&print, fault->low, fault->unit, fault->low_field);
    mp_print_str(&print, " to ");
    print_end(&print, fault->high, fault->unit, fault->high_field);
    mp_print_str(&print, ")");
    nlr_raise(mp_obj_new_exception_arg1(&mp_type_ValueError, mp_obj_new_str_from_vstr(&text)));
}

bool liquid_policy_load(const lnn_policy_t *policy, qstr name, mp_obj_t *value) {
    const field_t *field = find(name);
    if (field != NULL) {
        *value = mp_obj_new_float(field_value(policy, field));
    } else if (name == MP_QSTR_complexity) {
        *value = MP_OBJ_NEW_QSTR(complexities[policy->complexity]);
    } else {
        return false;
    }
    return true;
}

static uint32_t complexity_from(mp_obj_t value) {
    for (uint32_t i = 0; i < MP_ARRAY_SIZE(complexities); i++) {
        if (mp_obj_equal(value, MP_OBJ_NEW_QSTR(complexities[i]))) {
            return i;
        }
    }
    mp_raise_msg_varg(
        &mp_type_ValueError,
        MP_ERROR_TEXT("POLICY: %s (complexity is '%s'; it must be energy, spectral_flux or zero_crossings)"),
        lnn_error_text(LNN_ERR_POLICY), mp_obj_str_get_str(value));
}

bool liquid_policy_store(lnn_policy_t *policy, qstr name, mp_obj_t value) {
    const field_t *field = find(name);
    if (name == MP_QSTR_complexity) {
        policy->complexity = complexity_from(value);
        return true;
    }
    if (field == NULL) {
        return false;
    }
    void *at = (char *)policy + field->offset;
    float number = (float)mp_obj_get_float(value);
    if (!field->is_time) {
        *(float *)at = number;
    } else if (number >= 0.0f && number <= LARGEST_SECONDS) {
        *(uint32_t *)at = (uint32_t)(number * 1e6f + 0.5f);
    } else { /* it does not fit; the largest number is above every range, too */
        lnn_policy_fault_t fault;
        *(uint32_t *)at = UINT32_MAX;
        lnn_policy_fault(policy, &fault);
        if (strcmp(fault.field, qstr_str(name)) == 0) {
            fault.value = number;
        }
        complain(LNN_ERR_POLICY, &fault);
    }
    return true;
}

void liquid_policy_use(const liquid_lnn_t *lnn, const lnn_policy_t *policy) {
    lnn_policy_fault_t fault;
    if (lnn_policy_fault(policy, &fault)) {
        complain(LNN_ERR_POLICY, &fault);
    }
    liquid_check(lnn_set_policy(liquid_model(lnn), policy));
}

mp_obj_t liquid_policy_dict(const lnn_policy_t *in_use) {
    const lnn_policy_t copy = *in_use,
                       *policy = &copy; /* the allocations below may run a finaliser that closes the model */
    mp_obj_t dict = mp_obj_new_dict(MP_ARRAY_SIZE(fields) + 1);
    for (size_t i = 0; i < MP_ARRAY_SIZE(fields); i++) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(fields[i].name), mp_obj_new_float(field_value(policy, &fields[i])));
    }
    mp_obj_t complexity;
    liquid_policy_load(policy, MP_QSTR_complexity, &complexity);
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(MP_QSTR_complexity), complexity);
    return dict;
}

/* The thresholds of a model, or its refractory times. */
typedef struct {
    mp_obj_base_t base;
    mp_obj_t lnn;
    bool refractory;
} per_label_t;

mp_obj_t liquid_per_label_new(mp_obj_t lnn, bool refractory) {
    per_label_t *self = mp_obj_malloc(per_label_t, &liquid_per_label_type);
    self->lnn = lnn;
    self->refractory = refractory;
    return MP_OBJ_FROM_PTR(self);
}

static size_t n_labels(const liquid_lnn_t *lnn) {
    return MP_OBJ_SMALL_INT_VALUE(mp_obj_len(lnn->labels));
}

/* The index of a label that is given by name or index. Raises KeyError. */
static uint16_t label_index(const liquid_lnn_t *lnn, mp_obj_t key) {
    size_t n;
    mp_obj_t *labels;
    mp_obj_tuple_get(lnn->labels, &n, &labels);
    mp_int_t index = -1;
    if (mp_obj_get_int_maybe(key, &index) && index >= 0 && (size_t)index < n) {
        return index;
    }
    for (size_t i = 0; i < n; i++) {
        if (mp_obj_equal(labels[i], key)) {
            return i;
        }
    }
    mp_raise_type_arg(&mp_type_KeyError, key);
}

static mp_obj_t per_label_value(const per_label_t *self, uint16_t label) {
    const lnn_model_t *model = liquid_model(MP_OBJ_TO_PTR(self->lnn));
    return mp_obj_new_float(self->refractory ? (float)lnn_get_refractory_us(model, label) * 1e-6f
                                             : lnn_get_threshold(model, label));
}

static mp_obj_t per_label_subscr(mp_obj_t self_in, mp_obj_t key, mp_obj_t value) {
    const per_label_t *self = MP_OBJ_TO_PTR(self_in);
    const liquid_lnn_t *lnn = MP_OBJ_TO_PTR(self->lnn);
    if (value == MP_OBJ_NULL) {
        return MP_OBJ_NULL; /* cannot be deleted */
    }
    uint16_t label = label_index(lnn, key);
    if (value == MP_OBJ_SENTINEL) {
        return per_label_value(self, label);
    }
    float number = (float)mp_obj_get_float(value);
    lnn_status_t status = LNN_ERR_ARGUMENT;
    if (!self->refractory) {
        status = lnn_set_threshold(liquid_model(lnn), label, number);
    } else if (number >= 0.0f && number <= LARGEST_SECONDS) {
        status = lnn_set_refractory_us(liquid_model(lnn), label, (uint32_t)(number * 1e6f + 0.5f));
    }
    if (status != LNN_OK) {
        const lnn_policy_fault_t threshold = {"threshold", "", number, 0.0f, 1.0f, NULL, NULL};
        const lnn_policy_fault_t refractory = {"refractory", " s", number, 0.0f, LARGEST_SECONDS, NULL, NULL};
        complain(status, self->refractory ? &refractory : &threshold);
    }
    return mp_const_none;
}

static mp_obj_t per_label_tuple(mp_obj_t self_in) {
    const per_label_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(n_labels(MP_OBJ_TO_PTR(self->lnn)), NULL));
    for (size_t i = 0; i < tuple->len; i++) {
        tuple->items[i] = per_label_value(self, i);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

static mp_obj_t per_label_iter(mp_obj_t self, mp_obj_iter_buf_t *buffer) {
    return mp_getiter(per_label_tuple(self), buffer);
}

static mp_obj_t per_label_unary(mp_unary_op_t op, mp_obj_t self_in) {
    const per_label_t *self = MP_OBJ_TO_PTR(self_in);
    return op == MP_UNARY_OP_LEN ? mp_obj_len(((liquid_lnn_t *)MP_OBJ_TO_PTR(self->lnn))->labels) : MP_OBJ_NULL;
}

static void per_label_print(const mp_print_t *print, mp_obj_t self, mp_print_kind_t kind) {
    mp_obj_print_helper(print, per_label_tuple(self), kind);
}

MP_DEFINE_CONST_OBJ_TYPE(liquid_per_label_type, MP_QSTR_PerLabel, MP_TYPE_FLAG_ITER_IS_GETITER, subscr,
                         per_label_subscr, iter, per_label_iter, unary_op, per_label_unary, print, per_label_print);
