/* SPDX-License-Identifier: MIT */
/*
 * liquid_audio.Mic of a virtual board: plays a wav file of the host at the pace of the board's clock. It behaves like a
 * microphone with a ring of buffers: a program that reads too late loses the oldest audio.
 */
#include <string.h>

#include "mic_object.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "virtual_board.h"

#define N_BUFFERS 8

typedef struct {
    mp_obj_base_t base;
    mp_obj_t path;         /* None: what `liquid-board start --audio FILE` gave the board */
    int file;              /* -1: closed */
    uint32_t rate_hz;      /* of the audio */
    bool is_paced;         /* by the clock; otherwise as fast as the program reads */
    bool is_started;
    bool has_ended;        /* the program was told that the recording has ended */
    uint32_t ring_samples;
    uint32_t data_at;      /* byte of the first sample in the file */
    uint32_t n_samples;
    uint32_t position;     /* next sample */
    uint32_t overruns;
    uint32_t lost;         /* samples dropped right before the last block */
    uint64_t start_tick;   /* when the first sample was heard */
} mic_t;

void liquid_mic_close(mp_obj_t self_in) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->file >= 0) {
        virtual_host_close(self->file);
        self->file = -1;
    }
}

static uint32_t le(const uint8_t *at, int bytes) {
    uint32_t value = 0;
    while (bytes-- > 0) {
        value = value << 8 | at[bytes];
    }
    return value;
}

static __attribute__((noreturn)) void raise_os_error(int number, const char *text) {
    mp_obj_t details[] = {MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str(text, strlen(text))};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, details));
}

static __attribute__((noreturn)) void refuse(mic_t *self, const char *path, const char *reason) {
    liquid_mic_close(MP_OBJ_FROM_PTR(self));
    mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %s"), path, reason);
}

/* Reads the RIFF chunks up to the audio. */
static void read_header(mic_t *self, const char *path) {
    uint8_t head[16];
    uint32_t rate_hz;
    bool described = false;
    uint32_t at = 12, bytes = virtual_host_size(self->file);
    if (virtual_host_read(self->file, head, 12) != 12 || memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVE", 4)) {
        refuse(self, path, "not a wav file");
    }
    for (;;) {
        if (at > bytes || !virtual_host_seek(self->file, at) || virtual_host_read(self->file, head, 8) != 8) {
            refuse(self, path, "a wav file without audio");
        }
        uint32_t chunk_bytes = le(head + 4, 4);
        if (memcmp(head, "data", 4) == 0 && described) {
            uint32_t rest = bytes - at - 8; /* a recording that was cut short has a wrong length */
            self->data_at = at + 8;
            self->n_samples = (chunk_bytes < rest ? chunk_bytes : rest) / 2;
            virtual_host_seek(self->file, self->data_at);
            return;
        }
        if (memcmp(head, "fmt ", 4) == 0) {
            if (chunk_bytes < 16 || virtual_host_read(self->file, head, 16) != 16) {
                refuse(self, path, "not a wav file");
            }
            uint32_t format = le(head, 2);
            rate_hz = le(head + 4, 4);
            if ((format != 1 && format != 0xFFFE) || le(head + 14, 2) != 16) {
                refuse(self, path, "the microphone needs 16-bit PCM");
            }
            if (le(head + 2, 2) != 1) {
                refuse(self, path, "the microphone needs one channel");
            }
            if (rate_hz != self->rate_hz) {
                liquid_mic_close(MP_OBJ_FROM_PTR(self));
                mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %u Hz, the microphone needs %u Hz"), path,
                                  (unsigned)rate_hz, (unsigned)self->rate_hz);
            }
            described = true;
        }
        if (chunk_bytes > bytes) {
            refuse(self, path, "a wav file without audio");
        }
        at += 8 + chunk_bytes + (chunk_bytes & 1u);
    }
}

/* Opens the recording at its start. The file may have changed since the last time. */
static void open_recording(mic_t *self) {
    char text[VIRTUAL_PATH_BYTES];
    const char *path =
        self->path == mp_const_none ? virtual_host_audio(text, sizeof(text)) : mp_obj_str_get_str(self->path);
    liquid_mic_close(MP_OBJ_FROM_PTR(self));
    self->file = virtual_host_open(path);
    if (self->file < 0 && self->path == mp_const_none) {
        raise_os_error(MP_ENODEV, "no audio: use Mic(path), or start the board with --audio FILE");
    }
    if (self->file < 0) {
        raise_os_error(MP_ENOENT, path);
    }
    read_header(self, path);
    self->is_started = self->has_ended = false;
    self->position = self->lost = 0;
}

