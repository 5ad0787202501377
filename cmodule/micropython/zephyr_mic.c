/* SPDX-License-Identifier: MIT */
/*
 * liquid_audio.Mic on Zephyr: the board's microphone (liquid_audio/microphone.h). If the microphone is emulated, it
 * plays a wav file of the host, as on the other virtual boards.
 */
#include <errno.h>
#include <string.h>

#include <liquid_audio/microphone.h>

#include "mic_object.h"
#include "py/mperrno.h"
#include "py/mpthread.h"
#include "py/runtime.h"

#if defined(CONFIG_LIQUID_AUDIO_EMUL_DMIC)
#include <liquid_audio/emul_dmic.h>
#endif

#define GAIN_ONE_Q8 256
#define MAX_GAIN 255
/* A silent driver is restarted long before this: it is for microphones that never come back. */
#define DEAF_MS 2000
/* Longest that Ctrl-C has to wait. */
#define PATIENCE_MS 100

typedef struct {
    mp_obj_base_t base;
    lnn_mic_config_t config;
    mp_obj_t path;          /* of the emulated microphone's file */
    bool is_closed;
    bool is_file;           /* the emulated microphone's file has an end; a microphone has none */
    bool has_ended;         /* the program was told that the file has ended */
    uint32_t samples_left;  /* of the file */
    lnn_mic_stamp_t stamp;  /* of the last block */
    int16_t *heard;         /* what was read while Python code could resize the program's buffer */
    size_t room;            /* of `heard`, in samples */
} mic_t;

/* There is one microphone. The Mic that starts last has it, so that a script can be run again at the REPL. */
static mic_t *owner;

static MP_NORETURN void raise_device_error(int error) {
    const char *name = lnn_mic_name();
    mp_obj_t details[] = {MP_OBJ_NEW_SMALL_INT(error), mp_obj_new_str(name, strlen(name))};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, details));
}

static mp_obj_t mic_stop(mp_obj_t self_in) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (owner == self) {
        lnn_mic_stop();
        owner = NULL;
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(liquid_mic_stop_obj, mic_stop);

#if defined(CONFIG_LIQUID_AUDIO_EMUL_DMIC)
static void choose_file(mic_t *self) {
    mp_obj_t path = self->path;
    if (owner) { /* otherwise its capture would take the first blocks of the new file */
        owner->samples_left = 0;
        mic_stop(MP_OBJ_FROM_PTR(owner));
    }
    const char *name = path == mp_const_none ? NULL : mp_obj_str_get_str(path);
    int error = lnn_emul_dmic_play(lnn_emul_dmic(), name);
    if (error == -ENOENT && name == NULL) {
        raise_device_error(MP_ENODEV);
    } else if (error == -ENOENT) {
        mp_obj_t details[] = {MP_OBJ_NEW_SMALL_INT(MP_ENOENT), path};
        nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, details));
    } else if (error || lnn_emul_dmic_rate_hz(lnn_emul_dmic()) != self->config.sample_rate_hz) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: the microphone needs 16-bit mono PCM at %u Hz"),
                          name ? name : "wav file", (unsigned)self->config.sample_rate_hz);
    }
    self->is_file = true;
    self->has_ended = false;
    self->samples_left = lnn_emul_dmic_samples(lnn_emul_dmic());
}
#else
static void choose_file(mic_t *self) {
    if (self->path != mp_const_none) {
        mp_raise_ValueError(MP_ERROR_TEXT("this board has a microphone of its own: Mic() takes no file"));
    }
}
#endif

static mp_obj_t mic_start(mp_obj_t self_in) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->is_closed) {
        mp_raise_ValueError(MP_ERROR_TEXT("the microphone was closed by deinit()"));
    }
    if (owner != self) {
        if (owner) {
            mic_stop(MP_OBJ_FROM_PTR(owner));
        }
        int error = lnn_mic_start(&self->config);
        if (error) {
            raise_device_error(-error);
        }
        owner = self;
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(liquid_mic_start_obj, mic_start);

void liquid_mic_close(mp_obj_t self_in) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    mic_stop(self_in);
    self->is_closed = true;
}

static uint16_t gain_q8(mp_obj_t gain) {
    float value = mp_obj_get_float_to_f(gain);
    if (!(value > 0.0f && value <= MAX_GAIN)) {
        mp_raise_ValueError(MP_ERROR_TEXT("gain must be a factor above 0, at most 255"));
    }
    return (uint16_t)MAX(value * GAIN_ONE_Q8, 1.0f);
}

