/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a model come from. The core checks a file once and then trusts it, so a file that is used in place
 * must not change or move: bytes, flash and ROM qualify; a bytearray or a memoryview of one is copied.
 */
#include <string.h>

#include "binding.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

/* open(path, "rb"); an OSError also carries the path. */
static mp_obj_t open_file(mp_obj_t path) {
    mp_obj_t args[] = {path, MP_OBJ_NEW_QSTR(MP_QSTR_rb)};
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t file = mp_call_function_n_kw(mp_load_global(MP_QSTR_open), 2, 0, args);
        nlr_pop();
        return file;
    }
    mp_obj_base_t *error = nlr.ret_val;
    if (mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(error->type), MP_OBJ_FROM_PTR(&mp_type_OSError))) {
        mp_obj_t details[] = {mp_obj_exception_get_value(MP_OBJ_FROM_PTR(error)), path};
        nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, details));
    }
    nlr_raise(MP_OBJ_FROM_PTR(error));
}

static void *read_whole(mp_obj_t path, size_t *bytes) {
    mp_obj_t file = open_file(path);
    const mp_stream_p_t *stream = mp_get_stream_raise(file, MP_STREAM_OP_READ | MP_STREAM_OP_IOCTL);
    struct mp_stream_seek_t seek = {.offset = 0, .whence = MP_SEEK_END};
    int error = 0;
    if (stream->ioctl(file, MP_STREAM_SEEK, (uintptr_t)&seek, &error) == MP_STREAM_ERROR) {
        mp_raise_OSError(error);
    }
    mp_stream_seek(file, 0, MP_SEEK_SET, &error);
    byte *data = m_new(byte, seek.offset ? seek.offset : 1); /* the collector's blocks are aligned to 16 */
    *bytes = mp_stream_rw(file, data, seek.offset, &error, MP_STREAM_RW_READ);
    mp_stream_close(file);
    if (error != 0) {
        mp_raise_OSError(error);
    }
    return data;
}

const void *liquid_read_file(liquid_lnn_t *lnn, mp_obj_t source, size_t *bytes) {
    mp_buffer_info_t buffer;
    if (mp_obj_is_str(source)) {
        return lnn->copy = read_whole(source, bytes);
    }
    mp_get_buffer_raise(source, &buffer, MP_BUFFER_READ);
    *bytes = buffer.len;
    if (!mp_get_buffer(source, &buffer, MP_BUFFER_WRITE)) {
        lnn->file = source;
        mp_get_buffer_raise(source, &buffer, MP_BUFFER_READ);
        return buffer.buf;
    }
    lnn->copy = m_new(byte, *bytes ? *bytes : 1);
    mp_get_buffer_raise(source, &buffer, MP_BUFFER_READ); /* the allocation may have run a finaliser that resized it */
    *bytes = buffer.len < *bytes ? buffer.len : *bytes;
    return memcpy(lnn->copy, buffer.buf, *bytes);
}