mp_obj_t liquid_mic_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    enum { ARG_path, ARG_rate, ARG_block };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_path, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_rate, MP_ARG_INT, {.u_int = LIQUID_MIC_RATE_HZ}},
        {MP_QSTR_block, MP_ARG_INT, {.u_int = LIQUID_MIC_RATE_HZ / 50}},
    };
    mp_arg_val_t given[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, args, MP_ARRAY_SIZE(allowed), allowed, given);
    mp_int_t rate = given[ARG_rate].u_int, block = given[ARG_block].u_int;
    if (rate < 0 || block <= 0 || block > 1 << 20) {
        mp_raise_ValueError(MP_ERROR_TEXT("rate must be in Hz (0: as fast as possible), block in samples"));
    }
    mic_t *self = mp_obj_malloc_with_finaliser(mic_t, type);
    memset((char *)self + sizeof(mp_obj_base_t), 0, sizeof(*self) - sizeof(mp_obj_base_t));
    self->file = -1;
    self->path = given[ARG_path].u_obj;
    self->rate_hz = rate > 0 ? (uint32_t)rate : LIQUID_MIC_RATE_HZ;
    self->is_paced = rate > 0;
    self->ring_samples = N_BUFFERS * (uint32_t)block;
    open_recording(self);
    return MP_OBJ_FROM_PTR(self);
}

/* The first tick at which so many samples have been heard. */
static uint64_t tick_of_sample(const mic_t *self, uint32_t sample) {
    return self->start_tick + ((uint64_t)sample * VIRTUAL_TICKS_PER_SECOND + self->rate_hz - 1) / self->rate_hz;
}

static void drop(mic_t *self, uint32_t heard) {
    uint32_t waiting = heard - self->position;
    self->lost = waiting > self->ring_samples ? waiting - self->ring_samples : 0;
    if (self->lost > 0) {
        self->overruns++;
        self->position += self->lost;
        virtual_host_seek(self->file, self->data_at + 2 * self->position);
    }
}

static void check_open(const mic_t *self) {
    if (self->file < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the microphone was closed by deinit()"));
    }
}

static uint32_t samples_left(const mic_t *self) {
    return self->n_samples - self->position;
}

/* Waits until n samples after the position have been heard. */
static void listen(mic_t *self, uint32_t n) {
    if (!self->is_started) {
        self->is_started = true;
        self->start_tick = virtual_clock_ticks();
    }
    uint64_t heard = (virtual_clock_ticks() - self->start_tick) * self->rate_hz / VIRTUAL_TICKS_PER_SECOND;
    drop(self, heard < self->n_samples ? (uint32_t)heard : self->n_samples);
    uint64_t until = tick_of_sample(self, self->position + n);
    while (virtual_clock_ticks() < until) {
        virtual_clock_sleep_until(until);
        mp_handle_pending(true);
        check_open(self); /* a callback may have closed it */
    }
}

size_t liquid_mic_wait(mp_obj_t self_in, size_t n) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    check_open(self);
    if (self->has_ended) {
        open_recording(self);
    }
    if (samples_left(self) == 0) {
        self->has_ended = n > 0;
        return 0;
    }
    n = MIN(n, samples_left(self));
    if (self->is_paced && n > 0) {
        listen(self, n);
    }
    return MIN(n, samples_left(self));
}

size_t liquid_mic_take(mp_obj_t self_in, int16_t *audio, size_t n) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    n = virtual_host_read(self->file, audio, 2 * n) / 2;
    self->position += n;
    return n;
}

mp_obj_t liquid_mic_number(mp_obj_t self_in, qstr name) {
    const mic_t *self = MP_OBJ_TO_PTR(self_in);
    switch (name) {
        case MP_QSTR_rate:
            return mp_obj_new_int_from_uint(self->rate_hz);
        case MP_QSTR_overruns:
            return mp_obj_new_int_from_uint(self->overruns);
        case MP_QSTR_lost:
            return mp_obj_new_int_from_uint(self->lost);
        default:
            return MP_OBJ_NULL;
    }
}