mp_obj_t liquid_mic_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_path, ARG_rate, ARG_block, ARG_gain, ARG_channel };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_path, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_rate, MP_ARG_INT, {.u_int = LIQUID_MIC_RATE_HZ}},
        {MP_QSTR_block,
         MP_ARG_INT,
         {.u_int = 0}}, /* fixed by the firmware; accepted so that scripts for other boards run */
        {MP_QSTR_gain, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(1)}},
        {MP_QSTR_channel, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
    };
    mp_arg_val_t given[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, given);
    if (given[ARG_rate].u_int <= 0 || given[ARG_channel].u_int < 0 || given[ARG_channel].u_int > 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("rate must be in Hz, channel 0 or 1"));
    }
    mic_t *self = mp_obj_malloc_with_finaliser(mic_t, type);
    memset((char *)self + sizeof(mp_obj_base_t), 0, sizeof(*self) - sizeof(mp_obj_base_t));
    self->config.sample_rate_hz = (uint32_t)given[ARG_rate].u_int;
    self->config.channel = (uint8_t)given[ARG_channel].u_int;
    self->config.gain_q8 = gain_q8(given[ARG_gain].u_obj);
    if (!lnn_mic_exists()) {
        raise_device_error(MP_ENODEV);
    }
    self->path = given[ARG_path].u_obj;
    choose_file(self);
    return MP_OBJ_FROM_PTR(self);
}

/* Waits for at most n samples. A gap ends them early, so that it always lies before a block. */
static int listen(mic_t *self, int16_t *audio, size_t n) {
    for (int deaf_ms = 0; deaf_ms < DEAF_MS; deaf_ms += PATIENCE_MS) {
        MP_THREAD_GIL_EXIT();
        int n_read = lnn_mic_read(audio, n, PATIENCE_MS, &self->stamp);
        MP_THREAD_GIL_ENTER();
        mp_handle_pending(true);
        if (n_read != 0) {
            return n_read;
        }
    }
    return -MP_ETIMEDOUT;
}

size_t liquid_mic_wait(mp_obj_t self_in, size_t n) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->is_file) {
        if (self->has_ended && !self->is_closed) {
            choose_file(self);
        }
        self->has_ended = self->samples_left == 0 && n > 0;
        n = MIN(n, self->samples_left);
    }
    if (n > 0 || self->is_closed) { /* at the end of its file it does not take the microphone from another Mic */
        mic_start(self_in);
    }
    if (n == 0) {
        return 0;
    }
    if (n > self->room) { /* a new one: another thread may still be reading into the old one */
        self->heard = m_new(int16_t, n);
        self->room = n;
    }
    int16_t *heard = self->heard; /* on the stack, so that the collector keeps it until we are done */
    int n_read = listen(self, heard, n);
    if (n_read < 0) {
        raise_device_error(-n_read);
    }
    if (self->is_file) {
        self->samples_left -= MIN((uint32_t)n_read + self->stamp.lost_samples, self->samples_left);
    }
    return (size_t)n_read;
}

size_t liquid_mic_take(mp_obj_t self_in, int16_t *audio, size_t n) {
    const mic_t *self = MP_OBJ_TO_PTR(self_in);
    memcpy(audio, self->heard, n * sizeof *audio);
    return n;
}

mp_obj_t liquid_mic_number(mp_obj_t self_in, qstr name) {
    const mic_t *self = MP_OBJ_TO_PTR(self_in);
    lnn_mic_stats_t stats;
    lnn_mic_get_stats(&stats);
    switch (name) {
        case MP_QSTR_rate:
            return mp_obj_new_int_from_uint(self->config.sample_rate_hz);
        case MP_QSTR_overruns:
            return mp_obj_new_int_from_uint(stats.overruns);
        case MP_QSTR_restarts:
            return mp_obj_new_int_from_uint(stats.restarts);
        case MP_QSTR_lost:
            return mp_obj_new_int_from_uint(self->stamp.lost_samples);
        case MP_QSTR_time_us:
            return mp_obj_new_int_from_ll(self->stamp.time_us);
        default:
            return MP_OBJ_NULL;
    }
}
