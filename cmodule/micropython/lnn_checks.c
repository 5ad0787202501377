/* SPDX-License-Identifier: MIT */
/* What every part of the binding checks: statuses, closed models, buffers of samples. */
#include "binding.h"
#include "py/binary.h"
#include "py/runtime.h"

void liquid_check(lnn_status_t status) {
    if (status != LNN_OK) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %s"), lnn_error_name(status), lnn_error_text(status));
    }
}

lnn_model_t *liquid_model(const liquid_lnn_t *lnn) {
    if (lnn->model == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("the model was closed by deinit()"));
    }
    return lnn->model;
}

const int16_t *liquid_samples(mp_obj_t block, size_t *n_samples) {
    mp_buffer_info_t buffer = {0};
    if (mp_obj_is_str(block) || !mp_get_buffer(block, &buffer, MP_BUFFER_READ)) {
        buffer.typecode = 0;
    }
    if (buffer.typecode != 'h' && buffer.typecode != 'B' && buffer.typecode != BYTEARRAY_TYPECODE) {
        mp_raise_TypeError(MP_ERROR_TEXT("audio must be 16-bit samples in array('h'), bytes or bytearray"));
    }
    if (buffer.len % 2 != 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%u bytes of audio: a 16-bit sample takes two bytes"),
                          (unsigned)buffer.len);
    }
    if ((uintptr_t)buffer.buf % 2 != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("audio starts at an odd address: slice it at an even byte"));
    }
    *n_samples = buffer.len / 2;
    return buffer.buf;
}

mp_obj_t liquid_floats(const liquid_lnn_t *lnn, const float *values, size_t n) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(n, NULL));
    for (size_t i = 0; i < n; i++) {
        liquid_model(lnn); /* a finaliser may have closed it during the last allocation */
        tuple->items[i] = mp_obj_new_float(values[i]);
    }
    return MP_OBJ_FROM_PTR(tuple);
}
