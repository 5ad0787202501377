/*
 * liquid_audio.Mic of a virtual board: a wav file of the host, at the pace of the board's clock. It
 * behaves as a microphone with a ring of buffers: who reads too late loses the oldest audio.
 */
#include <string.h>

#include "mic_object.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "virtual_board.h"

#define N_BUFFERS 8

typedef struct {
    mp_obj_base_t base;
    int file;             /* -1: closed */
    uint32_t rate_hz;     /* of the audio */
    bool paced;           /* by the clock; else as fast as the program reads */
    bool started;
    uint32_t ring_samples;
    uint32_t data_at;     /* byte of the first sample in the file */
    uint32_t n_samples;
    uint32_t position;    /* next sample */
    uint32_t overruns;
    uint32_t lost;        /* samples dropped right before the last block */
    uint64_t start_tick;  /* when the first sample was heard */
} mic_t;

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
    virtual_host_close(self->file);
    self->file = -1;
    mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %s"), path, reason);
}

/* RIFF chunks up to the audio. */
static void read_header(mic_t *self, const char *path, uint32_t rate_hz) {
    uint8_t head[16];
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
            uint32_t rest = bytes - at - 8; /* a recorder that was cut leaves a wrong length */
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
            self->rate_hz = le(head + 4, 4);
            if ((format != 1 && format != 0xFFFE) || le(head + 14, 2) != 16) {
                refuse(self, path, "the microphone needs 16-bit PCM");
            }
            if (le(head + 2, 2) != 1) {
                refuse(self, path, "the microphone needs one channel");
            }
            if (self->rate_hz != rate_hz) {
                virtual_host_close(self->file);
                self->file = -1;
                mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%s: %u Hz, the microphone needs %u Hz"), path,
                                  (unsigned)self->rate_hz, (unsigned)rate_hz);
            }
            described = true;
        }
        if (chunk_bytes > bytes) {
            refuse(self, path, "a wav file without audio");
        }
        at += 8 + chunk_bytes + (chunk_bytes & 1u);
    }
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
        mp_raise_ValueError(MP_ERROR_TEXT("rate is in Hz (0: as fast as possible), block in samples"));
    }
    char text[VIRTUAL_PATH_BYTES];
    mp_obj_t path = given[ARG_path].u_obj;
    const char *name = path == mp_const_none ? virtual_host_audio(text, sizeof(text)) : mp_obj_str_get_str(path);
    mic_t *self = mp_obj_malloc_with_finaliser(mic_t, type);
    memset((char *)self + sizeof(mp_obj_base_t), 0, sizeof(*self) - sizeof(mp_obj_base_t));
    self->file = virtual_host_open(name);
    if (self->file < 0 && path == mp_const_none) {
        raise_os_error(MP_ENODEV, "no audio: Mic(path), or start the board with --audio FILE");
    }
    if (self->file < 0) {
        raise_os_error(MP_ENOENT, name);
    }
    read_header(self, name, rate > 0 ? (uint32_t)rate : LIQUID_MIC_RATE_HZ);
    self->paced = rate > 0;
    self->ring_samples = N_BUFFERS * (uint32_t)block;
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

/* Waits until n samples after the position have been heard. */
static void listen(mic_t *self, uint32_t n) {
    if (!self->started) {
        self->started = true;
        self->start_tick = virtual_clock_ticks();
    }
    uint64_t heard = (virtual_clock_ticks() - self->start_tick) * self->rate_hz / VIRTUAL_TICKS_PER_SECOND;
    drop(self, heard < self->n_samples ? (uint32_t)heard : self->n_samples);
    uint64_t until = tick_of_sample(self, self->position + n);
    while (virtual_clock_ticks() < until) {
        virtual_clock_sleep_until(until);
        mp_handle_pending(true);
    }
}

size_t liquid_mic_read(mp_obj_t self_in, int16_t *audio, size_t n) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->file < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("the microphone was closed by deinit()"));
    }
    uint32_t left = self->n_samples - self->position;
    n = n < left ? n : left;
    if (self->paced && n > 0) {
        listen(self, n);
        left = self->n_samples - self->position;
        n = n < left ? n : left;
    }
    n = virtual_host_read(self->file, audio, 2 * n) / 2;
    self->position += n;
    return n;
}

void liquid_mic_close(mp_obj_t self_in) {
    mic_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->file >= 0) {
        virtual_host_close(self->file);
        self->file = -1;
    }
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
