/* SPDX-License-Identifier: MIT */
/*
 * machine.RTC of a virtual board, and the wall clock behind time.time(). The clock starts at the host's time and runs
 * with the board's clock, which is ahead of the host while the board sleeps and stands still while it waits for input.
 * It never falls behind the host.
 */
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/timeutils/timeutils.h"
#include "virtual_board.h"

#define US_PER_SECOND 1000000u
#define N_FIELDS 8 /* year, month, day, weekday, hours, minutes, seconds, microseconds */

static uint64_t start_us; /* when the board's clock was 0, since 1970 */
static int64_t set_us;    /* what datetime() added */

static uint64_t now_us(void) {
    uint64_t board_us = virtual_clock_ticks() / (VIRTUAL_TICKS_PER_SECOND / US_PER_SECOND);
    uint64_t host_us = (uint64_t)virtual_host_time() * US_PER_SECOND;
    if (start_us + board_us < host_us) {
        start_us = host_us - board_us;
    }
    return start_us + board_us + (uint64_t)set_us;
}

uint32_t virtual_rtc_seconds(void) {
    return (uint32_t)(now_us() / US_PER_SECOND);
}

uint64_t mp_hal_time_ns(void) {
    return now_us() * 1000u;
}

static mp_obj_t rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    static const mp_obj_base_t rtc = {&virtual_rtc_type};
    (void)type;
    return MP_OBJ_FROM_PTR(&rtc);
}

/* datetime() -> tuple; datetime(tuple) sets the clock. The weekday, 0 for Monday, is ignored when it is set. */
static mp_obj_t rtc_datetime(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        uint64_t us = now_us();
        timeutils_struct_time_t t;
        timeutils_seconds_since_epoch_to_struct_time((mp_uint_t)(us / US_PER_SECOND), &t);
        const uint32_t fields[N_FIELDS] = {t.tm_year, t.tm_mon, t.tm_mday, t.tm_wday,
                                           t.tm_hour, t.tm_min, t.tm_sec,  us % US_PER_SECOND};
        mp_obj_t tuple[N_FIELDS];
        for (size_t i = 0; i < N_FIELDS; i++) {
            tuple[i] = mp_obj_new_int_from_uint(fields[i]);
        }
        return mp_obj_new_tuple(N_FIELDS, tuple);
    }
    mp_obj_t *items;
    mp_int_t fields[N_FIELDS];
    mp_obj_get_array_fixed_n(args[1], N_FIELDS, &items);
    for (size_t i = 0; i < N_FIELDS; i++) {
        fields[i] = mp_obj_get_int(items[i]);
    }
    uint64_t seconds = timeutils_seconds_since_epoch(fields[0], fields[1], fields[2], fields[4], fields[5], fields[6]);
    set_us += (int64_t)(seconds * US_PER_SECOND + (uint64_t)fields[7] - now_us());
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_datetime_obj, 1, 2, rtc_datetime);

static const mp_rom_map_elem_t rtc_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&rtc_datetime_obj)},
};
static MP_DEFINE_CONST_DICT(rtc_locals, rtc_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(virtual_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new, rtc_make_new, locals_dict,
                         &rtc_locals);
